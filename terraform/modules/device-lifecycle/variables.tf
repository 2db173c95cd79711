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

variable "stream_arn" {
  description = "ARN of the table's stream, with new and old images; needed unless create or stream.enabled is false."
  type        = string
  default     = null

  validation {
    condition     = !var.create || !var.stream.enabled || var.stream_arn != null
    error_message = "stream_arn must be set: it is one of the outputs of the device-registry module. Where there is no stream to read, set stream.enabled to false."
  }
}

variable "default_home_region" {
  description = <<-EOT
    Region whose hooks and gates decide about a record that names no other; set it, to the same everywhere, where the registry has replicas in several Regions. The enforcement function then also registers here what was let in there, with its thing, group and policy, and sets right what the Regions decided against each other. Null: this is the only one.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.default_home_region == null ? true : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$", var.default_home_region))
    error_message = "default_home_region must be a Region, for example eu-west-1, or null where there is one Region only."
  }

  validation {
    condition     = var.default_home_region == null ? true : var.stream.enabled
    error_message = "default_home_region needs the registry's stream, by which a Region hears of what the others decided. Set stream.enabled to true, or default_home_region to null."
  }
}

variable "decision_log_group_names" {
  description = "Log groups whose decisions belong into the audit trail, at most 40: a key of your choice (letters, digits, hyphens and underscores) to the name that the provisioning-hook, jitp-ca or claim-guard module puts out."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.decision_log_group_names) <= 40
    error_message = "decision_log_group_names may have at most 40 entries: the policy of the audit function holds no more (an AWS Lambda limit of 20 KB). Leave some out."
  }

  validation {
    condition     = alltrue([for key, name in var.decision_log_group_names : can(regex("^[A-Za-z0-9_-]{1,64}$", key)) && can(regex("^[A-Za-z0-9_/.#-]{1,512}$", coalesce(name, " ")))])
    error_message = "decision_log_group_names must be keyed by 1 to 64 letters, digits, hyphens or underscores, and hold names of log groups: 1 to 512 letters, digits or _/.#-."
  }
}

variable "confirm_by" {
  description = <<-EOT
    What turns a PROVISIONING record ACTIVE:
    - `FIRST_CONNECTION`: the device connects, as its thing, with the certificate that the record holds. AWS IoT always publishes these events.
    - `THING_EVENT`: its thing was made or changed, and the record's certificate is active and attached to it. Needs `thing_events`.
  EOT
  type        = string
  default     = "FIRST_CONNECTION"
  nullable    = false

  validation {
    condition     = contains(["FIRST_CONNECTION", "THING_EVENT"], var.confirm_by)
    error_message = "confirm_by must be FIRST_CONNECTION or THING_EVENT."
  }

  validation {
    condition     = var.confirm_by == "THING_EVENT" ? var.thing_events : true
    error_message = "confirm_by may only be THING_EVENT with thing_events = true: AWS IoT publishes no event about things unless the account's event configuration says so. Switch it on there (THING), and set thing_events."
  }
}

variable "thing_events" {
  description = "Whether the account's event configuration has the event type THING switched on, so that there is something to listen to. It is one for account and region, so this module does not touch it."
  type        = bool
  default     = false
  nullable    = false
}

variable "unexpected_things" {
  description = <<-EOT
    What becomes of a thing that was made or changed without an enrolled record, by hand or by a template without a gate. Needs `thing_events`; without, nobody finds them.
    - `ignore`;
    - `report`: a line in the log and the audit trail, and the metric UnexpectedThings;
    - `quarantine`: its certificates INACTIVE, the thing in the group <name_prefix>-quarantine, and reported.
  EOT
  type        = string
  default     = "report"
  nullable    = false

  validation {
    condition     = contains(["ignore", "report", "quarantine"], var.unexpected_things)
    error_message = "unexpected_things must be ignore, report or quarantine."
  }

  validation {
    condition     = var.unexpected_things == "quarantine" ? var.thing_events : true
    error_message = "unexpected_things may only be quarantine with thing_events = true: nothing would be found. Switch the account's event type THING on, and set thing_events, or choose report."
  }
}

