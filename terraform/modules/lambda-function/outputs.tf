output "function_name" {
  description = "Name of the function."
  value       = try(aws_lambda_function.this[0].function_name, null)
}

output "function_arn" {
  description = "ARN of the function, without a qualifier."
  value       = try(aws_lambda_function.this[0].arn, null)
}

output "function_version" {
  description = "The published version that the alias points to."
  value       = try(aws_lambda_function.this[0].version, null)
}

output "alias_name" {
  description = "Name of the alias that callers use."
  value       = try(aws_lambda_alias.this[0].name, null)
}

output "alias_arn" {
  description = "ARN of the alias that callers use."
  value       = try(aws_lambda_alias.this[0].arn, null)
}

output "role_name" {
  description = "Name of the execution role."
  value       = try(aws_iam_role.this[0].name, null)
}

output "role_arn" {
  description = "ARN of the execution role."
  value       = try(aws_iam_role.this[0].arn, null)
}

output "log_group_name" {
  description = "Name of the log group."
  value       = try(aws_cloudwatch_log_group.this[0].name, null)
}

output "log_group_arn" {
  description = "ARN of the log group."
  value       = try(aws_cloudwatch_log_group.this[0].arn, null)
}
