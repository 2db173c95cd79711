variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name_prefix" {
  description = "Start of every name: 2 to 20 lower-case letters, digits and hyphens. One per environment of an account and region; a device's thing is called <name_prefix>-<serial number>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 2 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "device_types" {
  description = <<-EOT
    The kinds of device, by key (1 to 32 lower-case letters, digits and hyphens; `devices` is taken by the parent group, `quarantine` by the device lifecycle). The thing type, the thing group and the IoT policy of a kind are all called <name_prefix>-<key>.
    - `description`: of the thing type and the thing group.
    - `searchable_attributes`: up to three attribute names of the thing type.
    - `reprovision_policy`: what a device may do that has been provisioned before: `never`, or `replace` its certificate. The enrolment tool copies it into the device's record.
    - `policy_file`: path of a policy template (see README for the variables it may use), or
    - `topics`: what a device may `publish` and `subscribe` to. A topic is relative to <name_prefix>/<key>/<thing name>/, unless it holds the variable $${iot:Connection.Thing.ThingName} itself; `*` as the last level stands for everything below.
    - `first_shadow`: what the device lifecycle writes into the shadow of a device that came up, once, and never over a value that is there. `desired`: the settings, a JSON object (`jsonencode({...})`); null means the one shipped under first-shadows with the key's name, else first-shadows/default.json. `name`: of a named shadow; null is the classic one. `enabled = false`: none is written.

    With neither `policy_file` nor `topics`, the policy is the one shipped under policies/iot with the key's name.
  EOT
  type = map(object({
    description           = optional(string, "")
    searchable_attributes = optional(set(string), [])
    reprovision_policy    = optional(string, "never")
    policy_file           = optional(string)
    topics = optional(object({
      publish   = optional(list(string), [])
      subscribe = optional(list(string), [])
    }))
    first_shadow = optional(object({
      enabled = optional(bool, true)
      name    = optional(string)
      desired = optional(string)
    }), {})
  }))
  default  = {}
  nullable = false
}

variable "templates" {
  description = <<-EOT
    Provisioning templates by key; the name is <name_prefix>-<key>, at most 36 characters. One serves every kind of device; have more for devices that differ in what they say about themselves, or to be able to switch one production line off alone. Each takes the inputs of modules/fleet-template (see there): `description`, `enabled`, `parameters`, `attributes`, `thing_type_name`, `thing_group_name`, `additional_thing_groups`, `policy_name`, `additional_policies`, `billing_group`, `mappings`, `device_configuration`, `override_settings`, `exclusive_thing`, `provisioning_role`, `claim`, `claim_certificates`, `trusted_user_policy`.
  EOT
  type = map(object({
    description = optional(string, "")
    enabled     = optional(bool, true)
    parameters = optional(map(object({
      default = optional(string, "unknown")
    })), { FirmwareVersion = {}, Location = {} })
    attributes = optional(map(object({
      value     = optional(string)
      parameter = optional(string)
      lookup = optional(object({
        map       = string
        parameter = string
        name      = string
      }))
      join = optional(object({
        separator = optional(string, "")
        parts = list(object({
          value     = optional(string)
          parameter = optional(string)
        }))
      }))
    })))
    thing_type_name         = optional(string)
    thing_group_name        = optional(string)
    additional_thing_groups = optional(set(string), [])
    policy_name             = optional(string)
    additional_policies     = optional(set(string), [])
    billing_group           = optional(string)
    mappings                = optional(map(map(map(string))), {})
    device_configuration = optional(map(object({
      value     = optional(string)
      parameter = optional(string)
      lookup = optional(object({
        map       = string
        parameter = string
        name      = string
      }))
      join = optional(object({
        separator = optional(string, "")
        parts = list(object({
          value     = optional(string)
          parameter = optional(string)
        }))
      }))
    })), {})
    override_settings = optional(object({
      attribute_payload  = optional(string, "MERGE")
      thing_type_name    = optional(string, "REPLACE")
      thing_groups       = optional(string, "MERGE")
      certificate_status = optional(string)
    }), {})
    exclusive_thing = optional(bool, true)
    provisioning_role = optional(object({
      managed_policy   = optional(bool, false)
      trust_source_arn = optional(string)
    }), {})
    claim = optional(object({
      client_id_prefix     = optional(string)
      keys_and_certificate = optional(bool, true)
      csr                  = optional(bool, true)
      formats              = optional(set(string), ["json", "cbor"])
    }), {})
    claim_certificates = optional(map(object({
      csr_pem         = optional(string)
      certificate_pem = optional(string)
      active          = optional(bool, true)
    })), {})
    trusted_user_policy = optional(bool, true)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.templates) : can(regex("^[a-z0-9][a-z0-9-]*$", key))])
    error_message = "templates must be keyed by lower-case letters, digits and hyphens, the first no hyphen."
  }

  validation {
    condition     = alltrue([for key in keys(var.templates) : length("${var.name_prefix}-${key}") <= 36])
    error_message = "templates: <name_prefix>-<key> may have at most 36 characters (an AWS IoT limit). Shorten the key or name_prefix."
  }

  validation {
    condition = length(setintersection(
      keys(var.device_types),
      flatten([for key in keys(var.templates) : ["${key}-claim", "${key}-claim-keys", "${key}-claim-csr"]]),
    )) == 0
    error_message = "templates: a claim policy is called <name_prefix>-<key>-claim, -claim-keys or -claim-csr, and so would be the policy of one of device_types. Choose another key for the template or the device type."
  }
}

