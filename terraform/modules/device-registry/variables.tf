variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name_prefix" {
  description = "Start of every name: 2 to 20 lower-case letters, digits and hyphens. The table is called <name_prefix>-device-registry."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 2 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "kms_key_arn" {
  description = "Customer-managed key that encrypts the table; null makes one with yearly rotation. A given key's policy must let the account's IAM policies apply (see README)."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or a bare id."
  }
}

variable "kms_deletion_window_in_days" {
  description = "Days between the destruction of the own key and its end, 7 to 30."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.kms_deletion_window_in_days >= 7 && var.kms_deletion_window_in_days <= 30 && floor(var.kms_deletion_window_in_days) == var.kms_deletion_window_in_days
    error_message = "kms_deletion_window_in_days must be a whole number from 7 to 30."
  }
}

variable "deletion_protection_enabled" {
  description = "Whether the table refuses to be deleted. Set it to false and apply before you destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "recovery_period_in_days" {
  description = "Days back to which the table can be restored to any second, 1 to 35; null takes AWS's default, which is 35."
  type        = number
  default     = null

  validation {
    condition     = var.recovery_period_in_days == null ? true : var.recovery_period_in_days >= 1 && var.recovery_period_in_days <= 35 && floor(var.recovery_period_in_days) == var.recovery_period_in_days
    error_message = "recovery_period_in_days must be a whole number from 1 to 35, or null."
  }
}

variable "replicas" {
  description = "Other regions that hold a replica of the table: region to its key there (`kms_key_arn`, needed because a replica of a table with a customer-managed key has one too) and whether it has point-in-time recovery."
  type = map(object({
    kms_key_arn            = string
    point_in_time_recovery = optional(bool, true)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for region in keys(var.replicas) : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$", region))])
    error_message = "replicas must be keyed by region, for example eu-central-1."
  }

  validation {
    condition     = alltrue([for region, replica in var.replicas : can(regex("^arn:aws[a-z-]*:kms:${region}:[0-9]{12}:key/[A-Za-z0-9-]+$", replica.kms_key_arn))])
    error_message = "replicas[*].kms_key_arn must be the ARN of a KMS key in the replica's own region."
  }
}

variable "existing_table" {
  description = <<-EOT
    A table that is made elsewhere and used here, so that none is made; null makes one.
    - `arn`: the replica in this Region of another call's table (its output `replicas`), or the table of a central registry in another account, whose `shared_with` names this one. A table of another Region cannot be used.
    - `stream_arn`: of a replica's stream. Null where the table is another account's: changes of records are then followed by the sweep alone.
    - `kms_key_arn`: the key that encrypts it in this Region.
  EOT
  type = object({
    arn         = string
    stream_arn  = optional(string)
    kms_key_arn = string
  })
  default = null

  validation {
    condition     = var.existing_table == null ? true : can(regex("^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]{3,255}$", var.existing_table.arn))
    error_message = "existing_table.arn must be the ARN of a table (arn:aws:dynamodb:REGION:ACCOUNT:table/NAME)."
  }

  validation {
    condition     = try(var.existing_table.stream_arn, null) == null ? true : startswith(var.existing_table.stream_arn, "${var.existing_table.arn}/stream/")
    error_message = "existing_table.stream_arn must be the ARN of that table's stream (its ARN, /stream/ and a time)."
  }

  validation {
    condition     = var.existing_table == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.existing_table.kms_key_arn))
    error_message = "existing_table.kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or a bare id."
  }

  validation {
    condition     = var.existing_table == null ? true : var.kms_key_arn == null && length(var.replicas) == 0
    error_message = "existing_table leaves no table to encrypt or to replicate: set kms_key_arn and replicas where the table is made."
  }
}

variable "shared_with" {
  description = <<-EOT
    Other accounts whose stacks use this table as their registry, by account id: the table's policy lets their hooks, gates and lifecycle functions in, by the names of their roles in this Region, and so does the key made here (a given key's policy is yours, see README).
    - `name_prefix`: of that account's stack; null means the same as here.
    - `role_path`: path of its functions' roles, as its `iam.path` says.
  EOT
  type = map(object({
    name_prefix = optional(string)
    role_path   = optional(string, "/")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for account_id in keys(var.shared_with) : can(regex("^[0-9]{12}$", account_id))])
    error_message = "shared_with must be keyed by the ids of accounts, of twelve digits each."
  }

  validation {
    condition     = alltrue([for stack in values(var.shared_with) : stack.name_prefix == null ? true : can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", stack.name_prefix))])
    error_message = "shared_with[*].name_prefix must be the name_prefix of that account's stack: 2 to 20 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = alltrue([for stack in values(var.shared_with) : can(regex("^/([!-)+->@-~]+/)*$", stack.role_path))])
    error_message = "shared_with[*].role_path must be a path that begins and ends with a slash and has no * or ?, for example / or /iot/."
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
