output "enabled_events" {
  description = "The event types that are on; null where they are not managed here."
  value       = local.manage_events ? sort(var.event_configurations.enabled) : null
}

output "index_names" {
  description = "Names of the indexes that can be searched, by what they hold; empty where indexing is off or not managed here."
  value = merge(
    local.manage_indexing && try(var.indexing.things != "OFF", false) ? { things = "AWS_Things" } : {},
    local.manage_indexing && try(var.indexing.thing_groups, false) ? { thing_groups = "AWS_ThingGroups" } : {},
  )
}

output "log_group_name" {
  description = "Name of the log group that AWS IoT writes to; null where logging is not managed here."
  value       = local.manage_logging ? local.log_group_name : null
}

output "logging_role_arn" {
  description = "ARN of the role that AWS IoT writes its log with."
  value       = try(aws_iam_role.logging[0].arn, null)
}

output "audit" {
  description = "The audit: its CloudFormation stack, the scheduled audit (the dimension ScheduledAuditName of its metrics), the checks that it runs, and the role that reads; null where it is not managed here."
  value = local.manage_audit ? {
    stack_name           = local.scheduled_audit_name
    scheduled_audit_name = local.scheduled_audit_name
    scheduled_checks     = local.scheduled_checks
    role_arn             = one(aws_iam_role.audit[*].arn)
  } : null
}

output "mitigation_action_names" {
  description = "Name of each mitigation action, by its key."
  value       = { for key, action in local.mitigation_actions : key => action.name }
}
