# What a deploy needs of AWS besides the services: a table for its lease, its slots and its records, and the role by
# which a one-time schedule puts the listener's weights back. The deploy makes and deletes those schedules itself.
resource "aws_dynamodb_table" "this" {
  # checkov:skip=CKV_AWS_119:versions, slots and who deployed: AWS's own key is enough
  name                        = "${var.name}-deploys"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = var.protect

  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery { enabled = true }
  server_side_encryption { enabled = true }
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }
  }
}

data "aws_iam_policy_document" "weights" {
  statement {
    actions   = ["elasticloadbalancing:ModifyListener"]
    resources = [var.listener_arn]
  }
  dynamic "statement" {
    for_each = length(var.rule_arns) > 0 ? [1] : []
    content {
      actions   = ["elasticloadbalancing:ModifyRule"]
      resources = values(var.rule_arns)
    }
  }
}

resource "aws_iam_role" "revert" {
  name               = "${var.name}-revert"
  assume_role_policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_iam_role_policy" "revert" {
  name   = "weights"
  role   = aws_iam_role.revert.id
  policy = data.aws_iam_policy_document.weights.json
}
