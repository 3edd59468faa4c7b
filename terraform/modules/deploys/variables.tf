variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "account" { type = string }

variable "protect" { type = bool }

variable "listener_arn" { type = string }

variable "rule_arns" {
  type        = map(string)
  description = "ARN of each listener rule, by service."
}
