output "enabled_events" {
  description = "The event types that are on."
  value       = module.account_baseline.enabled_events
}

output "index_names" {
  description = "Names of the indexes that can be searched, by what they hold."
  value       = module.account_baseline.index_names
}

output "log_group_name" {
  description = "Name of the log group that AWS IoT writes to."
  value       = module.account_baseline.log_group_name
}

output "audit" {
  description = "The audit: its stack, the scheduled audit, the checks that it runs and the role that reads."
  value       = module.account_baseline.audit
}
