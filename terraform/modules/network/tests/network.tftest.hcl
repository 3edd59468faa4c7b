mock_provider "aws" {
  override_during = plan
  mock_data "aws_availability_zones" {
    defaults = { names = ["ap-south-1a", "ap-south-1b", "ap-south-1c"] }
  }
  mock_data "aws_region" {
    defaults = { name = "ap-south-1" }
  }
}

variables {
  name         = "shop-prod"
  cidr         = "10.40.0.0/16"
  nat_gateways = 2
  ports        = { api = 3000, web = 3001 }
}

run "two_zones_each_with_its_own_way_out" {
  command = plan
  assert {
    condition     = join(",", sort([for subnet in aws_subnet.private : subnet.availability_zone])) == "ap-south-1a,ap-south-1b" && length(aws_subnet.public) == 2
    error_message = "two zones"
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 2
    error_message = "a NAT gateway in each"
  }
}

run "one_nat_gateway_serves_both_zones_where_that_is_enough" {
  command = plan
  variables { nat_gateways = 1 }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.private) == 2
    error_message = "one for both"
  }
}

run "the_world_reaches_the_load_balancer_alone" {
  command = plan
  assert {
    condition     = join(",", sort([for rule in aws_vpc_security_group_ingress_rule.world : tostring(rule.from_port)])) == "443,80"
    error_message = "80 and 443"
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.in : rule.cidr_ipv4 == null])
    error_message = "everything else is between groups"
  }
}

run "three_nat_gateways_are_refused" {
  command = plan
  variables { nat_gateways = 3 }
  expect_failures = [var.nat_gateways]
}
