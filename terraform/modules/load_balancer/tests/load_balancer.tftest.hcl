mock_provider "aws" {
  override_during = plan
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
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
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::x", id = "x" }
  }
}

variables {
  name            = "shop-prod"
  account         = "123456789012"
  vpc_id          = "vpc-1"
  subnets         = ["subnet-1", "subnet-2"]
  security_group  = "sg-1"
  certificate_arn = "arn:aws:acm:ap-south-1:123456789012:certificate/x"
  protect         = true

  certificates_brought = false
  log_days             = 90
  services = {
    web = { port = 3001, paths = [], priority = 1000, health_path = "/", health_status = 200, drain_seconds = 10 }
    api = { port = 3000, paths = ["/api/*"], priority = 950, health_path = "/health", health_status = 200, drain_seconds = 10 }
  }
}

run "each_service_has_a_blue_and_a_green_group_and_blue_begins" {
  command = plan
  assert {
    condition     = join(",", keys(aws_lb_target_group.this)) == "api-blue,api-green,web-blue,web-green"
    error_message = "two groups for each service"
  }
  assert {
    condition     = join(",", sort([for group in aws_lb_listener.https[0].default_action[0].forward[0].target_group : group.weight])) == "0,100"
    error_message = "blue has the traffic"
  }
  assert {
    condition     = join(",", keys(aws_lb_listener_rule.this)) == "api"
    error_message = "the service without paths is the default"
  }
}

run "a_listener_whose_certificates_are_brought_takes_the_place_of_the_other" {
  command = plan
  variables { certificates_brought = true }
  assert {
    condition     = length(aws_lb_listener.https) == 0 && aws_lb_listener.brought[0].certificate_arn == var.certificate_arn
    error_message = "one listener, which begins with the certificate that Amazon issues"
  }
  assert {
    condition     = output.listener_arn == aws_lb_listener.brought[0].arn
    error_message = "the deploy finds it"
  }
}

run "two_services_that_answer_the_rest_are_refused" {
  command = plan
  variables {
    services = {
      web = { port = 3001, paths = [], priority = 1000, health_path = "/", health_status = 200, drain_seconds = 10 }
      api = { port = 3000, paths = [], priority = 950, health_path = "/", health_status = 200, drain_seconds = 10 }
    }
  }
  expect_failures = [var.services]
}

run "a_name_that_aws_would_refuse_is_refused" {
  command = plan
  variables { name = "equipment-marketplace-prod" }
  expect_failures = [var.services]
}
