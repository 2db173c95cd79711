variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name_prefix" {
  description = "Start of every name: 2 to 20 lower-case letters, digits and hyphens. The same as the monitoring module's, whose alarms it is called by."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 2 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "claims" {
  description = "The claim certificates that it may switch off, at most 30, by the keys that the monitoring module's `claims` has: `certificate_arn` of each."
  type        = map(object({ certificate_arn = string }))
  nullable    = false

  validation {
    condition     = length(var.claims) <= 30
    error_message = "claims may have at most 30 entries: each alarm is named in the function's policy, which holds no more (an AWS Lambda limit of 20 KB). Leave some out."
  }

  # The name of an alarm, and part of an ARN that conditions compare: no wildcard.
  validation {
    condition     = alltrue([for key in keys(var.claims) : can(regex("^[0-9A-Za-z_./-]{1,128}$", key))])
    error_message = "claims must be keyed by 1 to 128 letters, digits or _./-."
  }

  # Its role may do what it does to nothing else, and never to each certificate there is.
  validation {
    condition     = alltrue([for claim in values(var.claims) : can(regex("^arn:aws[a-z-]*:iot:[a-z0-9-]+:[0-9]{12}:cert/[0-9a-f]{64}$", claim.certificate_arn))])
    error_message = "claims: certificate_arn must be the ARN of one certificate (arn:aws:iot:REGION:ACCOUNT:cert/ID)."
  }
}

variable "dead_letter_retention_days" {
  description = "Days that events which failed for good are kept, 1 to 14."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.dead_letter_retention_days >= 1 && var.dead_letter_retention_days <= 14 && floor(var.dead_letter_retention_days) == var.dead_letter_retention_days
    error_message = "dead_letter_retention_days must be a whole number of days from 1 to 14 (what Amazon SQS keeps)."
  }
}

variable "package_path" {
  description = "Path of the deployment package (.zip); null means build/claim_guard.zip of this repository, which `make package` builds."
  type        = string
  default     = null
}

variable "package_sha256" {
  description = "Expected SHA-256 of the package, in hexadecimal. Set it to deploy the artefact that was tested and no other; null accepts any."
  type        = string
  default     = null
}

variable "code_signing_config_arn" {
  description = "Code signing configuration that the package must satisfy; null asks for no signature."
  type        = string
  default     = null
}

variable "tracing" {
  description = "Whether to trace invocations with AWS X-Ray."
  type        = bool
  default     = true
  nullable    = false
}

variable "logs" {
  description = <<-EOT
    The function's log group:
    - `retention_in_days`: one of the values CloudWatch Logs accepts; 0 keeps for ever.
    - `kms_key_arn`: key that encrypts it. The key's policy must let CloudWatch Logs use it.
    - `application_level`, `system_level`: what is kept of the function's own lines and of the platform's.
  EOT
  type = object({
    retention_in_days = optional(number, 365)
    kms_key_arn       = optional(string)
    application_level = optional(string, "INFO")
    system_level      = optional(string, "INFO")
  })
  default  = {}
  nullable = false
}

variable "iam" {
  description = "Path and permissions boundary of the role, for accounts that demand them."
  type = object({
    path                     = optional(string, "/")
    permissions_boundary_arn = optional(string)
  })
  default  = {}
  nullable = false
}

variable "tags" {
  description = "Tags of everything this module makes."
  type        = map(string)
  default     = {}
  nullable    = false
}
