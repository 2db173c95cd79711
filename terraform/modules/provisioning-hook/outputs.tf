output "hook_arn" {
  description = "ARN to give to provisioning templates: the alias, once every permission to call it is in place."
  value       = module.function.alias_arn

  depends_on = [aws_lambda_permission.template]
}

output "function_name" {
  description = "Name of the function."
  value       = module.function.function_name
}

output "function_arn" {
  description = "ARN of the function, without a qualifier."
  value       = module.function.function_arn
}

output "function_version" {
  description = "The published version that answers."
  value       = module.function.function_version
}

output "role_name" {
  description = "Name of the execution role."
  value       = module.function.role_name
}

output "role_arn" {
  description = "ARN of the execution role."
  value       = module.function.role_arn
}

output "log_group_name" {
  description = "Name of the log group that holds the decision log."
  value       = module.function.log_group_name
}

output "metrics" {
  description = "Namespace and names of the metrics counted from the decision log; null when nothing is made."
  value = var.create ? {
    namespace = local.metric_namespace
    denials   = { name = one(aws_cloudwatch_log_metric_filter.denials[*].metric_transformation[0].name), dimension = "Reason" }
    decisions = { name = one(aws_cloudwatch_log_metric_filter.decisions[*].metric_transformation[0].name), dimension = "Outcome" }
  } : null
}
