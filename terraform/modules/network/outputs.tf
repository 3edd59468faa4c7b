output "vpc_id" { value = aws_vpc.this.id }

output "public_subnets" { value = [for key in sort(keys(aws_subnet.public)) : aws_subnet.public[key].id] }

output "private_subnets" { value = [for key in sort(keys(aws_subnet.private)) : aws_subnet.private[key].id] }

output "security_groups" { value = { for name, group in aws_security_group.this : name => group.id } }
