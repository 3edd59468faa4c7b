output "arn_suffix" { value = aws_lb.this.arn_suffix }

output "dns_name" { value = aws_lb.this.dns_name }

output "zone_id" { value = aws_lb.this.zone_id }

output "listener_arn" { value = local.listener_arn }

output "rule_arns" { value = { for name, rule in aws_lb_listener_rule.this : name => rule.arn } }

# A service may be put into a target group only once a listener has it.
output "target_groups" {
  value      = { for key, group in aws_lb_target_group.this : key => group.arn }
  depends_on = [aws_lb_listener.https, aws_lb_listener.brought, aws_lb_listener_rule.this]
}

output "target_group_suffixes" { value = { for key, group in aws_lb_target_group.this : key => group.arn_suffix } }
