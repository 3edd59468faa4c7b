mock_provider "aws" {
  override_during = plan
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:ap-south-1:123456789012:key/x" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:ap-south-1:123456789012:x" }
  }
}

variables {
  name                 = "shop-prod"
  account              = "123456789012"
  region               = "ap-south-1"
  email                = ["ops@example.com"]
  cluster              = "shop-prod"
  services             = { web-blue = "shop-prod-web-blue" }
  load_balancer_suffix = "app/x/1"
  databases            = ["shop-prod-db"]
  caches               = ["shop-prod-redis"]
  max_connections      = 400
  storage_gb           = 100
  thresholds = {
    cpu         = { warn = 70, alert = 90, warn_minutes = 15, alert_minutes = 5 }
    memory      = { warn = 80, alert = 90, warn_minutes = 15, alert_minutes = 5 }
    disk        = { warn = 80, alert = 90, warn_minutes = 5, alert_minutes = 5 }
    errors      = { warn = 1, alert = 5, warn_minutes = 5, alert_minutes = 1 }
    p95         = { warn = 0.5, alert = 1, warn_minutes = 5, alert_minutes = 5 }
    connections = { warn = 80, alert = 90, warn_minutes = 5, alert_minutes = 5 }
  }
}

run "alarms_ring_at_the_thresholds_for_as_long_as_they_say" {
  command = plan
  assert {
    condition     = [for level in ["warn", "alert"] : aws_cloudwatch_metric_alarm.this["web-blue-cpu-${level}"].threshold] == [70, 90]
    error_message = "CPU"
  }
  assert {
    condition     = [for level in ["warn", "alert"] : aws_cloudwatch_metric_alarm.this["web-blue-cpu-${level}"].evaluation_periods] == [15, 5]
    error_message = "for 15 and 5 minutes"
  }
  assert {
    condition     = [for level in ["warn", "alert"] : aws_cloudwatch_metric_alarm.this["shop-prod-db-connections-${level}"].threshold] == [320, 360]
    error_message = "80 and 90 % of 400 connections"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["shop-prod-db-disk-alert"].threshold == 10 * 1024 * 1024 * 1024 && aws_cloudwatch_metric_alarm.this["shop-prod-db-disk-alert"].comparison_operator == "LessThanThreshold"
    error_message = "10 GiB of 100 are free"
  }
  assert {
    condition     = [for level in ["warn", "alert"] : aws_cloudwatch_metric_alarm.p95[level].threshold] == [0.5, 1]
    error_message = "p95"
  }
  assert {
    condition     = [for level in ["warn", "alert"] : aws_cloudwatch_metric_alarm.errors[level].threshold] == [1, 5]
    error_message = "errors"
  }
}

run "each_address_is_told_of_both_levels" {
  command = plan
  assert {
    condition     = keys(aws_sns_topic_subscription.email) == ["alert ops@example.com", "warn ops@example.com"]
    error_message = "both topics"
  }
}
