output "function_name" {
  description = "Name of the function, for fleet-template's prune_function; null when there is no template to look after."
  value       = module.function.function_name
}

output "qualifier" {
  description = "Alias of the function, for fleet-template's prune_function."
  value       = module.function.alias_name
}

output "role_arn" {
  description = "ARN of the execution role."
  value       = module.function.role_arn
}

output "log_group_name" {
  description = "Name of the log group."
  value       = module.function.log_group_name
}
