data "aws_region" "this" {}

locals {
  # Computed from the keys: the hook must know who may call it before there is a template.
  template_names      = { for key in keys(var.templates) : key => "${var.name_prefix}-${key}" }
  jitp_template_names = { for key in keys(var.jitp_templates) : key => "${var.name_prefix}-${key}" }

  default_home_region = try(var.multi_region.default_home_region, null)

  # Of the registry: the own one has one, an existing one if it is said.
  has_stream = var.registry.existing_table == null ? true : var.registry.existing_table.stream_arn != null

  logs = merge(var.logs, {
    kms_key_arn = var.logs.kms_key_arn != null ? var.logs.kms_key_arn : module.device_registry.kms_key_arn
  })
}

module "device_registry" {
  source = "./modules/device-registry"
  create = var.create

  name_prefix = var.name_prefix

  kms_key_arn                 = var.registry.kms_key_arn
  kms_deletion_window_in_days = var.registry.kms_deletion_window_in_days
  deletion_protection_enabled = var.registry.deletion_protection_enabled
  recovery_period_in_days     = var.registry.recovery_period_in_days
  replicas                    = var.registry.replicas
  existing_table              = var.registry.existing_table
  shared_with                 = var.registry.shared_with

  tags = var.tags
}

module "provisioning_hook" {
  source = "./modules/provisioning-hook"
  create = var.create

  name_prefix = var.name_prefix

  table_name        = module.device_registry.table_name
  table_arn         = module.device_registry.table_arn
  table_kms_key_arn = module.device_registry.kms_key_arn
  template_names    = values(local.template_names)

  package_path            = var.hook.package_path
  package_sha256          = var.hook.package_sha256
  code_signing_config_arn = var.hook.code_signing_config_arn

  default_home_region = local.default_home_region

  timeout             = var.hook.timeout
  memory_size         = var.hook.memory_size
  concurrency         = var.hook.concurrency
  claim_lease_seconds = var.hook.claim_lease_seconds
  metric_namespace    = var.hook.metric_namespace

  tracing = var.tracing
  logs    = local.logs
  iam     = var.iam
  tags    = var.tags
}

module "device_catalog" {
  source = "./modules/device-catalog"
  create = var.create

  name_prefix  = var.name_prefix
  device_types = var.device_types

  tags = var.tags
}

module "template_versions" {
  source = "./modules/template-versions"
  create = var.create && var.prune_template_versions

  name_prefix    = var.name_prefix
  template_names = concat(values(local.template_names), [for key, name in local.jitp_template_names : name if !var.jitp_templates[key].inline])

  package_path            = var.template_versions.package_path
  package_sha256          = var.template_versions.package_sha256
  code_signing_config_arn = var.template_versions.code_signing_config_arn

  tracing = var.tracing
  logs    = local.logs
  iam     = var.iam
  tags    = var.tags
}

module "fleet_template" {
  source   = "./modules/fleet-template"
  for_each = var.create ? var.templates : {}

  name        = local.template_names[each.key]
  name_prefix = var.name_prefix
  description = each.value.description
  enabled     = each.value.enabled

  hook_arn                = module.provisioning_hook.hook_arn
  prune_template_versions = var.prune_template_versions
  prune_function          = { name = module.template_versions.function_name, qualifier = module.template_versions.qualifier }

  parameters              = each.value.parameters
  attributes              = each.value.attributes
  thing_type_name         = each.value.thing_type_name
  thing_group_name        = each.value.thing_group_name
  additional_thing_groups = each.value.additional_thing_groups
  policy_name             = each.value.policy_name
  additional_policies     = each.value.additional_policies
  billing_group           = each.value.billing_group
  mappings                = each.value.mappings
  device_configuration    = each.value.device_configuration
  override_settings       = each.value.override_settings
  exclusive_thing         = each.value.exclusive_thing

  provisioning_role   = each.value.provisioning_role
  claim               = each.value.claim
  claim_certificates  = each.value.claim_certificates
  trusted_user_policy = each.value.trusted_user_policy

  iam  = var.iam
  tags = var.tags
}

