output "name_prefix" {
  description = "Start of every name."
  value       = module.iot_provisioning.name_prefix
}

output "registry_table_name" {
  description = "Name of the device registry's table."
  value       = module.iot_provisioning.registry_table_name
}

output "device_types" {
  description = "Per kind of device: its re-provision policy and the names of its thing type, thing group and policy."
  value       = module.iot_provisioning.device_types
}

output "parent_thing_group_name" {
  description = "Name of the group above the groups of all kinds of device."
  value       = module.iot_provisioning.parent_thing_group_name
}

output "templates" {
  description = "Per template: name, ARN, claim policies, claim certificates and the policy for trusted users."
  value       = module.iot_provisioning.templates
}

output "hook_function_name" {
  description = "Name of the pre-provisioning hook's function."
  value       = module.iot_provisioning.hook_function_name
}

output "hook_log_group_name" {
  description = "Name of the log group that holds the decision log."
  value       = module.iot_provisioning.hook_log_group_name
}

output "device_lifecycle" {
  description = "What happens to devices after the certificate: functions, rules, queues, audit trail, quarantine group and metrics."
  value       = module.iot_provisioning.device_lifecycle
}

output "monitoring" {
  description = "The alarms with their sections of the runbook, the topic that they tell and its key, and the dashboard."
  value       = module.iot_provisioning.monitoring
}
