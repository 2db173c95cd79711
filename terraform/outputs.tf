output "name_prefix" {
  description = "Start of every name."
  value       = var.name_prefix
}

output "registry_table_name" {
  description = "Name of the device registry's table."
  value       = module.device_registry.table_name

  precondition {
    condition     = local.default_home_region == null || var.registry.existing_table != null ? true : contains(concat([data.aws_region.this.id], keys(var.registry.replicas)), local.default_home_region)
    error_message = "multi_region.default_home_region must be ${data.aws_region.this.id}, where the registry's table is, or one of registry.replicas: else no Region lets in a device whose record names none. Correct it, in the call of every Region."
  }

  # The hooks and gates of other accounts know no home Region: they would let in whom the default home lets in too.
  precondition {
    condition     = local.default_home_region == null || length(var.registry.shared_with) == 0 ? true : local.default_home_region == data.aws_region.this.id
    error_message = "registry.shared_with may be set in ${coalesce(local.default_home_region, "the default home Region")} only, where multi_region lets in devices whose record names no Region: else two Regions would each give the same serial number away. Share the table there, and keep the stacks of those accounts in that Region."
  }
}

output "registry_table_arn" {
  description = "ARN of the device registry's table."
  value       = module.device_registry.table_arn
}

output "registry_stream_arn" {
  description = "ARN of the table's stream, with new and old images."
  value       = module.device_registry.stream_arn
}

output "registry_replicas" {
  description = "Per Region of the registry's replicas: what registry.existing_table takes in the call for that Region."
  value       = module.device_registry.replicas
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the registry."
  value       = module.device_registry.kms_key_arn
}

output "device_types" {
  description = "Per kind of device: its re-provision policy and the names of its thing type, thing group and policy."
  value       = module.device_catalog.device_types
}

output "parent_thing_group_name" {
  description = "Name of the group above the groups of all kinds of device."
  value       = module.device_catalog.parent_thing_group_name
}

output "templates" {
  description = "Per template: name, ARN, whether it is enabled, what a claim may use, its claim certificates (id, ARN, PEM) and the policy for trusted users."
  value = {
    for key, template in module.fleet_template : key => {
      name                    = template.name
      arn                     = template.arn
      enabled                 = template.enabled
      provisioning_role_arn   = template.provisioning_role_arn
      claim_policy_name       = template.claim_policy_name
      claim_policy_names      = template.claim_policy_names
      claim_client_id_prefix  = template.claim_client_id_prefix
      claim_certificates      = template.claim_certificates
      trusted_user_policy_arn = template.trusted_user_policy_arn
    }
  }
}

output "jitp_templates" {
  description = "Per template for just-in-time provisioning: name, ARN and role; name and ARN are null for an inline one."
  value = {
    for key, template in module.jitp_template : key => {
      name                  = template.name
      arn                   = template.arn
      provisioning_role_arn = template.provisioning_role_arn
    }
  }
}

output "certificate_authorities" {
  description = "Per CA: its id, ARN, certificate and settings, what it expects of a device's certificate, and for a gated one its function, log group and dead-letter queue."
  value = {
    for key, authority in module.jitp_ca : key => {
      name                    = "${var.name_prefix}-${key}"
      certificate_id          = authority.certificate_id
      certificate_arn         = authority.certificate_arn
      certificate_pem         = authority.certificate_pem
      certificate_mode        = authority.certificate_mode
      active                  = authority.active
      allow_auto_registration = authority.allow_auto_registration
      gate                    = authority.gate
      device_certificate      = authority.device_certificate
      function_name           = authority.function_name
      log_group_name          = authority.log_group_name
      dead_letter_queue_url   = authority.dead_letter_queue_url
    }
  }
}

output "hook_function_name" {
  description = "Name of the pre-provisioning hook's function."
  value       = module.provisioning_hook.function_name
}

output "hook_function_version" {
  description = "The published version of the hook that answers."
  value       = module.provisioning_hook.function_version
}

output "hook_role_arn" {
  description = "ARN of the hook's execution role."
  value       = module.provisioning_hook.role_arn
}

output "hook_log_group_name" {
  description = "Name of the log group that holds the decision log."
  value       = module.provisioning_hook.log_group_name
}

output "hook_metrics" {
  description = "Namespace and names of the metrics counted from the decision log."
  value       = module.provisioning_hook.metrics
}

output "template_versions_function_name" {
  description = "Name of the function that removes old template versions; null when there is none."
  value       = module.template_versions.function_name
}

output "first_shadow_parameter_names" {
  description = "Per kind of device that has a first shadow: name of the SSM parameter that holds it."
  value       = module.device_catalog.first_shadow_parameter_names
}

output "device_lifecycle" {
  description = "The device lifecycle's functions, topic rules, dead-letter queues, sweep rule, stream mapping, audit trail, quarantine group and metrics, as modules/device-lifecycle puts them out; null without it."
  value = !(var.create && var.device_lifecycle.enabled) ? null : {
    functions             = module.device_lifecycle.functions
    topic_rules           = module.device_lifecycle.topic_rules
    dead_letter_queues    = module.device_lifecycle.dead_letter_queues
    sweep_rule_name       = module.device_lifecycle.sweep_rule_name
    stream_mapping_id     = module.device_lifecycle.stream_mapping_id
    audit_log_group_name  = module.device_lifecycle.audit_log_group_name
    audit_kms_key_arn     = module.device_lifecycle.audit_kms_key_arn
    archive_bucket_name   = module.device_lifecycle.archive_bucket_name
    quarantine_group_name = module.device_lifecycle.quarantine_group_name
    metrics               = module.device_lifecycle.metrics
  }
}

output "monitoring" {
  description = "The alarms with their sections of the runbook, the topic that they tell and its key, and the dashboard, as modules/monitoring puts them out; null without it."
  value = !(var.create && var.monitoring.enabled) ? null : {
    topic_arn         = module.monitoring.topic_arn
    topic_kms_key_arn = module.monitoring.topic_kms_key_arn
    alarms            = module.monitoring.alarms
    dashboard_name    = module.monitoring.dashboard_name
    dashboard_arn     = module.monitoring.dashboard_arn
  }
}

output "claim_guard" {
  description = "The claim guard's function, log group, dead-letter queue and the alarms that call it; null without one."
  value = !local.guarding ? null : {
    function_name         = module.claim_guard.function_name
    function_version      = module.claim_guard.function_version
    role_arn              = module.claim_guard.role_arn
    log_group_name        = module.claim_guard.log_group_name
    dead_letter_queue_url = module.claim_guard.dead_letter_queue_url
    alarm_arns            = module.claim_guard.alarm_arns
  }
}

output "default_home_region" {
  description = "Region that decides about devices whose records name no other; null where devices provision in this Region only."
  value       = local.default_home_region
}

output "canary" {
  description = "The canary's function, log group, rule and metrics, as modules/canary puts them out; null without one."
  value = !local.canary ? null : {
    function_name    = module.canary.function_name
    function_version = module.canary.function_version
    role_arn         = module.canary.role_arn
    log_group_name   = module.canary.log_group_name
    rule_name        = module.canary.rule_name
    metrics          = module.canary.metrics
  }
}
