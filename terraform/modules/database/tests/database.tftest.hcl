mock_provider "aws" {
  override_during = plan
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:ap-south-1:123456789012:key/x" }
  }
}

variables {
  name             = "shop-prod"
  subnets          = ["subnet-1", "subnet-2"]
  security_group   = "sg-1"
  vpc_id           = "vpc-1"
  protect          = true
  password         = "planted-4711"
  password_version = 1
  replicate_from   = ""
  settings = {
    version         = "16.4", class = "db.t4g.medium", storage_gb = 50, max_storage_gb = 200, multi_zone = true, replica = true
    backup_days     = 30, backup_window = "19:00-20:00", maintenance = "sun:20:30-sun:21:30", name = "shop", user = "shop"
    max_connections = 400, main = "db", record = true
  }
}

run "it_is_encrypted_under_its_own_key_backed_up_and_private" {
  command = plan
  assert {
    condition     = aws_db_instance.primary.storage_encrypted && aws_db_instance.primary.kms_key_id == aws_kms_key.this.arn
    error_message = "encrypted"
  }
  assert {
    condition     = aws_db_instance.primary.backup_retention_period == 30 && !aws_db_instance.primary.publicly_accessible
    error_message = "backed up, private"
  }
  assert {
    condition     = aws_db_instance.primary.deletion_protection && !aws_db_instance.primary.skip_final_snapshot
    error_message = "protected, with a last snapshot"
  }
  assert {
    condition     = length(aws_db_instance.replica) == 1 && aws_db_instance.primary.replicate_source_db == null
    error_message = "a replica"
  }
}

run "after_a_failover_the_other_one_has_backups_and_the_first_is_made_anew_as_its_replica" {
  command = plan
  variables {
    settings = {
      version         = "16.4", class = "db.t4g.medium", storage_gb = 50, max_storage_gb = 200, multi_zone = true, replica = true
      backup_days     = 30, backup_window = "19:00-20:00", maintenance = "sun:20:30-sun:21:30", name = "shop", user = "shop"
      max_connections = 400, main = "db-replica", record = false
    }
  }
  assert {
    condition     = aws_db_instance.replica[0].backup_retention_period == 30 && aws_db_instance.replica[0].multi_az && !aws_db_instance.replica[0].skip_final_snapshot
    error_message = "backed up, in two zones, with a last snapshot"
  }
  assert {
    condition     = aws_db_instance.primary.replicate_source_db == "shop-prod-db-replica" && aws_db_instance.replica[0].replicate_source_db == null
    error_message = "a replica of the other one"
  }
  assert {
    condition     = output.main == "shop-prod-db-replica" && output.record == null
    error_message = "outputs"
  }
}

run "a_copy_of_another_regions_database_has_no_password_of_its_own" {
  command = plan
  variables {
    replicate_from = "arn:aws:rds:ap-south-1:123456789012:db:shop-prod-db"
    password       = null
  }
  assert {
    condition     = aws_db_instance.primary.replicate_source_db == var.replicate_from && aws_db_instance.primary.storage_encrypted
    error_message = "a copy, encrypted by the key of this region"
  }
}

run "what_can_be_thrown_away_is_not_protected" {
  command = plan
  variables { protect = false }
  assert {
    condition     = !aws_db_instance.primary.deletion_protection && aws_db_instance.primary.skip_final_snapshot
    error_message = "not protected"
  }
}
