variable "names" {
  type        = list(string)
  description = "Host names of the certificate, the first its subject."
}

variable "zone_id" { type = string }

variable "prove" {
  type        = bool
  description = "Whether the records that prove whose names these are belong here, or stand already."
}
