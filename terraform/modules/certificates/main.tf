# The load balancer's certificate: ACM issues and renews it as long as these records stand. An account has one record for
# each name, whatever the region: those of a second region stand already, and must not go when that region goes.
resource "aws_acm_certificate" "this" {
  domain_name               = var.names[0]
  subject_alternative_names = slice(var.names, 1, length(var.names))
  validation_method         = "DNS"

  lifecycle { create_before_destroy = true }
}

resource "aws_route53_record" "proof" {
  for_each = var.prove ? toset(var.names) : toset([])
  zone_id  = var.zone_id
  name     = one([for each_option in aws_acm_certificate.this.domain_validation_options : each_option.resource_record_name if each_option.domain_name == each.key])
  type     = one([for each_option in aws_acm_certificate.this.domain_validation_options : each_option.resource_record_type if each_option.domain_name == each.key])
  records  = [one([for each_option in aws_acm_certificate.this.domain_validation_options : each_option.resource_record_value if each_option.domain_name == each.key])]
  ttl      = 60

  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = var.prove ? [for record in aws_route53_record.proof : record.fqdn] : null

  timeouts { create = "15m" }
}
