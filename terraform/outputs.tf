output "name_prefix" {
  description = "Start of every name."
  value       = var.name_prefix
}

output "registry_table_name" {
  description = "Name of the device registry's table."
  value       = module.device_registry.table_name
}

output "registry_table_arn" {
  description = "ARN of the device registry's table."
  value       = module.device_registry.table_arn
}

output "registry_stream_arn" {
  description = "ARN of the table's stream, with new and old images."
  value       = module.device_registry.stream_arn
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