module "jitp_template" {
  source   = "./modules/jitp-template"
  for_each = var.create ? var.jitp_templates : {}

  name        = local.jitp_template_names[each.key]
  name_prefix = var.name_prefix
  description = each.value.description
  enabled     = each.value.enabled
  inline      = each.value.inline

  prune_template_versions = var.prune_template_versions
  prune_function          = { name = module.template_versions.function_name, qualifier = module.template_versions.qualifier }

  thing_name        = each.value.thing_name
  thing_name_prefix = each.value.thing_name_prefix
  attributes        = each.value.attributes
  thing_type_name   = one([for key, type in module.device_catalog.device_types : type.thing_type_name if key == each.value.device_type])
  thing_groups = {
    names = each.value.thing_groups.names != null ? each.value.thing_groups.names : toset([
      for key, type in module.device_catalog.device_types : type.thing_group_name if key == each.value.device_type
    ])
    from_subject = each.value.thing_groups.from_subject
  }
  policy_name         = one([for key, type in module.device_catalog.device_types : type.policy_name if key == each.value.device_type])
  additional_policies = each.value.additional_policies
  billing_group       = each.value.billing_group
  override_settings   = each.value.override_settings

  template_body             = each.value.template_body
  pre_provisioning_hook_arn = each.value.pre_provisioning_hook_arn
  provisioning_role         = each.value.provisioning_role

  iam  = var.iam
  tags = var.tags
}

module "jitp_ca" {
  source   = "./modules/jitp-ca"
  for_each = var.create ? var.certificate_authorities : {}

  name        = "${var.name_prefix}-${each.key}"
  name_prefix = var.name_prefix

  certificate_pem              = each.value.certificate_pem
  certificate_mode             = each.value.certificate_mode
  verification_certificate_pem = each.value.verification_certificate_pem
  active                       = each.value.active
  allow_auto_registration      = each.value.allow_auto_registration

  registration_config = each.value.template == null ? null : module.jitp_template[each.value.template].registration_config
  device_certificate  = each.value.template == null ? null : module.jitp_template[each.value.template].device_certificate

  gate = each.value.gate
  gate_settings = each.value.gate_settings == null ? null : merge(each.value.gate_settings, {
    package_path               = var.gate.package_path
    package_sha256             = var.gate.package_sha256
    code_signing_config_arn    = var.gate.code_signing_config_arn
    timeout                    = var.gate.timeout
    memory_size                = var.gate.memory_size
    metric_namespace           = var.gate.metric_namespace
    dead_letter_retention_days = var.gate.dead_letter_retention_days
  })

  table_name        = module.device_registry.table_name
  table_arn         = module.device_registry.table_arn
  table_kms_key_arn = module.device_registry.kms_key_arn

  default_home_region = local.default_home_region

  tracing = var.tracing
  logs    = local.logs
  iam     = var.iam
  tags    = var.tags
}

module "device_lifecycle" {
  source = "./modules/device-lifecycle"
  create = var.create && var.device_lifecycle.enabled

  name_prefix = var.name_prefix

  table_name        = module.device_registry.table_name
  table_arn         = module.device_registry.table_arn
  table_kms_key_arn = module.device_registry.kms_key_arn
  stream_arn        = module.device_registry.stream_arn

  default_home_region = local.default_home_region

  decision_log_group_names = !var.create ? {} : merge(
    { hook = module.provisioning_hook.log_group_name },
    { for key, authority in module.jitp_ca : "gate-${key}" => authority.log_group_name if var.certificate_authorities[key].gate == "registry" },
    local.guarding ? { claim-guard = module.claim_guard.log_group_name } : {},
  )

  confirm_by                  = var.device_lifecycle.confirm_by
  thing_events                = var.device_lifecycle.thing_events
  unexpected_things           = var.device_lifecycle.unexpected_things
  watched_thing_name_prefixes = var.device_lifecycle.watched_thing_name_prefixes
  ignored_thing_name_prefixes = var.device_lifecycle.ignored_thing_name_prefixes

