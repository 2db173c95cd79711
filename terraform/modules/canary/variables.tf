variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name_prefix" {
  description = "Start of every name: 2 to 20 lower-case letters, digits and hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 2 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "table_name" {
  description = "Name of the device registry's table; needed unless create is false."
  type        = string
  default     = null

  validation {
    condition     = !var.create || var.table_name != null
    error_message = "table_name must be set: it is one of the outputs of the device-registry module."
  }
}

variable "table_arn" {
  description = "ARN of the device registry's table; needed unless create is false."
  type        = string
  default     = null

  validation {
    condition     = !var.create || var.table_arn != null
    error_message = "table_arn must be set: it is one of the outputs of the device-registry module."
  }
}

variable "table_kms_key_arn" {
  description = "ARN of the key that encrypts the table; needed unless create is false."
  type        = string
  default     = null

  validation {
    condition     = !var.create || var.table_kms_key_arn != null
    error_message = "table_kms_key_arn must be set: it is the output kms_key_arn of the device-registry module."
  }
}

variable "template" {
  description = "The fleet provisioning template that is tried: `name`, and `claim_client_id_prefix`, the start of its claims' client ids. Needed unless create is false."
  type = object({
    name                   = string
    claim_client_id_prefix = string
  })
  default = null

  validation {
    condition     = !var.create || var.template != null
    error_message = "template must be set: name and claim_client_id_prefix are outputs of the fleet-template module."
  }

  validation {
    condition     = var.template == null ? true : can(regex("^[0-9A-Za-z_-]{1,36}$", var.template.name))
    error_message = "template: name must be 1 to 36 letters, digits, hyphens or underscores, and no ARN."
  }
}

variable "device_type" {
  description = "What the device claims to be: a key of the device catalogue. Its policy must let a device have its own shadow, as those of the catalogue do. Needed unless create is false."
  type        = string
  default     = null

  validation {
    condition     = !var.create || var.device_type != null
    error_message = "device_type must be set: it is a key of the device-catalog module's device_types."
  }

  validation {
    condition     = var.device_type == null ? true : can(regex("^[a-z0-9][a-z0-9-]{0,31}$", var.device_type))
    error_message = "device_type must be 1 to 32 lower-case letters, digits and hyphens, and begin with a letter or a digit."
  }
}

variable "confirmed" {
  description = "Whether somebody turns records ACTIVE (modules/device-lifecycle): then a record that stays PROVISIONING is a finding."
  type        = bool
  default     = true
  nullable    = false
}

variable "first_shadow_parameter_name" {
  description = "Name of the SSM parameter with the first shadow that the device lifecycle writes for this device type; null where it writes none."
  type        = string
  default     = null

  validation {
    condition     = var.first_shadow_parameter_name == null ? true : can(regex("^/[a-zA-Z0-9/_.-]+$", var.first_shadow_parameter_name))
    error_message = "first_shadow_parameter_name must be the name of an SSM parameter, beginning with a slash, and no ARN; or null."
  }
}

variable "schedule" {
  description = "When a device is provisioned: rate(...) or cron(...), as EventBridge takes it, in UTC. Not more often than every 5 minutes: a run may take as long."
  type        = string
  default     = "rate(1 hour)"
  nullable    = false

  validation {
    condition     = can(regex("^(rate\\((1 (hour|day)|([5-9]|[1-9][0-9]+) minutes|([2-9]|[1-9][0-9]+) (hours|days))\\)|cron\\(([0-9A-Za-z*?/,#-]+ ){5}[0-9A-Za-z*?/,#-]+\\))$", var.schedule))
    error_message = "schedule must be rate(1 hour), with hour or day in the singular for 1 and 5 minutes or more, or cron(...) with six fields."
  }
}

variable "metric_namespace" {
  description = "CloudWatch namespace of the metric counted from the function's log; null means IoTProvisioning/<name_prefix>."
  type        = string
  default     = null

  validation {
    condition     = var.metric_namespace == null ? true : can(regex("^[0-9A-Za-z._/#-]{1,255}$", var.metric_namespace)) && !startswith(var.metric_namespace, "AWS/")
    error_message = "metric_namespace must be 1 to 255 letters, digits or ._/#- and may not begin with AWS/."
  }
}

variable "package_path" {
  description = "Path of the deployment package (.zip); null means build/canary.zip of this repository, which `make package` builds."
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
