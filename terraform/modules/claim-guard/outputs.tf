output "function_name" {
  description = "Name of the function; null when there is no claim to guard."
  value       = module.function.function_name
}

output "function_arn" {
  description = "ARN of the function's alias, for the monitoring module's claim_guard, once every alarm may call it; null when there is no claim to guard."
  value       = module.function.alias_arn

  # An alarm that goes off at once finds a function that lets it in.
  depends_on = [aws_lambda_permission.alarm]
}

output "function_version" {
  description = "The published version that the alarms call."
  value       = module.function.function_version
}

output "timeout" {
  description = "Seconds that one invocation may take."
  value       = local.timeout
}

output "role_arn" {
  description = "ARN of the execution role."
  value       = module.function.role_arn
}

output "log_group_name" {
  description = "Name of the log group."
  value       = module.function.log_group_name
}

output "dead_letter_queue_name" {
  description = "Name of the queue of what failed for good."
  value       = one(aws_sqs_queue.failures[*].name)
}

output "dead_letter_queue_url" {
  description = "URL of the queue of what failed for good."
  value       = one(aws_sqs_queue.failures[*].url)
}

output "alarm_arns" {
  description = "Per claim, the alarm that may call the function, for the monitoring module's claim_guard."
  value       = local.alarm_arns
}