variable "watched_thing_name_prefixes" {
  description = "How the names begin of things that may be unexpected; null means <name_prefix>-. An empty string watches every thing of account and region: quarantine then cuts off those of other systems too, unless ignored_thing_name_prefixes names them."
  type        = set(string)
  default     = null

  validation {
    condition     = var.watched_thing_name_prefixes == null ? true : length(var.watched_thing_name_prefixes) >= 1 && length(var.watched_thing_name_prefixes) <= 20 && alltrue([for prefix in var.watched_thing_name_prefixes : can(regex("^[a-zA-Z0-9:_-]{0,128}$", prefix))])
    error_message = "watched_thing_name_prefixes must be 1 to 20 starts of thing names, each of up to 128 letters, digits or :_-, or null for <name_prefix>-. To watch none, set unexpected_things to ignore."
  }
}

variable "ignored_thing_name_prefixes" {
  description = "How the names begin of things that are never unexpected: those of other systems, of CAs without a gate, of a stack whose name_prefix begins with this one's."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.ignored_thing_name_prefixes) <= 20 && alltrue([for prefix in var.ignored_thing_name_prefixes : can(regex("^[a-zA-Z0-9:_-]{1,128}$", prefix))])
    error_message = "ignored_thing_name_prefixes may be at most 20 starts of thing names, each of 1 to 128 letters, digits or :_-."
  }
}

