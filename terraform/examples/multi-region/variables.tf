variable "name_prefix" {
  description = "Start of every name: 2 to 20 lower-case letters, digits and hyphens."
  type        = string
  default     = "acme"
}

variable "first_region" {
  description = "Region that has the table, and that decides about devices whose records name no other."
  type        = string
  default     = "eu-west-1"
}

variable "second_region" {
  description = "Region that has the replica."
  type        = string
  default     = "eu-central-1"
}

variable "claim_csrs" {
  description = "Claim certificates to make: name to a PEM certificate signing request. The keys stay where they were made."
  type        = map(string)
  default     = {}
}

variable "gateway_cas" {
  description = "CAs that sign gateways, by name, as PEM: the certificate, never the key. Each is registered in both Regions, behind a gate."
  type        = map(string)
  default     = {}
}

variable "deletion_protection" {
  description = "Whether the registry refuses to be deleted. Set it to false and apply before you destroy."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default = {
    Project     = "device-provisioning"
    Environment = "example"
  }
}
