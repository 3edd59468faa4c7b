mock_provider "aws" {
  override_during = plan
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:ap-south-1:123456789012:key/x" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::x", id = "x" }
  }
}

variables {
  name      = "shop-prod"
  account   = "123456789012"
  protect   = true
  lock_days = 7
  lock_mode = "COMPLIANCE"
  classes   = { data = { glacier_days = 7, keep_days = 30 }, configuration = { glacier_days = null, keep_days = 90 } }
}

run "each_class_expires_and_goes_to_glacier_when_it_is_told" {
  command = plan
  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => rule.expiration[0].days } == { data = 30, configuration = 90 }
    error_message = "expiry by class"
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : length(rule.transition) if rule.id == "configuration"] == [0]
    error_message = "a class without glacier_days never goes there"
  }
}

run "it_is_locked_encrypted_by_its_own_key_and_stays_while_anything_is_in_it" {
  command = plan
  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled && !aws_s3_bucket.this.force_destroy
    error_message = "locked"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.this.arn
    error_message = "its own key"
  }
}

run "a_class_that_is_deleted_before_glacier_is_refused" {
  command = plan
  variables {
    classes = { data = { glacier_days = 30, keep_days = 30 } }
  }
  expect_failures = [var.classes]
}
