variable "create" {
  description = "Whether to make or manage anything at all."
  type        = bool
  default     = true
}

variable "logging" {
  description = "Whether to manage AWS IoT's own log."
  type        = bool
  default     = true
}

variable "audit" {
  description = "Whether to manage the Device Defender audit."
  type        = bool
  default     = true
}

variable "audit_topic_arn" {
  description = "SNS topic that is told of finished audits with findings; null tells nobody."
  type        = string
  default     = null
}

variable "audit_topic_kms_key_arn" {
  description = "Customer-managed key that encrypts that topic, if any."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default = {
    Project     = "device-provisioning"
    Environment = "example"
  }
}
