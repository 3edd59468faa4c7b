variable "name" {
  type        = string
  description = "Prefix of every name: system and environment."
}

variable "cidr" {
  type        = string
  description = "Addresses of the VPC; subnets are its /24s."
}

variable "nat_gateways" {
  type        = number
  description = "1 is cheaper; 2 outlive the loss of a zone."

  validation {
    condition     = contains([1, 2], var.nat_gateways)
    error_message = "There are two zones: 1 or 2 NAT gateways."
  }
}

variable "ports" {
  type        = map(number)
  description = "Port of each service, by name: the load balancer may reach these and no others."
}
