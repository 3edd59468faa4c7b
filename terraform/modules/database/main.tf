# PostgreSQL, encrypted under a key of its own, with a replica to read from and to fail over to.
resource "aws_kms_key" "this" {
  # checkov:skip=CKV2_AWS_64:AWS's default policy: the account decides by IAM
  description             = "${var.name}: database"
  enable_key_rotation     = true
  deletion_window_in_days = var.protect ? 30 : 7
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}-database"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnets
}

resource "aws_db_parameter_group" "this" {
  name   = "${var.name}-postgres${split(".", var.settings.version)[0]}"
  family = "postgres${split(".", var.settings.version)[0]}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  parameter {
    name  = "log_min_duration_statement"
    value = "500"
  }
  parameter {
    name         = "max_connections"
    value        = tostring(var.settings.max_connections)
    apply_method = "pending-reboot"
  }

  lifecycle { create_before_destroy = true }
}

# Two instances: one is the database, and the other one its replica. `main` says which, and changes with each failover;
# an instance that is there is left as it is, one that is gone is made as what it is to be now.
locals {
  swapped = var.settings.main == "db-replica"
  own     = var.replicate_from == "" && !local.swapped
  source  = local.swapped ? "${var.name}-db-replica" : var.replicate_from
}

resource "aws_db_instance" "primary" {
  # checkov:skip=CKV_AWS_118:alarms look at CloudWatch's numbers and Performance Insights; a third source needs a role of its own
  # checkov:skip=CKV_AWS_226:an upgrade is a change, and has its window
  identifier          = "${var.name}-db"
  engine              = local.own ? "postgres" : null
  engine_version      = local.own ? var.settings.version : null
  replicate_source_db = local.own ? null : local.source
  db_name             = local.own ? var.settings.name : null
  username            = local.own ? var.settings.user : null
  password_wo         = local.own ? var.password : null
  password_wo_version = local.own ? var.password_version : null

  instance_class        = var.settings.class
  allocated_storage     = local.own ? var.settings.storage_gb : null
  max_allocated_storage = var.settings.max_storage_gb
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = local.swapped ? null : aws_kms_key.this.arn
  multi_az              = var.settings.multi_zone && !local.swapped

  db_subnet_group_name   = local.swapped ? null : aws_db_subnet_group.this.name
  parameter_group_name   = aws_db_parameter_group.this.name
  vpc_security_group_ids = [var.security_group]
  publicly_accessible    = false

  backup_retention_period   = local.swapped ? null : var.settings.backup_days
  backup_window             = local.swapped ? null : var.settings.backup_window
  maintenance_window        = var.settings.maintenance
  copy_tags_to_snapshot     = true
  delete_automated_backups  = !var.protect
  deletion_protection       = var.protect
  skip_final_snapshot       = !var.protect
  final_snapshot_identifier = var.protect ? "${var.name}-db-last" : null

  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.this.arn
  enabled_cloudwatch_logs_exports = ["postgresql"]
  auto_minor_version_upgrade      = false

  # A failover promotes what was a copy.
  lifecycle { ignore_changes = [replicate_source_db] }
}

resource "aws_db_instance" "replica" {
  # checkov:skip=CKV_AWS_118:as the primary
  # checkov:skip=CKV_AWS_157:it is the second copy itself
  # checkov:skip=CKV_AWS_226:as the primary
  count                 = var.settings.replica || local.swapped ? 1 : 0
  identifier            = "${var.name}-db-replica"
  replicate_source_db   = local.swapped ? null : aws_db_instance.primary.identifier
  password_wo           = local.swapped ? var.password : null
  password_wo_version   = local.swapped ? var.password_version : null
  instance_class        = var.settings.class
  max_allocated_storage = var.settings.max_storage_gb
  storage_encrypted     = true
  multi_az              = local.swapped && var.settings.multi_zone

  backup_retention_period   = local.swapped ? var.settings.backup_days : null
  backup_window             = local.swapped ? var.settings.backup_window : null
  delete_automated_backups  = local.swapped ? !var.protect : null
  final_snapshot_identifier = local.swapped && var.protect ? "${var.name}-db-replica-last" : null
  skip_final_snapshot       = !(local.swapped && var.protect)

  parameter_group_name   = aws_db_parameter_group.this.name
  vpc_security_group_ids = [var.security_group]
  publicly_accessible    = false
  copy_tags_to_snapshot  = true
  deletion_protection    = var.protect

  # After a failover it is the one that is asked.
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.this.arn
  enabled_cloudwatch_logs_exports = ["postgresql"]
  auto_minor_version_upgrade      = false

  lifecycle { ignore_changes = [replicate_source_db] }
}

# A name that leads to the database, for what is told no address when it starts. A failover lets it lead elsewhere.
resource "aws_route53_zone" "this" {
  count = var.settings.record ? 1 : 0
  name  = "${var.name}.internal"
  vpc { vpc_id = var.vpc_id }
}

resource "aws_route53_record" "this" {
  count   = var.settings.record ? 1 : 0
  zone_id = aws_route53_zone.this[0].zone_id
  name    = "db.${var.name}.internal"
  type    = "CNAME"
  ttl     = 30
  records = [local.main_address]
  lifecycle { ignore_changes = [records] }
}

locals {
  replica_address = one(aws_db_instance.replica[*].address)
  main_address    = local.swapped ? local.replica_address : aws_db_instance.primary.address
}