  stream                     = merge(var.device_lifecycle.stream, { enabled = local.has_stream })
  sweep                      = var.device_lifecycle.sweep
  audit                      = var.device_lifecycle.audit
  dead_letter_retention_days = var.device_lifecycle.dead_letter_retention_days

  package_path            = var.device_lifecycle.package_path
  package_sha256          = var.device_lifecycle.package_sha256
  code_signing_config_arn = var.device_lifecycle.code_signing_config_arn
  memory_size             = var.device_lifecycle.memory_size
  metric_namespace        = var.device_lifecycle.metric_namespace

  tracing = var.tracing
  logs    = local.logs
  iam     = var.iam
  tags    = var.tags
}

locals {
  gated_authorities = [for key, authority in var.certificate_authorities : key if authority.gate == "registry"]
  lifecycle_enabled = var.create && var.device_lifecycle.enabled

  # Seconds from one sweep to the next; null for a cron(...), which need not have one such number.
  sweep_interval = try(
    tonumber(regex("^rate\\(([0-9]+) ", var.device_lifecycle.sweep.schedule)[0]) * { minute = 60, hour = 3600, day = 86400 }[regex("minute|hour|day", var.device_lifecycle.sweep.schedule)],
    null,
  )
  # Alarms on what each sweep, and each run of the canary, publishes look at periods in which there is one, unless they are told otherwise.
  periods = merge(
    local.sweep_interval == null ? {} : {
      stuck-provisioning = max(900, local.sweep_interval)
      sweep-failures     = max(900, local.sweep_interval)
      sweep-silent       = max(3600, local.sweep_interval)
    },
    local.canary_interval == null ? {} : {
      canary-failed = max(3600, local.canary_interval)
      canary-silent = max(3600, local.canary_interval)
    },
  )
  unset = { enabled = null, threshold = null, period_seconds = null, evaluation_periods = null, datapoints_to_alarm = null, detection = null, band_width = null, minimum_calls = null }
}

locals {
  # By the keys that monitoring has too.
  claims = merge([for key, template in module.fleet_template : {
    for claim in keys(var.templates[key].claim_certificates) : "${key}/${claim}" => template.claim_certificates[claim]
  }]...)

  # Asked of the variables: whether there are claims must be known before there is one.
  guarding = var.create && var.claim_guard.enabled && anytrue([for template in values(var.templates) : length(template.claim_certificates) > 0])
}

module "claim_guard" {
  source = "./modules/claim-guard"
  create = local.guarding

  name_prefix = var.name_prefix
  claims      = { for key, claim in local.claims : key => { certificate_arn = claim.arn } if local.guarding }

  package_path               = var.claim_guard.package_path
  package_sha256             = var.claim_guard.package_sha256
  code_signing_config_arn    = var.claim_guard.code_signing_config_arn
  dead_letter_retention_days = var.claim_guard.dead_letter_retention_days

  tracing = var.tracing
  logs    = local.logs
  iam     = var.iam
  tags    = var.tags
}

module "canary" {
  source = "./modules/canary"
  create = local.canary

  name_prefix = var.name_prefix

  table_name        = module.device_registry.table_name
  table_arn         = module.device_registry.table_arn
  table_kms_key_arn = module.device_registry.kms_key_arn

  template = !local.canary ? null : {
    name                   = module.fleet_template[local.canary_template].name
    claim_client_id_prefix = module.fleet_template[local.canary_template].claim_client_id_prefix
  }
  device_type                 = local.canary_device_type
  confirmed                   = local.lifecycle_enabled
  first_shadow_parameter_name = local.lifecycle_enabled ? try(module.device_catalog.first_shadow_parameter_names[local.canary_device_type], null) : null

  schedule         = var.canary.schedule
  metric_namespace = var.canary.metric_namespace

  package_path            = var.canary.package_path
  package_sha256          = var.canary.package_sha256
  code_signing_config_arn = var.canary.code_signing_config_arn

  tracing = var.tracing
  logs    = local.logs
  iam     = var.iam
  tags    = var.tags
}

