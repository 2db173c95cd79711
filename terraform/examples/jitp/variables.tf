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

variable "sensor_cas" {
  description = "CAs that sign sensors, by name, as PEM: the certificate, never the key. While one is replaced by its successor there are two."
  type        = map(string)
  default     = {}
}

variable "gateway_cas" {
  description = "CAs that sign gateways, likewise. Their devices must be enrolled in the registry."
  type        = map(string)
  default     = {}
}

variable "gateway_crl_bucket" {
  description = "Bucket in this region with a revocation list of each CA in gateway_cas, as <name>.crl: its role may read that object. A list that is missing or out of date lets nobody in. Null: no lists."
  type        = string
  default     = null
}

variable "countries" {
  description = "Countries that a sensor's certificate may name; each is a thing group."
  type        = set(string)
  default     = ["DE", "FR"]
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
