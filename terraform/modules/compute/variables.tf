variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "region" { type = string }

variable "subnets" { type = list(string) }

variable "security_group" { type = string }

variable "target_groups" {
  type        = map(string)
  description = "ARN of each target group, by SERVICE-SLOT."
}

variable "load_balancer_suffix" { type = string }

variable "target_group_suffixes" { type = map(string) }

variable "secret_arns" { type = map(string) }

variable "secrets_key_arn" { type = string }

variable "protect" {
  type        = bool
  description = "Whether repositories stay as long as images are in them."
}

variable "log_days" { type = number }

variable "services" {
  type = map(object({
    port            = number
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
  description = "The services by name; min and max are of the slot that has the traffic."
}
