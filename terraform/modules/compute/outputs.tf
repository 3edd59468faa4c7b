output "cluster" { value = aws_ecs_cluster.this.name }

output "services" { value = { for key, service in aws_ecs_service.this : key => service.name } }

output "repositories" { value = { for name, repository in aws_ecr_repository.this : name => repository.repository_url } }

output "log_groups" { value = { for name, group in aws_cloudwatch_log_group.this : name => group.name } }
