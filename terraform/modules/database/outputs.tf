output "identifiers" { value = concat([aws_db_instance.primary.identifier], aws_db_instance.replica[*].identifier) }

output "arn" { value = local.swapped ? aws_db_instance.replica[0].arn : aws_db_instance.primary.arn }

output "main" { value = local.swapped ? aws_db_instance.replica[0].identifier : aws_db_instance.primary.identifier }

output "address" { value = local.main_address }

output "replica_address" { value = local.swapped ? aws_db_instance.primary.address : local.replica_address }

output "record" {
  value = try({ zone_id = aws_route53_zone.this[0].zone_id, name = aws_route53_record.this[0].name }, null)
}
