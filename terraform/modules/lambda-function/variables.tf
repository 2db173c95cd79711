variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "Name of the function, and of its log group below /aws/lambda/. The role is called <name>-<region>, because IAM names are shared by all regions."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,46}$", var.name))
    error_message = "name must be 1 to 46 letters, digits, hyphens or underscores: a role name holds 64 characters, and the region is appended to it."
  }
}

variable "description" {
  description = "What the function does, at most 256 characters."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.description) <= 256
    error_message = "description may have at most 256 characters."
  }
}

variable "handler" {
  description = "Python path of the handler: package.module.function."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)+$", var.handler))
    error_message = "handler must be a dotted Python path such as provisioning_hook.handler.lambda_handler."
  }
}

variable "package_path" {
  description = "Path of the deployment package (.zip), as `make package` builds it."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.package_path, ".zip")
    error_message = "package_path must name a .zip file."
  }
}

variable "package_sha256" {
  description = "Expected SHA-256 of the package, in hexadecimal. Set it to deploy the artefact that was tested and no other; null accepts any."
  type        = string
  default     = null

  validation {
    condition     = var.package_sha256 == null ? true : can(regex("^[0-9a-f]{64}$", var.package_sha256))
    error_message = "package_sha256 must be 64 lower-case hexadecimal digits (the output of sha256sum), or null."
  }
}

variable "environment" {
  description = "Environment variables. Names and numbers only: they are readable to whoever may describe the function."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(jsonencode(var.environment)) <= 4096
    error_message = "environment may have at most 4 KB in all: take variables out or shorten them."
  }

  validation {
    condition     = alltrue([for key in keys(var.environment) : can(regex("^[A-Za-z][A-Za-z0-9_]+$", key))])
    error_message = "environment may only have keys that start with a letter and hold letters, digits and underscores, two characters or more."
  }
}

variable "timeout" {
  description = "Seconds one invocation may take, 1 to 900."
  type        = number
  nullable    = false

  validation {
    condition     = var.timeout >= 1 && var.timeout <= 900 && floor(var.timeout) == var.timeout
    error_message = "timeout must be a whole number of seconds from 1 to 900."
  }
}

variable "memory_size" {
  description = "Memory in MB, 128 to 10240. The processor's share grows with it."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size must be a whole number of MB from 128 to 10240."
  }
}

variable "policies" {
  description = "Inline policies of the function's role: name to JSON document. Writing the own log group and sending traces is granted by this module."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for document in values(var.policies) : can(jsondecode(document).Statement)])
    error_message = "policies must hold JSON policy documents with a Statement."
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

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.logs.retention_in_days)
    error_message = "logs.retention_in_days must be one of the values CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, or 0 for ever."
  }

  validation {
    condition     = var.logs.kms_key_arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.logs.kms_key_arn))
    error_message = "logs.kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or a bare id."
  }

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO"], var.logs.application_level)
    error_message = "logs.application_level must be TRACE, DEBUG or INFO: decisions are logged at INFO, and a higher level would drop them."
  }

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN"], var.logs.system_level)
    error_message = "logs.system_level must be DEBUG, INFO or WARN."
  }
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

  validation {
    condition     = var.concurrency.reserved == null ? true : (var.concurrency.reserved >= 1 && floor(var.concurrency.reserved) == var.concurrency.reserved)
    error_message = "concurrency.reserved must be a whole number of 1 or more, or null: 0 would refuse every invocation."
  }

  validation {
    condition     = var.concurrency.provisioned == null ? true : (var.concurrency.provisioned >= 1 && floor(var.concurrency.provisioned) == var.concurrency.provisioned)
    error_message = "concurrency.provisioned must be a whole number of 1 or more, or null."
  }

  validation {
    condition     = !(var.concurrency.provisioned != null && var.concurrency.snap_start)
    error_message = "concurrency.provisioned and concurrency.snap_start exclude each other (AWS Lambda refuses them together): set provisioned to null or snap_start to false."
  }

  validation {
    condition     = try(var.concurrency.provisioned <= var.concurrency.reserved, true)
    error_message = "concurrency.provisioned may not exceed concurrency.reserved: raise reserved or lower provisioned."
  }
}

variable "dead_letter_target_arn" {
  description = "Queue or topic for events of asynchronous invocations that failed every attempt; null for a function that is only invoked synchronously. A policy in `policies` must allow the function to send there."
  type        = string
  default     = null

  validation {
    condition     = var.dead_letter_target_arn == null ? true : can(regex("^arn:aws[a-z-]*:(sqs|sns):[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$", var.dead_letter_target_arn))
    error_message = "dead_letter_target_arn must be the ARN of an SQS queue or an SNS topic (arn:aws:sqs:REGION:ACCOUNT:NAME), neither of them FIFO."
  }
}

variable "code_signing_config_arn" {
  description = "Code signing configuration that the package must satisfy; null asks for no signature."
  type        = string
  default     = null

  validation {
    condition     = var.code_signing_config_arn == null ? true : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:code-signing-config:csc-[a-z0-9]{17}$", var.code_signing_config_arn))
    error_message = "code_signing_config_arn must be the ARN of a Lambda code signing configuration (arn:aws:lambda:REGION:ACCOUNT:code-signing-config:csc-...)."
  }
}

variable "iam" {
  description = "Path and permissions boundary of the role, for accounts that demand them."
  type = object({
    path                     = optional(string, "/")
    permissions_boundary_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^/([\\x21-\\x7e]{1,510}/)?$", var.iam.path))
    error_message = "iam.path must begin and end with a slash and have at most 512 characters, for example /iot/."
  }

  validation {
    condition     = var.iam.permissions_boundary_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.iam.permissions_boundary_arn))
    error_message = "iam.permissions_boundary_arn must be the ARN of an IAM policy (arn:aws:iam::ACCOUNT:policy/NAME)."
  }
}

variable "tags" {
  description = "Tags of everything this module makes."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(var.tags) <= 50 && alltrue([
      for key, value in var.tags :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value)) && !startswith(lower(key), "aws:")
    ])
    error_message = "tags may have at most 50 entries; keys of 1 to 128 and values of up to 256 letters, digits, spaces or _.:/=+-@, and no key may begin with aws:."
  }
}