variable "jitp_templates" {
  description = <<-EOT
    Templates for just-in-time provisioning, by key; the name is <name_prefix>-<key>, at most 36 characters. One serves the devices of one kind, whichever CA signed them. Each takes the inputs of modules/jitp-template (see there): `description`, `enabled`, `inline`, `thing_name`, `thing_name_prefix`, `attributes`, `thing_groups`, `additional_policies`, `billing_group`, `override_settings`, `provisioning_role`, `template_body`, and
    - `device_type`: key of device_types. Gives the thing type, the policy and, unless `thing_groups` says otherwise, the group. A `template_body` names its own instead.
    - `thing_name_prefix`: how a device's thing has to be called; null means <name_prefix>-<key>-. A CA's certificates get hold of no other thing. No template's may begin another's; two may share one.
    - `thing_groups.names`: the groups that every device joins; null means the group of its device type. `thing_groups.from_subject`: one more, named by a field of the certificate's subject.
  EOT
  type = map(object({
    description       = optional(string, "")
    enabled           = optional(bool, true)
    inline            = optional(bool, false)
    device_type       = optional(string)
    thing_name        = optional(object({ parameter = string }), { parameter = "CommonName" })
    thing_name_prefix = optional(string)
    attributes = optional(map(object({
      value     = optional(string)
      parameter = optional(string)
    })), {})
    thing_groups = optional(object({
      names = optional(set(string))
      from_subject = optional(object({
        parameter = string
        names     = set(string)
      }))
    }), {})
    additional_policies = optional(set(string), [])
    billing_group       = optional(string)
    override_settings = optional(object({
      attribute_payload  = optional(string, "MERGE")
      thing_type_name    = optional(string, "REPLACE")
      thing_groups       = optional(string, "DO_NOTHING")
      certificate_status = optional(string)
    }), {})
    template_body             = optional(string)
    pre_provisioning_hook_arn = optional(string)
    provisioning_role = optional(object({
      managed_policy   = optional(bool, false)
      trust_source_arn = optional(string)
    }), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.jitp_templates) : can(regex("^[a-z0-9][a-z0-9-]*$", key))])
    error_message = "jitp_templates must be keyed by lower-case letters, digits and hyphens, the first no hyphen."
  }

  validation {
    condition     = alltrue([for key in keys(var.jitp_templates) : length("${var.name_prefix}-${key}") <= 36])
    error_message = "jitp_templates: <name_prefix>-<key> may have at most 36 characters (an AWS IoT limit). Shorten the key or name_prefix."
  }

  validation {
    condition     = length(setintersection(keys(var.jitp_templates), keys(var.templates))) == 0
    error_message = "jitp_templates: both kinds of template are called <name_prefix>-<key>, so a key of templates cannot be one of jitp_templates. Choose another key."
  }

  validation {
    condition = alltrue([
      for template in values(var.jitp_templates) :
      template.template_body != null ? template.device_type == null : contains(keys(var.device_types), coalesce(template.device_type, "-"))
    ])
    error_message = "jitp_templates: device_type must be a key of device_types, and null beside template_body, which names its thing type and its policy itself."
  }

  # What is shared is said so, and so is the one without a limit; what an unlucky key opens is not.
  validation {
    condition = alltrue([
      for pair in setproduct(
        [for key, template in var.jitp_templates : template.thing_name_prefix == null ? "${var.name_prefix}-${key}-" : template.thing_name_prefix],
        [for key, template in var.jitp_templates : template.thing_name_prefix == null ? "${var.name_prefix}-${key}-" : template.thing_name_prefix],
      ) : pair[0] == "" || pair[0] == pair[1] || !startswith(pair[1], pair[0])
    ])
    error_message = "jitp_templates: no template's thing_name_prefix (by default <name_prefix>-<key>-) may begin another's, or the makers of the one could sign their way into the things of the other. Choose another key, or set thing_name_prefix."
  }
}

