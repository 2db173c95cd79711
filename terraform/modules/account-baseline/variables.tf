variable "create" {
  description = "Whether to make or manage anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name_prefix" {
  description = "Start of the names of roles, of the CloudFormation stack, of the scheduled audit and of mitigation actions: 2 to 20 lower-case letters, digits and hyphens."
  type        = string
  default     = "iot-baseline"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 2 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "event_configurations" {
  description = <<-EOT
    Which registry events AWS IoT publishes in this account and Region; null leaves them as they are.
    - `enabled`: the event types that are on; the others of the eleven are switched off. By default all are on.
  EOT
  type = object({
    enabled = optional(set(string), [
      "CA_CERTIFICATE",
      "CERTIFICATE",
      "JOB",
      "JOB_EXECUTION",
      "POLICY",
      "THING",
      "THING_GROUP",
      "THING_GROUP_HIERARCHY",
      "THING_GROUP_MEMBERSHIP",
      "THING_TYPE",
      "THING_TYPE_ASSOCIATION",
    ])
  })
  default = null

  validation {
    condition     = length(setsubtract(try(var.event_configurations.enabled, []), local.event_types)) == 0
    error_message = "event_configurations.enabled may name these types only: ${join(", ", local.event_types)}."
  }
}

variable "indexing" {
  description = <<-EOT
    What fleet indexing makes searchable in this account and Region; null leaves it as it is. Indexing costs by updates and by queries.
    - `things`: `REGISTRY`, `REGISTRY_AND_SHADOW` (the classic shadow too), or `OFF`.
    - `connectivity`: whether a device is connected, and since when. `iot-provisioning ca list-certificates` shows it.
    - `named_shadows`: names of the named shadows that are indexed.
    - `custom_fields`: further fields to search by, with their type: `Number`, `String` or `Boolean`.
    - `thing_groups`: whether thing groups are indexed too.
  EOT
  type = object({
    things        = optional(string, "REGISTRY_AND_SHADOW")
    connectivity  = optional(bool, true)
    named_shadows = optional(set(string), [])
    custom_fields = optional(map(string), {})
    thing_groups  = optional(bool, true)
  })
  default = null

  validation {
    condition     = contains(["OFF", "REGISTRY", "REGISTRY_AND_SHADOW"], try(var.indexing.things, "OFF"))
    error_message = "indexing.things must be REGISTRY, REGISTRY_AND_SHADOW or OFF."
  }

  validation {
    condition     = try(var.indexing.things, "REGISTRY") != "OFF" ? true : !var.indexing.connectivity && length(var.indexing.named_shadows) == 0 && length(var.indexing.custom_fields) == 0
    error_message = "indexing.things is OFF, so connectivity must be false, and named_shadows and custom_fields empty: AWS IoT indexes them with the things or not at all."
  }

  validation {
    condition     = alltrue([for name in try(var.indexing.named_shadows, []) : can(regex("^[a-zA-Z0-9:_-]{1,64}$", name))])
    error_message = "indexing.named_shadows must each be 1 to 64 letters, digits or :_- (an AWS IoT limit)."
  }

  validation {
    condition     = alltrue([for name, type in try(var.indexing.custom_fields, {}) : length(name) <= 1024 && contains(["Number", "String", "Boolean"], type)])
    error_message = "indexing.custom_fields must have names of at most 1024 characters and Number, String or Boolean as each type."
  }
}

variable "logging" {
  description = <<-EOT
    AWS IoT's own log in this account and Region; null leaves it as it is.
    - `level`: `ERROR`, `WARN`, `INFO`, `DEBUG` or `DISABLED`. A refused provisioning is an ERROR.
    - `manage_log_group`: whether the log group AWSIotLogsV2 is made here. False where it exists already and is not imported.
    - `retention_in_days`: of that group; one of the values CloudWatch Logs accepts, 0 keeps for ever.
    - `kms_key_arn`: key that encrypts it. The key's policy must let CloudWatch Logs use it for this group.
  EOT
  type = object({
    level             = optional(string, "WARN")
    manage_log_group  = optional(bool, true)
    retention_in_days = optional(number, 365)
    kms_key_arn       = optional(string)
  })
  default = null

  validation {
    condition     = contains(["ERROR", "WARN", "INFO", "DEBUG", "DISABLED"], try(var.logging.level, "WARN"))
    error_message = "logging.level must be ERROR, WARN, INFO, DEBUG or DISABLED."
  }

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], try(var.logging.retention_in_days, 365))
    error_message = "logging.retention_in_days must be one of the values CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, or 0 for ever."
  }

  validation {
    condition     = try(var.logging.kms_key_arn, null) == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.logging.kms_key_arn))
    error_message = "logging.kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or a bare id."
  }

  validation {
    condition     = try(var.logging.manage_log_group, true) || try(var.logging.kms_key_arn, null) == null
    error_message = "logging.kms_key_arn needs manage_log_group: the key is an attribute of the log group. Set manage_log_group to true, or take the key out."
  }
}

