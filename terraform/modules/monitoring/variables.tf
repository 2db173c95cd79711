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

################################################################################
# What there is to watch: names, so that nothing here waits for what they name
################################################################################

variable "templates" {
  description = "Names of the provisioning templates that devices register through, by a key of your own. Not those for just-in-time provisioning: AWS IoT counts them apart, and all together."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "claims" {
  description = "Claim certificates by a key of your own: `certificate_id`, and `budget`, the number of things that it is meant for; null takes the threshold of the alarm claim-budget."
  type = map(object({
    certificate_id = string
    budget         = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for claim in values(var.claims) : claim.budget == null ? true : claim.budget >= 1 && floor(claim.budget) == claim.budget])
    error_message = "claims: a budget is the number of things that may be registered through a claim certificate, a whole number from 1 on."
  }
}

variable "claim_guard" {
  description = "What switches a claim certificate off when its alarm claim-budget goes off: `function_arn`, and `alarm_arns`, the alarms that may call it, by the keys of `claims`: both outputs of the claim-guard module. An action of these alarms beside the topic. Null: nobody but an operator does."
  type        = object({ function_arn = string, alarm_arns = map(string) })
  default     = null

  validation {
    condition     = var.claim_guard == null ? true : can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[0-9A-Za-z_-]{1,64}(:[0-9A-Za-z_$-]{1,128})?$", var.claim_guard.function_arn))
    error_message = "claim_guard must have, as function_arn, the ARN of a function or of its alias."
  }

  # An alarm that may not call it would go off, say that it does, and switch nothing off.
  validation {
    condition     = var.claim_guard == null ? true : toset(keys(var.claim_guard.alarm_arns)) == toset(keys(var.claims))
    error_message = "claim_guard must guard the claims that are watched: alarm_arns has other keys than claims. Give the claim-guard module the same keys."
  }

  validation {
    condition     = var.claim_guard == null ? true : alltrue([for key, arn in var.claim_guard.alarm_arns : endswith(arn, ":alarm:${var.name_prefix}-claim-budget-${key}")])
    error_message = "claim_guard lets in other alarms than there are: each of alarm_arns must end in :alarm:<name_prefix>-claim-budget-<key>. Give the claim-guard module the same name_prefix."
  }

  validation {
    condition     = var.claim_guard == null || try(var.alarms["claim-budget"].enabled, null) != false
    error_message = "claim_guard is called by the alarms claim-budget, and alarms has these switched off. Leave one of the two out."
  }
}

variable "just_in_time" {
  description = "Whether devices come up by just-in-time provisioning with a template too."
  type        = bool
  default     = false
  nullable    = false
}

variable "hook" {
  description = "The pre-provisioning hook: `name` of its function and its `timeout_seconds`. Null: there is none, and nothing that decides about devices."
  type = object({
    name            = string
    timeout_seconds = number
  })
  default = null
}

variable "functions" {
  description = "Every other function, by a key of your own: `name`, and `timeout_seconds`, which its latency is compared with."
  type = map(object({
    name            = string
    timeout_seconds = number
  }))
  default  = {}
  nullable = false
}

variable "lifecycle_functions" {
  description = "Names of the functions of the device-lifecycle module that have alarms of their own: `sweep`, `enforcement`; null where there is none. Null altogether: there is no such module, and none of its metrics."
  type = object({
    sweep       = optional(string)
    enforcement = optional(string)
  })
  default = null
}

variable "unexpected_things" {
  description = "Whether the device lifecycle looks for things without a record: without, nothing would ever be counted."
  type        = bool
  default     = true
  nullable    = false
}

variable "canary" {
  description = "Whether there is a canary (modules/canary), whose runs are watched."
  type        = bool
  default     = false
  nullable    = false
}

variable "registry" {
  description = "The device registry: `table_name`, and the `operations` on it that are watched. Amazon DynamoDB counts what it throttled by operation only."
  type = object({
    table_name = string
    operations = optional(set(string), ["GetItem", "Query", "UpdateItem"])
  })
  default = null

  validation {
    condition     = alltrue([for registry in var.registry[*] : length(registry.operations) > 0 && alltrue([for operation in registry.operations : can(regex("^(Batch(Get|Write)|Delete|Get|Put|Transact(Get|Write)|Update)Items?$|^(Query|Scan)$", operation))])])
    error_message = "registry: operations must name operations of Amazon DynamoDB as its metrics do, for example UpdateItem or Query, and at least one."
  }
}

variable "topic_rules" {
  description = "Topic rules by a key of your own: `name`, the types of their actions and of their error actions as CloudWatch's dimension ActionType has them."
  type = map(object({
    name               = string
    action_types       = optional(set(string), ["Lambda"])
    error_action_types = optional(set(string), ["SQS"])
  }))
  default  = {}
  nullable = false
}

variable "queues" {
  description = "Names of the dead-letter queues by a key of your own."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "decision_log_groups" {
  description = "Names of the log groups that hold decisions, by a key of your own, for the dashboard's list of those who were denied last."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "metric_namespaces" {
  description = "CloudWatch namespaces of the metrics counted from logs: `decisions` (ProvisioningDenials, ProvisioningDecisions) and `lifecycle` (DevicesActivated, LifecycleFaults, StateChanges, StuckProvisioning, SweepFailures, SweepLeft, UnexpectedThings) and `canary` (CanaryFailures, CanaryRuns). Null means IoTProvisioning/<name_prefix>."
  type = object({
    decisions = optional(string)
    lifecycle = optional(string)
    canary    = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for namespace in values(var.metric_namespaces) : namespace == null ? true : can(regex("^[0-9A-Za-z._/#-]{1,255}$", namespace)) && !startswith(namespace, "AWS/")])
    error_message = "metric_namespaces must each be 1 to 255 letters, digits or ._/#- and may not begin with AWS/."
  }
}

################################################################################
# What is asked of the alarms
################################################################################

variable "alarms" {
  description = <<-EOT
    What is to differ from the defaults, by kind of alarm (see the table in README). Null keeps the default:
    - `enabled`: whether there are alarms of this kind.
    - `threshold`: in the unit of the table.
    - `period_seconds`, `evaluation_periods`, `datapoints_to_alarm`: so many periods out of so many must breach it.
    - `detection`: `threshold`, or `anomaly` for a band around what CloudWatch has learnt to be usual (two weeks make a good one), `band_width` standard deviations wide. Only where the table says so.
    - `minimum_calls`: for registration-failure-ratio, calls in a period below which no ratio is judged; 10 by default, 0 judges every one.
  EOT
  type = map(object({
    enabled             = optional(bool)
    threshold           = optional(number)
    period_seconds      = optional(number)
    evaluation_periods  = optional(number)
    datapoints_to_alarm = optional(number)
    detection           = optional(string, "threshold")
    band_width          = optional(number)
    minimum_calls       = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.alarms), keys(local.catalogue))) == 0
    error_message = "alarms: there is no alarm ${join(", ", setsubtract(keys(var.alarms), keys(local.catalogue)))}. Name one of ${join(", ", keys(local.catalogue))}."
  }

  validation {
    # Of nothing at all there would be an alarm without an end; fewer than none there never are.
    condition     = alltrue([for kind, alarm in var.alarms : alarm.threshold == null ? true : alarm.threshold > 0 || (kind == "claim-budget" && alarm.threshold == 0)])
    error_message = "alarms: a threshold must be greater than 0, but for claim-budget, where 0 means that nobody may come in."
  }

  validation {
    condition     = alltrue([for kind in ["registration-failure-ratio", "function-duration"] : try(var.alarms[kind].threshold, null) == null ? true : var.alarms[kind].threshold > 0 && var.alarms[kind].threshold <= 1])
    error_message = "alarms: the thresholds of registration-failure-ratio and function-duration are shares, above 0 and up to 1."
  }

  validation {
    condition     = try(var.alarms["hook-duration"].threshold, null) == null ? true : var.alarms["hook-duration"].threshold < 5000
    error_message = "alarms: the threshold of hook-duration is in milliseconds and must be below 5000: AWS IoT waits no longer, so that a greater one would never be reached."
  }

  validation {
    condition     = var.hook == null || try(var.alarms["hook-duration"].threshold, null) == null ? true : var.alarms["hook-duration"].threshold < var.hook.timeout_seconds * 1000
    error_message = "alarms: the threshold of hook-duration must be below the hook's timeout (hook.timeout_seconds, in milliseconds), which ends a call before."
  }

  validation {
    condition     = alltrue([for alarm in values(var.alarms) : alarm.period_seconds == null ? true : alarm.period_seconds >= 60 && alarm.period_seconds % 60 == 0])
    error_message = "alarms: period_seconds must be a multiple of 60: AWS publishes these metrics by the minute."
  }

  validation {
    condition = alltrue([for alarm in values(var.alarms) : alltrue([
      for count in [alarm.evaluation_periods, alarm.datapoints_to_alarm] : count == null ? true : count >= 1 && floor(count) == count
    ])])
    error_message = "alarms: evaluation_periods and datapoints_to_alarm must be whole numbers from 1 on."
  }

  validation {
    condition = alltrue([for kind, alarm in var.alarms : alarm.datapoints_to_alarm == null ? true : (
      alarm.datapoints_to_alarm <= coalesce(alarm.evaluation_periods, try(local.catalogue[kind].evaluation_periods, null), 1)
    )])
    error_message = "alarms: datapoints_to_alarm may not be greater than evaluation_periods: raise evaluation_periods too."
  }

  # A limit of CloudWatch: a day, and a week for periods of an hour and more.
  validation {
    condition = alltrue([for kind, alarm in var.alarms : (
      coalesce(alarm.period_seconds, try(local.catalogue[kind].period_seconds, null), 60) * coalesce(alarm.evaluation_periods, try(local.catalogue[kind].evaluation_periods, null), 1)
      <= (coalesce(alarm.period_seconds, try(local.catalogue[kind].period_seconds, null), 60) >= 3600 ? 604800 : 86400)
    )])
    error_message = "alarms: evaluation_periods times period_seconds may be a day at most, or a week with period_seconds of 3600 and more (a CloudWatch limit)."
  }

  validation {
    condition     = alltrue([for alarm in values(var.alarms) : contains(["threshold", "anomaly"], alarm.detection)])
    error_message = "alarms: detection must be threshold or anomaly."
  }

  validation {
    condition     = alltrue([for kind, alarm in var.alarms : alarm.detection != "anomaly" || try(local.catalogue[kind].anomaly, true)])
    error_message = "alarms: detection = \"anomaly\" is only for ${join(", ", [for kind, alarm in local.catalogue : kind if alarm.anomaly])}. Where the number that matters is known, set threshold."
  }

  validation {
    condition     = alltrue([for alarm in values(var.alarms) : alarm.band_width == null ? true : alarm.band_width > 0 && alarm.detection == "anomaly"])
    error_message = "alarms: band_width must be greater than 0 and goes with detection = \"anomaly\"."
  }

  validation {
    condition     = alltrue([for kind, alarm in var.alarms : alarm.minimum_calls == null ? true : kind == "registration-failure-ratio" && alarm.minimum_calls >= 0])
    error_message = "alarms: minimum_calls is for registration-failure-ratio alone, and not negative."
  }
}

variable "denial_thresholds" {
  description = "Denials for one reason in a period from which on there is an alarm, by reason; null takes the threshold of denials-by-reason. A reason that is not listed has no alarm of its own. By default those that mean an attack or a fault of ours have one, those that mean a mistake in a factory count among all denials."
  type        = map(number)
  default = {
    CERTIFICATE_REVOKED          = 1
    CLAIMED_BY_OTHER_CERTIFICATE = 5
    CRL_UNAVAILABLE              = 1
    INTERNAL_ERROR               = 1
    MALFORMED_RECORD             = 1
    MISCONFIGURED                = 1
    REGISTRY_UNAVAILABLE         = 1
    REVOKED                      = 1
    SUSPENDED                    = 5
    UNKNOWN_SERIAL               = 10
    WRONG_CLAIM                  = 1
  }
  nullable = false

  validation {
    condition = length(setsubtract(keys(var.denial_thresholds), local.reasons)) == 0
    # Listed whole: a reason that does not exist would never be counted.
    error_message = "denial_thresholds: no device is denied for ${join(", ", setsubtract(keys(var.denial_thresholds), local.reasons))}. Name some of ${join(", ", local.reasons)}."
  }

  validation {
    condition     = alltrue([for threshold in values(var.denial_thresholds) : threshold == null ? true : threshold >= 1])
    error_message = "denial_thresholds must each be 1 or more, or null."
  }
}

variable "state_change_thresholds" {
  description = "Records that change into a state in a period from which on there is an alarm, by state; null takes the threshold of state-changes. Whoever takes many devices out of service at once should know that others notice."
  type        = map(number)
  default     = { REVOKED = 25, SUSPENDED = 25 }
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.state_change_thresholds), local.states)) == 0
    error_message = "state_change_thresholds: there is no state ${join(", ", setsubtract(keys(var.state_change_thresholds), local.states))}. Name some of ${join(", ", local.states)}."
  }

  validation {
    condition     = alltrue([for threshold in values(var.state_change_thresholds) : threshold == null ? true : threshold >= 1])
    error_message = "state_change_thresholds must each be 1 or more, or null."
  }
}

