mock_provider "aws" {
  override_during = plan
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name         = "shop-prod"
  account      = "123456789012"
  protect      = true
  listener_arn = "arn:aws:elasticloadbalancing:ap-south-1:123456789012:listener/app/shop/1/2"
  rule_arns    = { api = "arn:aws:elasticloadbalancing:ap-south-1:123456789012:listener-rule/app/shop/1/2/3" }
}

run "the_table_outlives_a_mistake" {
  command = plan
  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "protected, and with its past"
  }
}

run "the_role_moves_weights_of_this_listener_and_nothing_else" {
  command = plan
  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.weights.statement :
      !contains(statement.resources, "*") && alltrue([for action in statement.actions : startswith(action, "elasticloadbalancing:Modify")])
    ])
    error_message = "no other right, on nothing else"
  }
}
