variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
}

variable "name_prefix" {
  description = "Start of every name: 2 to 20 lower-case letters, digits and hyphens."
  type        = string
  default     = "acme"
}

variable "claim_csrs" {
  description = "Claim certificates to make for the factory template: name to a PEM certificate signing request. The keys stay where they were made."
  type        = map(string)
  default     = {}
}

variable "billing_group" {
  description = "Name of a billing group to make, which every device of the factory template joins; null for none."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "Customer-managed key for the registry and the log groups; null makes one."
  type        = string
  default     = null
}

variable "replicas" {
  description = "Other regions that hold a replica of the registry, with their key there."
  type = map(object({
    kms_key_arn            = string
    point_in_time_recovery = optional(bool, true)
  }))
  default = {}
}

variable "deletion_protection" {
  description = "Whether the registry refuses to be deleted. Set it to false and apply before you destroy."
  type        = bool
  default     = true
}

variable "alarm_addresses" {
  description = "E-mail addresses that hear of alarms; each has to confirm that it wants to."
  type        = set(string)
  default     = []
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default = {
    Project     = "device-provisioning"
    Environment = "example"
  }
}