variable "certificate_authorities" {
  description = <<-EOT
    The CAs whose devices come up just in time, by key; what is made for one is called <name_prefix>-<key>, at most 36 characters. Each takes the inputs of modules/jitp-ca (see there): `certificate_pem` (the CA that signs the devices' certificates, and no key), `certificate_mode`, `verification_certificate_pem`, `active`, `allow_auto_registration`, and either
    - `template`: key of jitp_templates. Every device that this CA signed gets in; or
    - `gate = "registry"` with `gate_settings`: a device gets in if the registry has it, by the rules of the provisioning hook.
  EOT
  type = map(object({
    certificate_pem              = string
    certificate_mode             = optional(string, "SNI_ONLY")
    verification_certificate_pem = optional(string)
    active                       = optional(bool, true)
    allow_auto_registration      = optional(bool, true)
    template                     = optional(string)
    gate                         = optional(string, "none")
    gate_settings = optional(object({
      serial_number = optional(object({ parameter = string }), { parameter = "CommonName" })
      device_type = optional(object({
        value     = optional(string)
        parameter = optional(string)
      }), {})
      manufacturer = optional(object({
        value     = optional(string)
        parameter = optional(string)
      }), {})
      refused_certificate_status = optional(string, "INACTIVE")
      claim_lease_seconds        = optional(number)
      crl = optional(object({
        bucket       = string
        key          = string
        bucket_owner = optional(string)
        kms_key_arn  = optional(string)
      }))
      reserved_concurrency = optional(number)
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.certificate_authorities) : can(regex("^[a-z0-9][a-z0-9-]*$", key))])
    error_message = "certificate_authorities must be keyed by lower-case letters, digits and hyphens, the first no hyphen."
  }

  validation {
    condition     = alltrue([for key in keys(var.certificate_authorities) : length("${var.name_prefix}-${key}") <= 36])
    error_message = "certificate_authorities: <name_prefix>-<key> may have at most 36 characters. Shorten the key or name_prefix."
  }

  validation {
    condition = alltrue([
      for authority in values(var.certificate_authorities) :
      authority.gate == "none" ? contains(keys(var.jitp_templates), coalesce(authority.template, "-")) : authority.template == null
    ])
    error_message = "certificate_authorities: give each CA a template, by its key in jitp_templates, or gate = \"registry\"; not both."
  }

  validation {
    condition = length(var.certificate_authorities) == length(toset([
      for authority in values(var.certificate_authorities) :
      replace(try(regex("-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\\s]+)", authority.certificate_pem)[0], authority.certificate_pem), "/\\s/", "")
    ]))
    error_message = "certificate_authorities: no two entries may have the same certificate_pem, since an account registers a CA once in a region. Remove one of them."
  }

  validation {
    condition = alltrue([
      for authority in values(var.certificate_authorities) :
      try(authority.gate_settings.device_type.value, null) == null ? true : contains(keys(var.device_types), authority.gate_settings.device_type.value)
    ])
    error_message = "certificate_authorities: gate_settings.device_type.value must be a key of device_types: no device is enrolled as another type, so that the gate would refuse every one for good."
  }

  validation {
    condition = length(var.templates) == 0 && !contains(values(var.certificate_authorities)[*].gate, "registry") ? true : alltrue([
      for authority in values(var.certificate_authorities) :
      !startswith("${var.name_prefix}-", coalesce(try(var.jitp_templates[authority.template].thing_name_prefix, null), "any"))
    ])
    error_message = "certificate_authorities: a CA's template may not have a thing_name_prefix that <name_prefix>- begins with, beside templates or a gate: their devices are called so, and this CA could sign its way into each. Lengthen the prefix."
  }
}

variable "registry" {
  description = <<-EOT
    The device registry, as modules/device-registry takes it:
    - `kms_key_arn`: customer-managed key; null makes one. It encrypts the log groups too unless `logs.kms_key_arn` says otherwise, so a given key's policy must let CloudWatch Logs use it (see README).
    - `kms_deletion_window_in_days`, `deletion_protection_enabled` (of the table; of a replica the provider's version 5.100 cannot set it), `recovery_period_in_days`.
    - `replicas`: by Region. Where the call for that Region uses its replica, set `multi_region` here too.
    - `existing_table`: a table made elsewhere, instead of one made here: the replica of another Region's call (an entry of its output `registry_replicas`), or the table of a central registry in another account, without `stream_arn`.
    - `shared_with`: accounts whose stacks use this table as their registry; with `multi_region`, in its `default_home_region` only.
  EOT
  type = object({
    kms_key_arn                 = optional(string)
    kms_deletion_window_in_days = optional(number, 30)
    deletion_protection_enabled = optional(bool, true)
    recovery_period_in_days     = optional(number)
    replicas = optional(map(object({
      kms_key_arn            = string
      point_in_time_recovery = optional(bool, true)
    })), {})
    existing_table = optional(object({
      arn         = string
      stream_arn  = optional(string)
      kms_key_arn = string
    }))
    shared_with = optional(map(object({
      name_prefix = optional(string)
      role_path   = optional(string, "/")
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = try(var.registry.existing_table.stream_arn, "") != null || var.logs.kms_key_arn != null
    error_message = "registry: existing_table without a stream_arn is another account's, whose key encrypts no log groups here. Set logs.kms_key_arn, for example to a key that modules/registry-key makes in this account."
  }
}

variable "multi_region" {
  description = <<-EOT
    The other half of a registry with replicas: set it, to the same, in the call of every Region that has one. Null: devices provision in this Region only.
    - `default_home_region`: whose hooks and gates let a device in whose record names no other Region. One Region alone decides about a record, so no serial number is given away twice.

    Devices that came in elsewhere are registered here too, by what their record says: thing, type, group and policy follow the naming rule, so no template may name others.
  EOT
  type = object({
    default_home_region = string
  })
  default = null

  validation {
    condition     = var.multi_region == null ? true : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$", var.multi_region.default_home_region))
    error_message = "multi_region.default_home_region must be a Region, for example eu-west-1."
  }

  validation {
    condition = var.multi_region == null ? true : alltrue([
      for template in values(var.templates) :
      template.thing_type_name == null && template.thing_group_name == null && template.policy_name == null && length(template.additional_thing_groups) + length(template.additional_policies) == 0
    ])
    error_message = "multi_region makes a device known in other Regions by its record alone, so templates may set none of thing_type_name, thing_group_name, policy_name, additional_thing_groups and additional_policies: what they name would be missing there."
  }

  validation {
    condition     = var.multi_region == null ? true : var.device_lifecycle.enabled
    error_message = "multi_region needs the device lifecycle, which registers devices of other Regions here. Set device_lifecycle.enabled to true."
  }

  validation {
    condition     = var.multi_region == null || var.registry.existing_table == null ? true : var.registry.existing_table.stream_arn != null
    error_message = "multi_region needs the stream of the replica in this Region. Set registry.existing_table.stream_arn."
  }

  # Without it, hooks and gates here would decide about every record that names no home, as those of the other Region do.
  validation {
    condition     = var.multi_region != null ? true : try(var.registry.existing_table.stream_arn, null) == null
    error_message = "multi_region must be set where registry.existing_table is a replica: else two Regions would each give the same serial number away. Set it, to the same, in the call of every Region."
  }
}

variable "hook" {
  description = <<-EOT
    The pre-provisioning hook, as modules/provisioning-hook takes it:
    - `package_path`: deployment package; null means build/provisioning_hook.zip of this repository, which `make package` builds. `package_sha256`: its expected sum.
    - `timeout` (2 to 5 seconds), `memory_size` (MB), `claim_lease_seconds` (null: a claim lasts until an operator releases it), `concurrency` (`reserved`, `provisioned`, `snap_start`), `code_signing_config_arn`, `metric_namespace`.
  EOT
  type = object({
    package_path        = optional(string)
    package_sha256      = optional(string)
    timeout             = optional(number, 4)
    memory_size         = optional(number, 512)
    claim_lease_seconds = optional(number)
    concurrency = optional(object({
      reserved    = optional(number)
      provisioned = optional(number)
      snap_start  = optional(bool, false)
    }), {})
    code_signing_config_arn = optional(string)
    metric_namespace        = optional(string)
  })
  default  = {}
  nullable = false
}

variable "gate" {
  description = "The function that a gated CA's devices pass, one for each such CA, as modules/jitp-ca takes it: `package_path` (null means build/jitr_gate.zip of this repository), `package_sha256`, `code_signing_config_arn`, `timeout` (10 to 300 seconds), `memory_size` (MB), `metric_namespace`, `dead_letter_retention_days` (1 to 14)."
  type = object({
    package_path               = optional(string)
    package_sha256             = optional(string)
    code_signing_config_arn    = optional(string)
    timeout                    = optional(number, 30)
    memory_size                = optional(number, 256)
    metric_namespace           = optional(string)
    dead_letter_retention_days = optional(number, 14)
  })
  default  = {}
  nullable = false
}

variable "device_lifecycle" {
  description = <<-EOT
    What happens to devices after the certificate: records turn ACTIVE, first shadows are written, AWS IoT follows every change of a record, things without a record are found, an audit trail is kept. `enabled = false` makes none of it: records stay PROVISIONING, and only the operator's commands switch certificates. Takes the inputs of modules/device-lifecycle (see there): `confirm_by` (FIRST_CONNECTION or THING_EVENT), `thing_events` (whether the account's event configuration has THING switched on), `unexpected_things` (ignore, report or quarantine), `watched_thing_name_prefixes`, `ignored_thing_name_prefixes`, `stream`, `sweep`, `audit`, `dead_letter_retention_days`, `package_path` (null means build/device_lifecycle.zip of this repository), `package_sha256`, `code_signing_config_arn`, `memory_size` (MB), `metric_namespace`.
  EOT
  type = object({
    enabled                     = optional(bool, true)
    confirm_by                  = optional(string, "FIRST_CONNECTION")
    thing_events                = optional(bool, false)
    unexpected_things           = optional(string, "report")
    watched_thing_name_prefixes = optional(set(string))
    ignored_thing_name_prefixes = optional(set(string), [])
    stream = optional(object({
      batch_size                    = optional(number, 25)
      maximum_retry_attempts        = optional(number, 10)
      maximum_record_age_in_seconds = optional(number, 21600)
    }), {})
    sweep = optional(object({
      schedule            = optional(string, "rate(15 minutes)")
      timeout             = optional(number, 300)
      stuck_after_seconds = optional(number)
    }), {})
    audit = optional(object({
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
    }), {})
    dead_letter_retention_days = optional(number, 14)
    package_path               = optional(string)
    package_sha256             = optional(string)
    code_signing_config_arn    = optional(string)
    memory_size                = optional(number, 256)
    metric_namespace           = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.device_lifecycle.enabled ? !contains(keys(var.device_types), "quarantine") : true
    error_message = "device_lifecycle: <name_prefix>-quarantine is its group and policy for devices that were cut off, so no key of device_types may be quarantine. Choose another key."
  }
}

variable "canary" {
  description = <<-EOT
    A device that is provisioned on a schedule, looked at and removed again, and a stranger who is refused: whether devices can get in is known before one needs to. Off by default. Takes of modules/canary (see there): `schedule` (rate(...) or cron(...)), `package_path` (null means build/canary.zip of this repository), `package_sha256`, `code_signing_config_arn`, `metric_namespace`, and
    - `template`: key of the template that is tried; null means the first, by its key.
    - `device_type`: key of what the device claims to be; null means the first.
  EOT
  type = object({
    enabled                 = optional(bool, false)
    schedule                = optional(string, "rate(1 hour)")
    template                = optional(string)
    device_type             = optional(string)
    package_path            = optional(string)
    package_sha256          = optional(string)
    code_signing_config_arn = optional(string)
    metric_namespace        = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.canary.enabled ? true : length(var.templates) > 0 && (var.canary.template == null ? true : contains(keys(var.templates), var.canary.template))
    error_message = "canary: template must be a key of templates, or null for the first of them; there must be one at least. Correct it, add a template, or leave the canary off."
  }

  validation {
    condition     = !var.canary.enabled ? true : length(var.device_types) > 0 && (var.canary.device_type == null ? true : contains(keys(var.device_types), var.canary.device_type))
    error_message = "canary: device_type must be a key of device_types, or null for the first of them; there must be one at least. Correct it, add a device type, or leave the canary off."
  }

  validation {
    condition     = !var.canary.enabled || var.registry.existing_table == null ? true : var.registry.existing_table.stream_arn != null
    error_message = "canary: it enrols its device, and the policy of another account's table lets nobody here enrol. Leave the canary off where registry.existing_table has no stream_arn."
  }

  validation {
    condition     = !var.canary.enabled || !var.monitoring.enabled ? true : try(tonumber(regex("^rate\\(([0-9]+) ", var.canary.schedule)[0]) * { minute = 60, hour = 3600, day = 86400 }[regex("minute|hour|day", var.canary.schedule)] <= 302400, true)
    error_message = "canary: schedule may be rate(3 days) at most, since its alarm looks back on two runs and CloudWatch on no more than a week. Shorten it, or set monitoring.enabled to false."
  }
}

variable "monitoring" {
  description = <<-EOT
    Alarms, the topic that they tell, and a dashboard, for everything that is made here. `enabled = false` makes none of it. Takes of modules/monitoring (see there, with the table of the alarms): `alarms`, `denial_thresholds`, `state_change_thresholds`, `runbook`, `notifications`, `dashboard`, and
    - `claim_budgets`: by <template key>/<claim name>, how many things a claim certificate is meant for;
    - `replica_regions`: the other Regions that hold a replica of the registry, whose delay is watched; null means those of `registry.replicas`. Set it where the table is made elsewhere: each Region tells how late its own changes reach the others.
  EOT
  type = object({
    enabled         = optional(bool, true)
    claim_budgets   = optional(map(number), {})
    replica_regions = optional(set(string))
    alarms = optional(map(object({
      enabled             = optional(bool)
      threshold           = optional(number)
      period_seconds      = optional(number)
      evaluation_periods  = optional(number)
      datapoints_to_alarm = optional(number)
      detection           = optional(string)
      band_width          = optional(number)
      minimum_calls       = optional(number)
    })), {})
    denial_thresholds       = optional(map(number))
    state_change_thresholds = optional(map(number))
    runbook                 = optional(string)
    notifications = optional(object({
      topic                       = optional(object({ arn = string }))
      kms_key                     = optional(object({ arn = string }))
      kms_deletion_window_in_days = optional(number)
      subscriptions = optional(map(object({
        protocol             = string
        endpoint             = string
        raw_message_delivery = optional(bool)
      })))
      ok = optional(bool)
    }), {})
    dashboard = optional(object({
      enabled = optional(bool)
      name    = optional(string)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition = length(setsubtract(keys(var.monitoring.claim_budgets), flatten([
      for key, template in var.templates : [for claim in keys(template.claim_certificates) : "${key}/${claim}"]
    ]))) == 0
    error_message = "monitoring: claim_budgets must be keyed by <template key>/<claim name>, of claim certificates that templates have."
  }

  validation {
    condition     = !var.monitoring.enabled || !contains(values(var.certificate_authorities)[*].gate, "registry") || var.gate.metric_namespace == var.hook.metric_namespace
    error_message = "monitoring: hook.metric_namespace and gate.metric_namespace must be the same, since one alarm watches the decisions of both. Set both, or neither."
  }
}

variable "claim_guard" {
  description = <<-EOT
    Whether a claim certificate's budget alarm switches the certificate off by itself, beside telling the topic. Off by default: nobody comes in by that claim any more until an operator says so, however good the reason for the devices was. Takes of modules/claim-guard (see there): `package_path` (null means build/claim_guard.zip of this repository), `package_sha256`, `code_signing_config_arn`, `dead_letter_retention_days`. Needs `monitoring`, and a budget that somebody chose for each claim certificate, of which there may be 30.
  EOT
  type = object({
    enabled                    = optional(bool, false)
    package_path               = optional(string)
    package_sha256             = optional(string)
    code_signing_config_arn    = optional(string)
    dead_letter_retention_days = optional(number, 14)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.claim_guard.enabled || var.monitoring.enabled
    error_message = "claim_guard is called by an alarm, so it needs monitoring. Set monitoring.enabled to true, or claim_guard.enabled to false."
  }

  validation {
    condition     = !var.claim_guard.enabled || try(var.monitoring.alarms["claim-budget"].enabled, null) != false
    error_message = "claim_guard is called by the alarms claim-budget, and monitoring.alarms has these switched off. Leave one of the two out."
  }

  validation {
    condition = !var.claim_guard.enabled || try(var.monitoring.alarms["claim-budget"].threshold, null) != null || length(setsubtract(flatten([
      for key, template in var.templates : [for claim in keys(template.claim_certificates) : "${key}/${claim}"]
    ]), keys(var.monitoring.claim_budgets))) == 0
    error_message = "claim_guard stops whoever uses a claim certificate beyond its budget, so each needs one that fits it. Set monitoring.claim_budgets for each claim certificate, or monitoring.alarms[\"claim-budget\"].threshold for all others."
  }

  validation {
    condition     = !var.claim_guard.enabled || sum(concat([0], [for template in values(var.templates) : length(template.claim_certificates)])) <= 30
    error_message = "claim_guard may watch over 30 claim certificates at most, of all templates together: each one's alarm is named in the function's policy, which holds no more. Have fewer claim_certificates, or set claim_guard.enabled to false."
  }
}

variable "prune_template_versions" {
  description = "Whether a function removes old versions of a template before each change of its body. AWS IoT keeps five at most and the provider never removes one. False leaves that to the operator command."
  type        = bool
  default     = true
  nullable    = false
}

variable "template_versions" {
  description = "The function that removes old template versions: `package_path` (null means build/template_versions.zip of this repository), `package_sha256`, `code_signing_config_arn`."
  type = object({
    package_path            = optional(string)
    package_sha256          = optional(string)
    code_signing_config_arn = optional(string)
  })
  default  = {}
  nullable = false
}

variable "logs" {
  description = <<-EOT
    Log groups of the functions:
    - `retention_in_days`: one of the values CloudWatch Logs accepts; 0 keeps for ever.
    - `kms_key_arn`: key that encrypts them; null takes the registry's. The key's policy must let CloudWatch Logs use it.
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

variable "tracing" {
  description = "Whether to trace the functions with AWS X-Ray."
  type        = bool
  default     = true
  nullable    = false
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
