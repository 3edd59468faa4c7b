variable "zone" {
  type        = string
  description = "The hosted zone."
}

variable "create_zone" {
  type        = bool
  description = "Whether this environment owns the zone; the others look it up."
}

variable "names" {
  type        = list(string)
  description = "Host names that lead to the load balancer."
}

variable "role" {
  type        = string
  description = "simple, or primary and secondary of a failover."

  validation {
    condition     = contains(["simple", "primary", "secondary"], var.role)
    error_message = "simple, primary or secondary."
  }
}

variable "health_path" { type = string }

variable "load_balancer" {
  type = object({ dns_name = string, zone_id = string })
}
