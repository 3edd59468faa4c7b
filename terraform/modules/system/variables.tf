variable "system" {
  description = "What handrail makes of the system's YAML; src/handrail/model/aws_variables.py says where each comes from."
  type = object({
    name        = string
    environment = string
    account     = string
    region      = string
    owner       = string
    protect     = bool
    log_days    = number
    network     = object({ cidr = string, nat_gateways = number })
    domain      = object({ zone = string, create_zone = bool, names = list(string), role = string, health_path = string, certificates_brought = bool })
    services = map(object({
      port            = number
      paths           = list(string)
      priority        = number
      health_path     = string
      health_status   = number
      drain_seconds   = number
      cpu             = number
      memory          = number
      min             = number
      max             = number
      stop_seconds    = number
      grace_seconds   = number
      secrets         = map(string)
      scale_cpu       = number
      scale_cpu_for   = number
      scale_p95       = optional(number)
      scale_queue     = optional(number)
      scale_queue_for = optional(number)
    }))
    secrets = map(number)
    database = optional(object({
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
      password        = string
      max_connections = number
      replicate_from  = string
      main            = string
      record          = bool
    }))
    cache = optional(object({ class = string, replicas = number, snapshot_days = number }))
    backup_store = object({
      lock_days = number
      lock_mode = string
      classes   = map(object({ glacier_days = optional(number), keep_days = number }))
    })
    email      = list(string)
    thresholds = map(object({ warn = number, alert = number, warn_minutes = number, alert_minutes = number }))
  })
}

variable "secrets" {
  type        = map(string)
  description = "Values of the secrets, by name; handrail hands them over in TF_VAR_secrets."
  sensitive   = true
  ephemeral   = true
}
