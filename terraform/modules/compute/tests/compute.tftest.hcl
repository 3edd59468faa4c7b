mock_provider "aws" {
  override_during = plan
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/x" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:ap-south-1:123456789012:task-definition/x:1" }
  }
  mock_resource "aws_appautoscaling_policy" {
    defaults = { arn = "arn:aws:autoscaling:ap-south-1:123456789012:scalingPolicy:1" }
  }
}

variables {
  name                  = "shop-prod"
  protect               = true
  region                = "ap-south-1"
  subnets               = ["subnet-1", "subnet-2"]
  security_group        = "sg-1"
  load_balancer_suffix  = "app/x/1"
  target_group_suffixes = { web-blue = "targetgroup/b/1", web-green = "targetgroup/g/1" }
  target_groups = {
    web-blue  = "arn:aws:elasticloadbalancing:ap-south-1:123456789012:targetgroup/b/1"
    web-green = "arn:aws:elasticloadbalancing:ap-south-1:123456789012:targetgroup/g/1"
  }
  secret_arns     = { DB_PASSWORD = "arn:aws:secretsmanager:ap-south-1:123456789012:secret:x" }
  secrets_key_arn = "arn:aws:kms:ap-south-1:123456789012:key/x"
  log_days        = 90
  services = {
    web = {
      port      = 3001, cpu = 512, memory = 1024, min = 2, max = 10, stop_seconds = 30, grace_seconds = 90
      secrets   = { DATABASE_PASSWORD = "DB_PASSWORD" }
      scale_cpu = 70, scale_cpu_for = 10, scale_p95 = 0.4, scale_queue = 100, scale_queue_for = 5
    }
  }
}

run "it_grows_by_the_guides_rules" {
  command = plan
  assert {
    condition     = [for key in ["web-blue", "web-green"] : aws_appautoscaling_target.this[key].min_capacity] == [2, 0]
    error_message = "blue begins with the traffic, the idle slot may have none"
  }
  assert {
    condition     = alltrue([for target in aws_appautoscaling_target.this : target.max_capacity == 10])
    error_message = "the most"
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.cpu_high : alarm.threshold == 70 && alarm.evaluation_periods == 10 && alarm.period == 60])
    error_message = "CPU above 70 % for 10 minutes"
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.p95 : alarm.threshold == 0.4 && alarm.extended_statistic == "p95"])
    error_message = "p95 above 400 ms"
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.queue : alarm.threshold == 100 && alarm.evaluation_periods == 5])
    error_message = "more than 100 requests wait for 5 minutes"
  }
}

run "what_the_yaml_leaves_out_is_no_rule" {
  command = plan
  variables {
    services = {
      web = {
        port      = 3001, cpu = 512, memory = 1024, min = 2, max = 10, stop_seconds = 30, grace_seconds = 90, secrets = {}
        scale_cpu = 70, scale_cpu_for = 10
      }
    }
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.p95) + length(aws_cloudwatch_metric_alarm.queue) == 0
    error_message = "no alarm of p95 or of a queue"
  }
}

run "tasks_have_no_address_in_the_world" {
  command = plan
  assert {
    condition     = alltrue([for service in aws_ecs_service.this : !service.network_configuration[0].assign_public_ip])
    error_message = "private"
  }
}
