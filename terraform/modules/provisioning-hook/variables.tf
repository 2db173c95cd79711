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
    error_message = "table_kms_key_arn must be set: it is one of the outputs of the device-registry module."
  }
}

variable "default_home_region" {
  description = "Region whose hooks and gates decide about a record that names no other; set it, to the same everywhere, where the registry has replicas in several Regions. Null: this is the only one."
  type        = string
  default     = null

  validation {
    condition     = var.default_home_region == null ? true : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$", var.default_home_region))
    error_message = "default_home_region must be a Region, for example eu-west-1, or null where there is one Region only."
  }
}

variable "template_names" {
  description = "Names of the provisioning templates that may call the hook. ARNs are computed from them, so that nothing here waits for a template."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for name in var.template_names : can(regex("^[0-9A-Za-z_-]{1,36}$", name))])
    error_message = "template_names must each be 1 to 36 letters, digits, hyphens or underscores (an AWS IoT limit)."
  }
}

variable "package_path" {
  description = "Path of the deployment package (.zip); null means build/provisioning_hook.zip of this repository, which `make package` builds."
  type        = string
  default     = null
}

variable "package_sha256" {
  description = "Expected SHA-256 of the package, in hexadecimal. Set it to deploy the artefact that was tested and no other; null accepts any."
  type        = string
  default     = null
}

variable "timeout" {
  description = "Seconds the function may take, 2 to 5. AWS IoT waits 5 seconds and then refuses the device, so a longer one could only hide a failure."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.timeout >= 2 && var.timeout <= 5 && floor(var.timeout) == var.timeout
    error_message = "timeout must be a whole number of seconds from 2 to 5: AWS IoT gives a pre-provisioning hook 5 seconds."
  }
}

variable "memory_size" {
  description = "Memory in MB, 128 to 10240. The processor's share grows with it, and a cold start is mostly processor time: 512 keeps it well inside the timeout."
  type        = number
  default     = 512
  nullable    = false
}

variable "claim_lease_seconds" {
  description = "How long a granted claim keeps every other certificate out, in seconds; null: until an operator releases it. Set it only where devices are confirmed within that time (the device lifecycle does, at their first connection by default): what is not confirmed can be claimed again when it is over."
  type        = number
  default     = null

  validation {
    condition     = var.claim_lease_seconds == null ? true : var.claim_lease_seconds >= 60 && var.claim_lease_seconds <= 86400 && floor(var.claim_lease_seconds) == var.claim_lease_seconds
    error_message = "claim_lease_seconds must be a whole number of seconds from 60 to 86400 (a day), or null."
  }
}

variable "metric_namespace" {
  description = "CloudWatch namespace of the metrics counted from the decision log; null means IoTProvisioning/<name_prefix>."
  type        = string
  default     = null

  validation {
    condition     = var.metric_namespace == null ? true : can(regex("^[0-9A-Za-z._/#-]{1,255}$", var.metric_namespace)) && !startswith(var.metric_namespace, "AWS/")
    error_message = "metric_namespace must be 1 to 255 letters, digits or ._/#- and may not begin with AWS/."
  }
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

variable "concurrency" {
  description = <<-EOT
    How warm and how wide the function runs:
    - `reserved`: invocations at the same time, set aside from the account's pool and never exceeded; null reserves none. 0 is refused: it would stop the function.
    - `provisioned`: environments kept initialised for the alias; null keeps none.
    - `snap_start`: start new environments from a snapshot of an initialised one. Not together with `provisioned`.
  EOT
  type = object({
    reserved    = optional(number)
    provisioned = optional(number)
    snap_start  = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "code_signing_config_arn" {
  description = "Code signing configuration that the package must satisfy; null asks for no signature."
  type        = string
  default     = null
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
