# A whole environment: `system` is what handrail makes of the YAML, and is handed over by the test.
mock_provider "aws" {
  override_during = plan
  mock_data "aws_availability_zones" {
    defaults = { names = ["ap-south-1a", "ap-south-1b", "ap-south-1c"] }
  }
  mock_data "aws_region" {
    defaults = { name = "ap-south-1" }
  }
  mock_data "aws_route53_zone" {
    defaults = { zone_id = "Z1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::x", id = "x" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:ap-south-1:123456789012:key/x" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:ap-south-1:123456789012:x" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/x" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:ap-south-1:123456789012:secret:x" }
  }
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:ap-south-1:123456789012:loadbalancer/app/x/1" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:ap-south-1:123456789012:targetgroup/x/1" }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:ap-south-1:123456789012:listener/app/x/1/2" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:ap-south-1:123456789012:task-definition/x:1" }
  }
  mock_resource "aws_appautoscaling_policy" {
    defaults = { arn = "arn:aws:autoscaling:ap-south-1:123456789012:scalingPolicy:1" }
  }
}

# Its records follow from what ACM answers; it has tests of its own.
override_module {
  target  = module.certificates
  outputs = { arn = "arn:aws:acm:ap-south-1:123456789012:certificate/x" }
}

run "what_the_yaml_says_fits_all_modules" {
  command = plan
  assert {
    condition     = length(output.services) == 2 * length(var.system.services)
    error_message = "a blue and a green service for each"
  }
  assert {
    condition     = join(",", keys(output.secret_arns)) == join(",", keys(var.system.secrets))
    error_message = "the secrets of the YAML"
  }
}
