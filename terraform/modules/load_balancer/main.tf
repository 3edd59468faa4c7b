# One load balancer; behind it a blue and a green target group for each service. Which of them has the traffic is the
# deploy's to say: Terraform sets the weights once and never looks at them again.
locals {
  slots   = ["blue", "green"]
  targets = { for pair in setproduct(keys(var.services), local.slots) : "${pair[0]}-${pair[1]}" => { service = pair[0], slot = pair[1] } }
  default = one([for name, service in var.services : name if length(service.paths) == 0])
  routed  = { for name, service in var.services : name => service if length(service.paths) > 0 }
}

resource "aws_lb" "this" {
  # checkov:skip=CKV2_AWS_28:which requests a WAF should refuse is the system's to say, and the description has no place for it
  name                       = "${var.name}-alb"
  load_balancer_type         = "application"
  security_groups            = [var.security_group]
  subnets                    = var.subnets
  drop_invalid_header_fields = true
  enable_deletion_protection = var.protect

  access_logs {
    bucket  = aws_s3_bucket.logs.id
    prefix  = "alb"
    enabled = true
  }
  depends_on = [aws_s3_bucket_policy.logs]
}

resource "aws_lb_target_group" "this" {
  # checkov:skip=CKV_AWS_378:TLS ends at the load balancer; from there requests stay in the VPC's private subnets
  for_each             = local.targets
  name                 = "${var.name}-${each.key}"
  port                 = var.services[each.value.service].port
  protocol             = "HTTP"
  target_type          = "ip"
  vpc_id               = var.vpc_id
  deregistration_delay = var.services[each.value.service].drain_seconds

  health_check {
    path                = var.services[each.value.service].health_path
    matcher             = tostring(var.services[each.value.service].health_status)
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

# Its certificate is the one that Amazon issues, and follows it.
resource "aws_lb_listener" "https" {
  count             = var.certificates_brought ? 0 : 1
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  # TLS 1.2 and 1.3, with ciphers that have forward secrecy.
  ssl_policy      = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn = var.certificate_arn

  default_action {
    type = "forward"
    forward {
      dynamic "target_group" {
        for_each = local.slots
        content {
          arn    = aws_lb_target_group.this["${local.default}-${target_group.value}"].arn
          weight = target_group.value == "blue" ? 100 : 0
        }
      }
    }
  }

  lifecycle { ignore_changes = [default_action] }
}

# The same, but for the certificate: it begins with the one that Amazon issues, and is the deploy's from then on, where
# certificates are brought. What is ignored cannot depend on a variable; hence two of them.
resource "aws_lb_listener" "brought" {
  count             = var.certificates_brought ? 1 : 0
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type = "forward"
    forward {
      dynamic "target_group" {
        for_each = local.slots
        content {
          arn    = aws_lb_target_group.this["${local.default}-${target_group.value}"].arn
          weight = target_group.value == "blue" ? 100 : 0
        }
      }
    }
  }

  lifecycle { ignore_changes = [default_action, certificate_arn] }
}

locals { listener_arn = one(concat(aws_lb_listener.https[*].arn, aws_lb_listener.brought[*].arn)) }

resource "aws_lb_listener_rule" "this" {
  for_each     = local.routed
  listener_arn = local.listener_arn
  priority     = each.value.priority

  action {
    type = "forward"
    forward {
      dynamic "target_group" {
        for_each = local.slots
        content {
          arn    = aws_lb_target_group.this["${each.key}-${target_group.value}"].arn
          weight = target_group.value == "blue" ? 100 : 0
        }
      }
    }
  }

  condition {
    path_pattern { values = each.value.paths }
  }

  lifecycle { ignore_changes = [action] }
}
