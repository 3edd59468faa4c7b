variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "subnets" { type = list(string) }

variable "security_group" { type = string }

variable "settings" {
  type = object({
    class         = string
    replicas      = number
    snapshot_days = number
  })
}
