variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "account" { type = string }

variable "vpc_id" { type = string }

variable "subnets" { type = list(string) }

variable "security_group" { type = string }

variable "certificate_arn" { type = string }

variable "certificates_brought" {
  type        = bool
  description = "Whether certificates come from files, by a deploy, and not from Amazon."
}

variable "protect" {
  type        = bool
  description = "Whether AWS refuses to delete the load balancer."
}

variable "log_days" {
  type        = number
  description = "Days that access logs are kept."
}

variable "services" {
  type = map(object({
    port          = number
    paths         = list(string)
    priority      = number
    health_path   = string
    health_status = number
    drain_seconds = number
  }))
  description = "The services by name; the one without paths answers what no other does."

  validation {
    condition     = length([for service in var.services : service if length(service.paths) == 0]) == 1
    error_message = "Exactly one service has no paths: it answers everything else."
  }

  validation {
    # AWS: the name of a target group has 32 characters at the most.
    condition     = alltrue([for service in keys(var.services) : length("${var.name}-${service}-green") <= 32])
    error_message = "SYSTEM-ENVIRONMENT-SERVICE-green is the name of a target group: 32 characters at the most."
  }
}
