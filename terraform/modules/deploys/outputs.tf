output "table" { value = aws_dynamodb_table.this.name }

output "role_arn" { value = aws_iam_role.revert.arn }
