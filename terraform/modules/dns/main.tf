# Names that lead to the load balancer. With a failover, Route 53 answers with the secondary as long as the primary's
# health check fails.
resource "aws_route53_zone" "this" {
  # checkov:skip=CKV2_AWS_38:signing needs a key in us-east-1 and a record at the registrar, which Terraform cannot set
  # checkov:skip=CKV2_AWS_39:queries tell of users, and nobody here reads them
  count = var.create_zone ? 1 : 0
  name  = var.zone
}

data "aws_route53_zone" "this" {
  count = var.create_zone ? 0 : 1
  name  = var.zone
}

locals {
  zone_id  = var.create_zone ? aws_route53_zone.this[0].zone_id : data.aws_route53_zone.this[0].zone_id
  failover = var.role != "simple"
}

# The load balancer itself is asked: behind the name may be the other one.
resource "aws_route53_health_check" "this" {
  count             = local.failover ? 1 : 0
  fqdn              = var.load_balancer.dns_name
  type              = "HTTPS"
  port              = 443
  resource_path     = var.health_path
  enable_sni        = true
  failure_threshold = 3
  request_interval  = 10
  tags              = { Name = "${var.names[0]} ${var.role}" }
}

resource "aws_route53_record" "this" {
  for_each = toset(var.names)
  zone_id  = local.zone_id
  name     = each.key
  type     = "A"

  alias {
    name                   = var.load_balancer.dns_name
    zone_id                = var.load_balancer.zone_id
    evaluate_target_health = true
  }

  set_identifier  = local.failover ? var.role : null
  health_check_id = local.failover ? aws_route53_health_check.this[0].id : null

  dynamic "failover_routing_policy" {
    for_each = local.failover ? [upper(var.role)] : []
    content { type = failover_routing_policy.value }
  }
}
