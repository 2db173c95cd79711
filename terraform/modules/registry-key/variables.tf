variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name_prefix" {
  description = "Start of every name: 2 to 20 lower-case letters, digits and hyphens. The key's alias is called as the table, <name_prefix>-device-registry."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 2 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "deletion_window_in_days" {
  description = "Days between the destruction of the key and its end, 7 to 30."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_in_days >= 7 && var.deletion_window_in_days <= 30 && floor(var.deletion_window_in_days) == var.deletion_window_in_days
    error_message = "deletion_window_in_days must be a whole number from 7 to 30."
  }
}

variable "shared_with" {
  description = <<-EOT
    Other accounts whose stacks read and write the table that this key encrypts, by account id; each as in modules/device-registry:
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