locals {
  canary             = var.create && var.canary.enabled
  canary_template    = coalesce(var.canary.template, try(keys(var.templates)[0], null), "none")
  canary_device_type = var.canary.device_type != null ? var.canary.device_type : try(keys(var.device_types)[0], null)

  canary_interval = try(
    tonumber(regex("^rate\\(([0-9]+) ", var.canary.schedule)[0]) * { minute = 60, hour = 3600, day = 86400 }[regex("minute|hour|day", var.canary.schedule)],
    null,
  )
}

module "monitoring" {
  source = "./modules/monitoring"
  create = var.create && var.monitoring.enabled

  name_prefix = var.name_prefix

  templates = var.create ? local.template_names : {}
  claims = { for key, claim in local.claims : key => {
    certificate_id = claim.id
    budget         = lookup(var.monitoring.claim_budgets, key, null)
  } }
  claim_guard  = local.guarding ? { function_arn = module.claim_guard.function_arn, alarm_arns = module.claim_guard.alarm_arns } : null
  just_in_time = var.create && anytrue([for authority in values(var.certificate_authorities) : authority.template != null])

  hook = !var.create ? null : { name = module.provisioning_hook.function_name, timeout_seconds = var.hook.timeout }
  functions = !var.create ? {} : merge(
    { for key in local.gated_authorities : "gate-${key}" => { name = module.jitp_ca[key].function_name, timeout_seconds = var.gate.timeout } },
    { for key, function in module.device_lifecycle.functions : "lifecycle-${key}" => { name = function.name, timeout_seconds = function.timeout } },
    local.guarding ? { claim-guard = { name = module.claim_guard.function_name, timeout_seconds = module.claim_guard.timeout } } : {},
    local.canary ? { canary = { name = module.canary.function_name, timeout_seconds = module.canary.timeout } } : {},
  )
  lifecycle_functions = !local.lifecycle_enabled ? null : {
    sweep       = module.device_lifecycle.functions["sweep"].name
    enforcement = local.has_stream ? module.device_lifecycle.functions["enforcement"].name : null
  }
  unexpected_things  = var.device_lifecycle.thing_events && var.device_lifecycle.unexpected_things != "ignore"
  registry_conflicts = local.default_home_region != null
  # Amazon DynamoDB counts in the account that has the table.
  registry = !(var.create && local.has_stream) ? null : {
    table_name      = module.device_registry.table_name
    replica_regions = var.monitoring.replica_regions != null ? var.monitoring.replica_regions : keys(var.registry.replicas)
  }

  topic_rules = !var.create ? {} : merge(
    { for key in local.gated_authorities : "gate-${key}" => { name = module.jitp_ca[key].topic_rule_name } },
    { for key, name in module.device_lifecycle.topic_rules : "lifecycle-${key}" => { name = name } },
  )
  queues = !var.create ? {} : merge(
    { for key in local.gated_authorities : "gate-${key}" => module.jitp_ca[key].dead_letter_queue_name },
    { for key, queue in module.device_lifecycle.dead_letter_queues : "lifecycle-${key}" => queue.name },
    local.guarding ? { claim-guard = module.claim_guard.dead_letter_queue_name } : {},
  )
  decision_log_groups = !var.create ? {} : merge(
    { hook = module.provisioning_hook.log_group_name },
    { for key in local.gated_authorities : "gate-${key}" => module.jitp_ca[key].log_group_name },
  )
  canary            = local.canary
  metric_namespaces = { decisions = var.hook.metric_namespace, lifecycle = var.device_lifecycle.metric_namespace, canary = var.canary.metric_namespace }

  alarms = merge(var.monitoring.alarms, { for kind, period in local.periods : kind => merge(
    local.unset,
    { for name, value in try(var.monitoring.alarms[kind], {}) : name => value if value != null },
    try(var.monitoring.alarms[kind].period_seconds, null) == null ? { period_seconds = period } : {},
  ) })
  denial_thresholds       = var.monitoring.denial_thresholds
  state_change_thresholds = var.monitoring.state_change_thresholds
  runbook                 = var.monitoring.runbook
  notifications           = var.monitoring.notifications
  dashboard               = var.monitoring.dashboard

  tags = var.tags
}
