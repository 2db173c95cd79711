variable "account_id" {
  description = "The account to work in, 12 digits. With credentials of any other, the plan fails."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits, in quotes: a number would lose its leading zeros."
  }
}

variable "region" {
  description = "The Region to work in."
  type        = string
}

variable "role_arn" {
  description = "Role to assume in that account; null works with the credentials as they are."
  type        = string
  default     = null

  validation {
    condition     = var.role_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::${var.account_id}:role/", var.role_arn))
    error_message = "role_arn must be the ARN of a role in the account account_id. Correct one of the two."
  }
}

variable "external_id" {
  description = "External ID that the role's trust policy asks for; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.external_id == null ? true : length(var.external_id) >= 2 && length(var.external_id) <= 1224
    error_message = "external_id must have 2 to 1,224 characters. Correct it, or set null where the role asks for none."
  }
}

variable "session_name" {
  description = "Name of the role's session, which CloudTrail shows."
  type        = string
  default     = "iot-provisioning"
}

variable "package_sha256" {
  description = "The SHA-256 that each package must have, in hexadecimal, by its file's name, as `build/SHA256SUMS` has them. One that is not named is taken as it is."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "package_directory" {
  description = "Where the packages are, relative to this directory; null means build/ of this repository, which `make package` fills."
  type        = string
  default     = null
}

variable "name_prefix" {
  description = "Start of every name: 2 to 20 lower-case letters, digits and hyphens."
  type        = string
  default     = "acme"
}

variable "device_types" {
  description = "The kinds of device, as the root module takes them."
  type        = any
  default = {
    temperature-sensor = {}
    gateway            = { reprovision_policy = "replace" }
  }
}

variable "templates" {
  description = "The templates, as the root module takes them."
  type        = any
  default     = { factory = {} }
}

variable "registry" {
  description = "The device registry, as the root module takes it."
  type        = any
  default     = {}
}

variable "hook" {
  description = "The pre-provisioning hook, as the root module takes it, without its package."
  type        = any
  default     = {}
}

variable "device_lifecycle" {
  description = "What happens to devices after the certificate, as the root module takes it, without its package."
  type        = any
  default     = {}
}

variable "canary" {
  description = "The canary on a schedule, as the root module takes it, without its package."
  type        = any
  default     = {}
}

variable "monitoring" {
  description = "Alarms, topic and dashboard, as the root module takes them."
  type        = any
  default     = {}
}

variable "logs" {
  description = "Log groups and their key, as the root module takes them. With another account's registry, the key has to be given."
  type        = any
  default     = {}
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default = {
    Project     = "device-provisioning"
    Environment = "example"
  }
}
