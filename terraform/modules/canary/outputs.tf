output "function_name" {
  description = "Name of the function."
  value       = module.function.function_name
}

output "function_version" {
  description = "The published version that the schedule calls."
  value       = module.function.function_version
}

output "timeout" {
  description = "Seconds that one run may take."
  value       = local.timeout
}

output "role_arn" {
  description = "ARN of the execution role."
  value       = module.function.role_arn
}

output "log_group_name" {
  description = "Name of the log group, with a line for each check of each run."
  value       = module.function.log_group_name
}

output "rule_name" {
  description = "Name of the EventBridge rule that starts a run."
  value       = try(aws_cloudwatch_event_rule.this[0].name, null)
}

output "metrics" {
  description = "Namespace and names of the metrics counted from the function's log."
  value = !var.create ? null : {
    namespace = local.metric_namespace
    names     = sort([for filter in values(local.metric_filters) : filter.metric])
  }
}
