# Production on ECS, beside the hosts. `fab infra.plan --inventory inventories/aws.py` hands over the variables and the state's place.
terraform {
  required_version = ">= 1.11, < 2.0"
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
  backend "s3" {}
}

variable "system" {
  type        = any
  description = "The system of this environment; modules/system knows its shape."
}

variable "secrets" {
  type      = map(string)
  sensitive = true
  ephemeral = true
}

provider "aws" {
  region              = var.system.region
  allowed_account_ids = [var.system.account]

  default_tags {
    tags = {
      system      = var.system.name
      environment = var.system.environment
      owner       = var.system.owner
      managed-by  = "terraform"
    }
  }
}

module "system" {
  source  = "../../modules/system"
  system  = var.system
  secrets = var.secrets
}

output "system" {
  value       = module.system
  description = "Names and addresses, for deploys."
}