variable "stream" {
  description = <<-EOT
    How the registry's changes are handed to the enforcement function:
    - `enabled`: whether they are. False, for a table whose stream belongs to another account, makes no such function: the sweep alone makes AWS IoT follow;
    - `batch_size`: changes at a time, 1 to 25: AWS IoT takes about ten calls a second for certificates, and a batch has two minutes;
    - `maximum_retry_attempts`: how often a change that fails is tried again, 1 to 10000. Meanwhile later changes of its shard wait;
    - `maximum_record_age_in_seconds`: how long, 60 to 86400 (a day: what the stream keeps). What is older or failed for good goes to the queue.
  EOT
  type = object({
    enabled                       = optional(bool, true)
    batch_size                    = optional(number, 25)
    maximum_retry_attempts        = optional(number, 10)
    maximum_record_age_in_seconds = optional(number, 21600)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.stream.batch_size >= 1 && var.stream.batch_size <= 25 && floor(var.stream.batch_size) == var.stream.batch_size
    error_message = "stream.batch_size must be a whole number from 1 to 25."
  }

  validation {
    condition     = var.stream.maximum_retry_attempts >= 1 && var.stream.maximum_retry_attempts <= 10000 && floor(var.stream.maximum_retry_attempts) == var.stream.maximum_retry_attempts
    error_message = "stream.maximum_retry_attempts must be a whole number from 1 to 10000: without an end, one bad record would hold up its shard for a day."
  }

  validation {
    condition     = var.stream.maximum_record_age_in_seconds >= 60 && var.stream.maximum_record_age_in_seconds <= 86400 && floor(var.stream.maximum_record_age_in_seconds) == var.stream.maximum_record_age_in_seconds
    error_message = "stream.maximum_record_age_in_seconds must be a whole number of seconds from 60 to 86400 (a day, as long as the stream keeps a record)."
  }
}

variable "sweep" {
  description = <<-EOT
    The sweep, which finishes what went half way:
    - `schedule`: rate(...) or cron(...), as EventBridge takes it, in UTC;
    - `timeout`: seconds one run may take, 60 to 900. What is left the next one does;
    - `stuck_after_seconds`: how long a record may be PROVISIONING before it counts as stuck, 60 to 604800; null means a day, or an hour with confirm_by THING_EVENT.
  EOT
  type = object({
    schedule            = optional(string, "rate(15 minutes)")
    timeout             = optional(number, 300)
    stuck_after_seconds = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^(rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)|cron\\(([0-9A-Za-z*?/,#-]+ ){5}[0-9A-Za-z*?/,#-]+\\))$", var.sweep.schedule))
    error_message = "sweep.schedule must be rate(15 minutes), with minute, hour or day in the singular for 1, or cron(...) with six fields."
  }

  validation {
    condition     = var.sweep.timeout >= 60 && var.sweep.timeout <= 900 && floor(var.sweep.timeout) == var.sweep.timeout
    error_message = "sweep.timeout must be a whole number of seconds from 60 to 900 (an AWS Lambda limit)."
  }

  validation {
    condition     = var.sweep.stuck_after_seconds == null ? true : var.sweep.stuck_after_seconds >= 60 && var.sweep.stuck_after_seconds <= 604800 && floor(var.sweep.stuck_after_seconds) == var.sweep.stuck_after_seconds
    error_message = "sweep.stuck_after_seconds must be a whole number of seconds from 60 to 604800 (a week), or null."
  }
}

variable "audit" {
  description = <<-EOT
    The audit trail:
    - `retention_in_days`: of its log group, one of the values CloudWatch Logs accepts; 0 keeps for ever.
    - `kms_key_arn`: key that encrypts log group and archive; null makes one. A given key must exist before the plan, and its policy must let CloudWatch Logs use it for /iot-provisioning/<name_prefix>/audit (see README).
    - `kms_deletion_window_in_days`: days between the destruction of the own key and its end, 7 to 30.
    - `archive`: a bucket for the same entries, whose objects cannot be changed or deleted before their time; null makes none. `bucket_name` (null: <name_prefix>-audit-<account>-<region>), `lock_mode` (GOVERNANCE: who may bypass it can; COMPLIANCE: nobody can, the root user neither), `lock_days`, `expiration_days` (null keeps for ever) and `force_destroy` (whether a destroy empties the bucket; what COMPLIANCE locks stays).
  EOT
  type = object({
    retention_in_days           = optional(number, 3653)
    kms_key_arn                 = optional(string)
    kms_deletion_window_in_days = optional(number, 30)
    archive = optional(object({
      bucket_name     = optional(string)
      lock_mode       = optional(string, "GOVERNANCE")
      lock_days       = optional(number, 365)
      expiration_days = optional(number)
      force_destroy   = optional(bool, false)
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.audit.retention_in_days)
    error_message = "audit.retention_in_days must be one of the values CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, or 0 for ever."
  }

  validation {
    condition     = var.audit.kms_key_arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.audit.kms_key_arn))
    error_message = "audit.kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or a bare id."
  }

  validation {
    condition     = var.audit.kms_deletion_window_in_days >= 7 && var.audit.kms_deletion_window_in_days <= 30 && floor(var.audit.kms_deletion_window_in_days) == var.audit.kms_deletion_window_in_days
    error_message = "audit.kms_deletion_window_in_days must be a whole number from 7 to 30."
  }

  validation {
    condition     = try(var.audit.archive.bucket_name, null) == null ? true : can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.audit.archive.bucket_name))
    error_message = "audit.archive.bucket_name must be 3 to 63 lower-case letters, digits and hyphens, with no hyphen at either end."
  }

  validation {
    condition     = var.audit.archive == null ? true : contains(["GOVERNANCE", "COMPLIANCE"], var.audit.archive.lock_mode)
    error_message = "audit.archive.lock_mode must be GOVERNANCE or COMPLIANCE."
  }

  validation {
    condition     = var.audit.archive == null ? true : var.audit.archive.lock_days >= 1 && var.audit.archive.lock_days <= 36500 && floor(var.audit.archive.lock_days) == var.audit.archive.lock_days
    error_message = "audit.archive.lock_days must be a whole number from 1 to 36500 (a hundred years, an Amazon S3 limit)."
  }

  validation {
    condition     = try(var.audit.archive.expiration_days, null) == null ? true : var.audit.archive.expiration_days >= var.audit.archive.lock_days && floor(var.audit.archive.expiration_days) == var.audit.archive.expiration_days
    error_message = "audit.archive.expiration_days must be a whole number and not less than lock_days, before which no object can go, or null to keep them for ever."
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
  description = "Path of the deployment package (.zip) of all four functions; null means build/device_lifecycle.zip of this repository, which `make package` builds."
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

variable "memory_size" {
  description = "Memory of each function in MB, 128 to 10240. The processor's share grows with it."
  type        = number
  default     = 256
  nullable    = false
}

variable "metric_namespace" {
  description = "CloudWatch namespace of the metrics counted from the functions' logs; null means IoTProvisioning/<name_prefix>."
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
    Log groups of the functions; the audit trail's is set with `audit`:
    - `retention_in_days`: one of the values CloudWatch Logs accepts; 0 keeps for ever.
    - `kms_key_arn`: key that encrypts them. The key's policy must let CloudWatch Logs use it.
    - `application_level`, `system_level`: what is kept of the functions' own lines and of the platform's.
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
  description = "Path and permissions boundary of every role, for accounts that demand them."
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
