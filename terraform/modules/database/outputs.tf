output "identifiers" { value = concat([aws_db_instance.primary.identifier], aws_db_instance.replica[*].identifier) }

output "arn" { value = aws_db_instance.primary.arn }

output "address" { value = aws_db_instance.primary.address }

output "replica_address" { value = one(aws_db_instance.replica[*].address) }
