output "id" { value = aws_elasticache_replication_group.this.replication_group_id }

output "address" { value = aws_elasticache_replication_group.this.primary_endpoint_address }