variable "runbook" {
  description = "Where docs/runbooks.md is read: an address, or the path in this repository. Each alarm's description names it, with the alarm's section."
  type        = string
  default     = "docs/runbooks.md"
  nullable    = false

  validation {
    condition     = can(regex("^\\S{1,500}$", var.runbook)) && !strcontains(var.runbook, "#")
    error_message = "runbook must be an address or a path of up to 500 characters without spaces and without #: each alarm adds its own section."
  }
}

################################################################################
# Whom they tell, and where it is seen
################################################################################

variable "notifications" {
  description = <<-EOT
    Whom alarms tell:
    - `topic`: the `arn` of a topic of SNS that is made elsewhere; null makes one. Its policy, and its key's if it has one, must let CloudWatch alarms publish (see README).
    - `kms_key`: the `arn` of a customer-managed key for the topic that is made; null makes one. Its policy must let CloudWatch alarms use it (see README).
    - `kms_deletion_window_in_days`: 7 to 30, of a key made here.
    - `subscriptions`: by a key of your own, `protocol` (email, email-json, https, lambda, sms or sqs), `endpoint` and `raw_message_delivery`. Whoever subscribes by e-mail has to confirm it; a queue's or a function's own policy must let the topic in.
    - `ok`: whether to tell, too, that an alarm is over.
  EOT
  type = object({
    topic                       = optional(object({ arn = string }))
    kms_key                     = optional(object({ arn = string }))
    kms_deletion_window_in_days = optional(number, 30)
    subscriptions = optional(map(object({
      protocol             = string
      endpoint             = string
      raw_message_delivery = optional(bool, false)
    })), {})
    ok = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.notifications.topic == null || var.notifications.kms_key == null
    error_message = "notifications: kms_key is of the topic that is made here. Leave it out beside topic: that topic has its own."
  }

  validation {
    condition     = var.notifications.topic == null ? true : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[0-9A-Za-z_-]{1,256}$", var.notifications.topic.arn))
    error_message = "notifications: topic must have the ARN of a topic of SNS that is no FIFO topic."
  }

  validation {
    condition     = var.notifications.kms_key == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.notifications.kms_key.arn))
    error_message = "notifications: kms_key must have the ARN of a key of your own. CloudWatch cannot publish to a topic that alias/aws/sns encrypts."
  }

  validation {
    condition     = var.notifications.kms_deletion_window_in_days >= 7 && var.notifications.kms_deletion_window_in_days <= 30
    error_message = "notifications: kms_deletion_window_in_days must be from 7 to 30 (an AWS KMS limit)."
  }

  validation {
    condition     = alltrue([for subscription in values(var.notifications.subscriptions) : contains(["email", "email-json", "https", "lambda", "sms", "sqs"], subscription.protocol)])
    error_message = "notifications: a subscription's protocol must be email, email-json, https, lambda, sms or sqs."
  }

  validation {
    condition     = alltrue([for subscription in values(var.notifications.subscriptions) : !subscription.raw_message_delivery || contains(["https", "sqs"], subscription.protocol)])
    error_message = "notifications: raw_message_delivery is for subscriptions of protocol https or sqs."
  }
}

variable "dashboard" {
  description = "The CloudWatch dashboard: `enabled`, and its `name`; null means <name_prefix>-provisioning."
  type = object({
    enabled = optional(bool, true)
    name    = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.dashboard.name == null ? true : can(regex("^[0-9A-Za-z_-]{1,255}$", var.dashboard.name))
    error_message = "dashboard: a name has 1 to 255 letters, digits, hyphens or underscores."
  }
}

variable "tags" {
  description = "Tags of everything this module makes."
  type        = map(string)
  default     = {}
  nullable    = false
}