variable "audit" {
  description = <<-EOT
    Device Defender audit of this account and Region; null leaves it as it is. It costs by the number of devices.
    - `checks`: the checks that are on, by their names in the API. By default those of certificates, CAs, IoT policies, client ids and logging; off are the two of Cognito and the two of role aliases, which nothing here uses.
    - `scheduled_checks`: those of them that the scheduled audit runs; null means all. A check leaves this list in one apply and `checks` in the next (see README).
    - `frequency`: `DAILY`, `WEEKLY` or `BIWEEKLY` with `day_of_week` (SUN to SAT), `MONTHLY` with `day_of_month` (1 to 31 or LAST).
    - `certificate_age_days`, `certificate_expiry_days`: from which age, and how long before its end, a device's certificate is reported; 30 to 3652. Null takes AWS's defaults, 365 and 30.
    - `notifications`: topic that is told of finished audits with findings (`topic_arn`), and the key that encrypts the topic, if it is a customer's (`kms_key_arn`).
    - `mitigation_actions`: what an operator may apply to findings, by key (1 to 16 letters and digits); each is one of `deactivate_certificate = true`, `thing_groups` (names of groups that exist, 1 to 10) or `topic_arn` (with `kms_key_arn`).
  EOT
  type = object({
    checks = optional(set(string), [
      "CA_CERTIFICATE_EXPIRING_CHECK",
      "CA_CERTIFICATE_KEY_QUALITY_CHECK",
      "CONFLICTING_CLIENT_IDS_CHECK",
      "DEVICE_CERTIFICATE_AGE_CHECK",
      "DEVICE_CERTIFICATE_EXPIRING_CHECK",
      "DEVICE_CERTIFICATE_KEY_QUALITY_CHECK",
      "DEVICE_CERTIFICATE_SHARED_CHECK",
      "INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK",
      "IOT_POLICY_OVERLY_PERMISSIVE_CHECK",
      "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK",
      "LOGGING_DISABLED_CHECK",
      "REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK",
      "REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK",
    ])
    scheduled_checks        = optional(set(string))
    frequency               = optional(string, "DAILY")
    day_of_week             = optional(string)
    day_of_month            = optional(string)
    certificate_age_days    = optional(number)
    certificate_expiry_days = optional(number)
    notifications = optional(object({
      topic_arn   = string
      kms_key_arn = optional(string)
    }))
    mitigation_actions = optional(map(object({
      deactivate_certificate = optional(bool, false)
      thing_groups           = optional(set(string))
      topic_arn              = optional(string)
      kms_key_arn            = optional(string)
    })), {})
  })
  default = null

  validation {
    condition     = var.audit == null ? true : length(var.audit.checks) > 0 && length(setsubtract(var.audit.checks, keys(local.check_properties))) == 0
    error_message = "audit.checks must name at least one of these, and no other: ${join(", ", keys(local.check_properties))}."
  }

  validation {
    condition     = try(var.audit.scheduled_checks, null) == null ? true : length(var.audit.scheduled_checks) > 0 && length(setsubtract(var.audit.scheduled_checks, var.audit.checks)) == 0
    error_message = "audit.scheduled_checks must name at least one check, and only such as checks has: an audit cannot run a check that is off."
  }

  validation {
    condition     = contains(["DAILY", "WEEKLY", "BIWEEKLY", "MONTHLY"], try(var.audit.frequency, "DAILY"))
    error_message = "audit.frequency must be DAILY, WEEKLY, BIWEEKLY or MONTHLY."
  }

  validation {
    condition = var.audit == null ? true : (
      contains(["WEEKLY", "BIWEEKLY"], var.audit.frequency)
      ? contains(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], coalesce(var.audit.day_of_week, "none"))
      : var.audit.day_of_week == null
    )
    error_message = "audit.day_of_week must be SUN, MON, TUE, WED, THU, FRI or SAT with the frequency WEEKLY or BIWEEKLY, and null with another."
  }

  validation {
    condition = var.audit == null ? true : (
      var.audit.frequency == "MONTHLY"
      ? can(regex("^([1-9]|[12][0-9]|3[01]|LAST)$", var.audit.day_of_month))
      : var.audit.day_of_month == null
    )
    error_message = "audit.day_of_month must be 1 to 31 or LAST with the frequency MONTHLY, and null with another."
  }

  validation {
    condition = alltrue([
      for days in [try(var.audit.certificate_age_days, null), try(var.audit.certificate_expiry_days, null)] :
      days == null ? true : days >= 30 && days <= 3652 && floor(days) == days
    ])
    error_message = "audit.certificate_age_days and audit.certificate_expiry_days must be whole numbers from 30 to 3652 (AWS IoT limits), or null."
  }

  validation {
    condition = var.audit == null ? true : (
      (var.audit.certificate_age_days == null || contains(var.audit.checks, "DEVICE_CERTIFICATE_AGE_CHECK"))
      && (var.audit.certificate_expiry_days == null || contains(var.audit.checks, "DEVICE_CERTIFICATE_EXPIRING_CHECK"))
    )
    error_message = "audit.checks must have DEVICE_CERTIFICATE_AGE_CHECK where certificate_age_days is set, and DEVICE_CERTIFICATE_EXPIRING_CHECK where certificate_expiry_days is: add the check, or set the days to null."
  }

  validation {
    condition = alltrue([
      for topic in concat(try([var.audit.notifications], []), [for action in values(try(var.audit.mitigation_actions, {})) : action if action.topic_arn != null]) :
      topic == null ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", topic.topic_arn))
    ])
    error_message = "audit.notifications and audit.mitigation_actions must have the ARN of an SNS topic as topic_arn (arn:aws:sns:REGION:ACCOUNT:NAME), and not of a FIFO one."
  }

  validation {
    condition = alltrue([
      for topic in concat(try([var.audit.notifications], []), values(try(var.audit.mitigation_actions, {}))) :
      try(topic.kms_key_arn, null) == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", topic.kms_key_arn)) && topic.topic_arn != null
    ])
    error_message = "audit.notifications and audit.mitigation_actions may have a kms_key_arn only with a topic_arn, and it must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or a bare id."
  }

  validation {
    condition     = alltrue([for key in keys(try(var.audit.mitigation_actions, {})) : can(regex("^[A-Za-z0-9]{1,16}$", key))])
    error_message = "audit.mitigation_actions must be keyed by 1 to 16 letters and digits."
  }

  validation {
    condition = alltrue([
      for action in values(try(var.audit.mitigation_actions, {})) :
      length([for chosen in [action.deactivate_certificate, action.thing_groups != null, action.topic_arn != null] : chosen if chosen]) == 1
    ])
    error_message = "audit.mitigation_actions must each have exactly one of deactivate_certificate = true, thing_groups and topic_arn."
  }

  validation {
    condition = alltrue([
      for action in values(try(var.audit.mitigation_actions, {})) :
      action.thing_groups == null ? true : length(action.thing_groups) >= 1 && length(action.thing_groups) <= 10 && alltrue([for name in action.thing_groups : can(regex("^[a-zA-Z0-9_-]{1,128}$", name))])
    ])
    error_message = "audit.mitigation_actions may name 1 to 10 thing_groups, each of 1 to 128 letters, digits, hyphens or underscores."
  }
}

variable "iam" {
  description = "Path and permissions boundary of the roles, for accounts that demand them."
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
