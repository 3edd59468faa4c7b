# Redis: sessions and what can be computed again. Reached over TLS, from the services alone.
resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnets
}

resource "aws_elasticache_parameter_group" "this" {
  name   = "${var.name}-redis7"
  family = "redis7"

  parameter {
    name  = "maxmemory-policy"
    value = "allkeys-lru"
  }
}

resource "aws_elasticache_replication_group" "this" {
  # checkov:skip=CKV2_AWS_50:it is, wherever there is a second node
  # checkov:skip=CKV_AWS_191:sessions and what can be computed again: AWS's own key is enough
  # checkov:skip=CKV_AWS_31:the provider would keep the token in its state; the security group lets the services in alone
  replication_group_id       = "${var.name}-redis"
  description                = "${var.name}: sessions and caches"
  engine                     = "redis"
  engine_version             = "7.1"
  node_type                  = var.settings.class
  num_node_groups            = 1
  replicas_per_node_group    = var.settings.replicas
  automatic_failover_enabled = var.settings.replicas > 0
  multi_az_enabled           = var.settings.replicas > 0
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  parameter_group_name       = aws_elasticache_parameter_group.this.name
  security_group_ids         = [var.security_group]
  snapshot_retention_limit   = var.settings.snapshot_days
}
