variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "account" { type = string }

variable "protect" {
  type        = bool
  description = "Whether the bucket stays as long as anything is in it."
}

variable "lock_days" {
  type        = number
  description = "Days in which nobody can overwrite or delete what was stored."
}

variable "lock_mode" {
  type        = string
  description = "GOVERNANCE, which a few may lift, or COMPLIANCE, which nobody may."
}

variable "classes" {
  type = map(object({
    glacier_days = optional(number)
    keep_days    = number
  }))
  description = "Each class by its first folder: when it goes to Glacier, and when it is deleted."

  validation {
    condition     = alltrue([for class in var.classes : class.glacier_days == null ? true : class.glacier_days < class.keep_days])
    error_message = "A class goes to Glacier before it is deleted."
  }
}
