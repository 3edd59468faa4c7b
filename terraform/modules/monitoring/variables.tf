variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "account" { type = string }

variable "region" { type = string }

variable "email" {
  type        = list(string)
  description = "Who is told by mail; each has to confirm once."
}

variable "cluster" { type = string }

variable "services" {
  type        = map(string)
  description = "Name of each ECS service, by SERVICE-SLOT."
}

variable "load_balancer_suffix" { type = string }

variable "databases" { type = list(string) }

variable "caches" { type = list(string) }

variable "max_connections" { type = number }

variable "thresholds" {
  type = map(object({
    warn          = number
    alert         = number
    warn_minutes  = number
    alert_minutes = number
  }))
  description = "cpu, memory, disk, errors, connections in percent, p95 in seconds; and for how many minutes."
}

variable "storage_gb" { type = number }
