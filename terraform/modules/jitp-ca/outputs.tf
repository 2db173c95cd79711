output "certificate_id" {
  description = "Id of the CA at AWS IoT."
  value       = try(aws_iot_ca_certificate.this[0].id, null)
}

output "certificate_arn" {
  description = "ARN of the CA at AWS IoT."
  value       = try(aws_iot_ca_certificate.this[0].arn, null)
}

output "certificate_pem" {
  description = "The CA's certificate as it was registered."
  # The provider marks it sensitive, and so does the variable; a certificate is public, and the tools need it.
  value = var.create ? nonsensitive(local.pem.certificate) : null
}

output "certificate_mode" {
  description = "SNI_ONLY or DEFAULT; certificates that AWS IoT registers for this CA have the same mode."
  value       = try(aws_iot_ca_certificate.this[0].certificate_mode, null)
}

output "active" {
  description = "Whether AWS IoT registers new certificates of this CA at all."
  value       = try(aws_iot_ca_certificate.this[0].active, null)
}

output "allow_auto_registration" {
  description = "Whether a device's first connection registers its certificate."
  value       = try(aws_iot_ca_certificate.this[0].allow_auto_registration, null)
}

output "gate" {
  description = "What decides about a device: none, or registry."
  value       = var.create ? var.gate : null
}

output "device_certificate" {
  description = "What a device certificate's subject must hold: the fields that are read, and what for."
  value       = !var.create ? null : var.gate == "registry" ? local.gated_device_certificate : var.device_certificate
}

output "function_name" {
  description = "Name of the gate's function; null without a gate."
  value       = one(module.function[*].function_name)
}

output "function_version" {
  description = "The published version of the gate that answers; null without a gate."
  value       = one(module.function[*].function_version)
}

output "role_arn" {
  description = "ARN of the gate's execution role; null without a gate."
  value       = one(module.function[*].role_arn)
}

output "log_group_name" {
  description = "Name of the log group that holds the gate's decision log; null without a gate."
  value       = one(module.function[*].log_group_name)
}

output "dead_letter_queue_url" {
  description = "URL of the queue of events that no attempt could deal with; null without a gate."
  value       = try(aws_sqs_queue.failures[0].url, null)
}

output "dead_letter_queue_arn" {
  description = "ARN of that queue; null without a gate."
  value       = try(aws_sqs_queue.failures[0].arn, null)
}

output "dead_letter_queue_name" {
  description = "Name of that queue, for an alarm on ApproximateNumberOfMessagesVisible; null without a gate."
  value       = try(aws_sqs_queue.failures[0].name, null)
}

output "topic_rule_name" {
  description = "Name of the topic rule that calls the gate; null without a gate."
  value       = try(aws_iot_topic_rule.registered[0].name, null)
}

output "metrics" {
  description = "Namespace and names of the metrics counted from the gate's decision log; null without a gate."
  value = local.gated ? {
    namespace = local.metric_namespace
    denials   = { name = one(aws_cloudwatch_log_metric_filter.denials[*].metric_transformation[0].name), dimension = "Reason" }
    decisions = { name = one(aws_cloudwatch_log_metric_filter.decisions[*].metric_transformation[0].name), dimension = "Outcome" }
  } : null
}
