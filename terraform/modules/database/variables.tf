variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "subnets" { type = list(string) }

variable "security_group" { type = string }

variable "vpc_id" { type = string }

variable "protect" {
  type        = bool
  description = "Whether AWS refuses to delete it, and a last snapshot is taken all the same."
}

variable "password" {
  type        = string
  description = "Of the owner; write-only. Not used by a copy of another region's database."
  sensitive   = true
  ephemeral   = true
  default     = null
}

variable "password_version" {
  type        = number
  description = "A greater number has the password set again."
}

variable "replicate_from" {
  type        = string
  description = "ARN of the database in another region that this one is a copy of; empty for one of its own."
}

variable "settings" {
  type = object({
    version         = string
    class           = string
    storage_gb      = number
    max_storage_gb  = number
    multi_zone      = bool
    replica         = bool
    backup_days     = number
    backup_window   = string
    maintenance     = string
    name            = string
    user            = string
    max_connections = number
    main            = string
    record          = bool
  })
}
