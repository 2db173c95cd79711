output "functions" {
  description = "Per function (confirmation, enforcement, audit, sweep): name, alias, its ARN, version, role, log group and timeout in seconds."
  value = {
    for key, function in module.function : key => {
      name           = function.function_name
      alias_name     = function.alias_name
      alias_arn      = function.alias_arn
      version        = function.function_version
      role_arn       = function.role_arn
      log_group_name = function.log_group_name
      timeout        = local.functions[key].timeout
    } if var.create
  }
}

output "topic_rules" {
  description = "Names of the topic rules: presence (first connection), created and updated (thing events)."
  value       = { for key, rule in aws_iot_topic_rule.event : key => rule.name }
}

output "dead_letter_queues" {
  description = "Queues of what failed for good, by the function it was for (confirmation, enforcement, audit): name, ARN and URL."
  value       = { for key, queue in aws_sqs_queue.failures : key => { name = queue.name, arn = queue.arn, url = queue.url } }
}

output "sweep_rule_name" {
  description = "Name of the EventBridge rule that starts the sweep."
  value       = try(aws_cloudwatch_event_rule.sweep[0].name, null)
}

output "stream_mapping_id" {
  description = "UUID of the mapping between the registry's stream and the enforcement function."
  value       = try(aws_lambda_event_source_mapping.registry[0].uuid, null)
}

output "audit_log_group_name" {
  description = "Name of the log group that holds the audit trail."
  value       = try(aws_cloudwatch_log_group.audit[0].name, null)
}

output "audit_kms_key_arn" {
  description = "ARN of the key that encrypts the audit trail: the own one, or the one given."
  value       = var.create ? local.audit_key_arn : null
}

output "audited_log_group_names" {
  description = "Log groups that the audit trail is written from."
  value       = { for key, filter in aws_cloudwatch_log_subscription_filter.audit : key => filter.log_group_name }
}

output "archive_bucket_name" {
  description = "Name of the archive's bucket; null without one."
  value       = try(aws_s3_bucket.archive[0].bucket, null)
}

output "quarantine_group_name" {
  description = "Name of the thing group for devices that were cut off."
  value       = try(aws_iot_thing_group.quarantine[0].name, null)
}

output "metrics" {
  description = "Namespace and names of the metrics counted from the functions' logs; null when nothing is made."
  value = var.create ? merge({
    namespace      = local.metric_namespace
    activated      = { name = "DevicesActivated" }
    unexpected     = { name = "UnexpectedThings" }
    state_changes  = var.stream.enabled ? { name = "StateChanges", dimension = "To" } : null
    stuck          = { name = "StuckProvisioning" }
    sweep_failures = { name = "SweepFailures" }
    sweep_left     = { name = "SweepLeft" }
    faults         = { name = "LifecycleFaults" }
  }, local.several_regions ? { conflicts = { name = "RegistryConflicts" } } : {}) : null
}
