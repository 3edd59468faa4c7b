# Secrets of the system, under a key of their own. Values are write-only arguments: Terraform sends and forgets them.
resource "aws_kms_key" "this" {
  # checkov:skip=CKV2_AWS_64:AWS's default policy: the account decides by IAM
  description             = "${var.name}: secrets"
  enable_key_rotation     = true
  deletion_window_in_days = max(7, var.recovery_days)
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}-secrets"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_secretsmanager_secret" "this" {
  # checkov:skip=CKV2_AWS_57:they are rotated by who raises their number in the YAML: the program has to get the new one, too
  for_each                = var.versions
  name                    = "${var.name}/${each.key}"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.recovery_days
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each                 = var.versions
  secret_id                = aws_secretsmanager_secret.this[each.key].id
  secret_string_wo         = var.values[each.key]
  secret_string_wo_version = each.value
}
