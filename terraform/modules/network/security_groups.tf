# Who may talk to whom: the world to the load balancer, that to the services, those to the data stores.
locals {
  groups = {
    load_balancer = "What the world reaches"
    services      = "Tasks of the services"
    database      = "PostgreSQL"
    cache         = "Redis"
  }
  # Each is a way in and the way out that belongs to it.
  paths = merge(
    { for name, port in var.ports : "service-${name}" => { from = "load_balancer", to = "services", port = port } },
    { for name, port in var.ports : "between-${name}" => { from = "services", to = "services", port = port } },
    {
      database = { from = "services", to = "database", port = 5432 }
      cache    = { from = "services", to = "cache", port = 6379 }
    },
  )
}

resource "aws_security_group" "this" {
  # checkov:skip=CKV2_AWS_5:they are attached, in other modules
  for_each    = local.groups
  name        = "${var.name}-${replace(each.key, "_", "-")}"
  description = each.value
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-${replace(each.key, "_", "-")}" }
}

resource "aws_vpc_security_group_ingress_rule" "world" {
  # checkov:skip=CKV_AWS_260:port 80 sends on to HTTPS, and does nothing else
  for_each          = toset(["80", "443"])
  security_group_id = aws_security_group.this["load_balancer"].id
  cidr_ipv4         = "0.0.0.0/0"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
  ip_protocol       = "tcp"
  description       = "the world"
}

resource "aws_vpc_security_group_ingress_rule" "in" {
  for_each                     = local.paths
  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  from_port                    = each.value.port
  to_port                      = each.value.port
  ip_protocol                  = "tcp"
  description                  = each.key
}

resource "aws_vpc_security_group_egress_rule" "out" {
  for_each                     = local.paths
  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  from_port                    = each.value.port
  to_port                      = each.value.port
  ip_protocol                  = "tcp"
  description                  = each.key
}

# Images, secrets and logs are fetched and sent over HTTPS.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this["services"].id
  cidr_ipv4         = "0.0.0.0/0"
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
  description       = "AWS and others"
}
