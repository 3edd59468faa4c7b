mock_provider "aws" {
  override_during = plan
}

variables {
  zone          = "example.com"
  create_zone   = true
  names         = ["shop.example.com"]
  role          = "primary"
  health_path   = "/"
  load_balancer = { dns_name = "x.elb.amazonaws.com", zone_id = "Z1" }
}

run "a_failover_asks_the_load_balancer_itself" {
  command = plan
  assert {
    condition     = aws_route53_record.this["shop.example.com"].failover_routing_policy[0].type == "PRIMARY"
    error_message = "primary"
  }
  assert {
    condition     = aws_route53_health_check.this[0].fqdn == "x.elb.amazonaws.com"
    error_message = "behind the name may be the other one"
  }
}

run "without_a_failover_there_is_a_plain_record" {
  command = plan
  variables { role = "simple" }
  assert {
    condition     = length(aws_route53_health_check.this) == 0 && length(aws_route53_record.this["shop.example.com"].failover_routing_policy) == 0
    error_message = "plain"
  }
}

run "another_part_in_a_failover_is_refused" {
  command = plan
  variables { role = "third" }
  expect_failures = [var.role]
}
