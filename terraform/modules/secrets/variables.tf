variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "versions" {
  type        = map(number)
  description = "Each secret by name; a greater number has its value written again."
}

variable "values" {
  type        = map(string)
  description = "Their values. They are in no plan and in no state."
  sensitive   = true
  ephemeral   = true
}

variable "recovery_days" {
  type        = number
  description = "Days in which a deleted secret can be had back; 0 deletes at once."
}
