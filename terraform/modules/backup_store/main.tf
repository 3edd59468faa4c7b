# Where backups are kept: every version, under a key of its own, locked against everybody for some days.
resource "aws_kms_key" "this" {
  # checkov:skip=CKV2_AWS_64:AWS's default policy: the account decides by IAM
  description             = "${var.name}: backups"
  enable_key_rotation     = true
  deletion_window_in_days = var.protect ? 30 : 7
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}-backups"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_144:the copy in another region is the database's own: the root dr
  # checkov:skip=CKV_AWS_18:CloudTrail tells who reads and writes
  # checkov:skip=CKV2_AWS_62:fab check looks for young backups, whoever took them
  bucket              = "${var.name}-backups-${var.account}"
  object_lock_enabled = true
  force_destroy       = !var.protect
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_object_lock_configuration" "this" {
  bucket     = aws_s3_bucket.this.id
  depends_on = [aws_s3_bucket_versioning.this]
  rule {
    default_retention {
      mode = var.lock_mode
      days = var.lock_days
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  # checkov:skip=CKV_AWS_300:every rule has it; checkov does not look into dynamic blocks
  bucket     = aws_s3_bucket.this.id
  depends_on = [aws_s3_bucket_versioning.this]

  dynamic "rule" {
    for_each = var.classes
    content {
      id     = rule.key
      status = "Enabled"
      filter { prefix = "${rule.key}/" }

      dynamic "transition" {
        for_each = rule.value.glacier_days == null ? [] : [rule.value.glacier_days]
        content {
          days          = transition.value
          storage_class = "GLACIER"
        }
      }
      expiration { days = rule.value.keep_days }
      noncurrent_version_expiration { noncurrent_days = rule.value.keep_days }
      abort_incomplete_multipart_upload { days_after_initiation = 7 }
    }
  }
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "NothingInClear"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.this.json
}
