output "table_name" {
  description = "Name of the table."
  value       = try(aws_dynamodb_table.this[0].name, null)
}

output "table_arn" {
  description = "ARN of the table."
  value       = try(aws_dynamodb_table.this[0].arn, null)
}

output "stream_arn" {
  description = "ARN of the table's stream, with new and old images."
  value       = try(aws_dynamodb_table.this[0].stream_arn, null)
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the table: the own one, or the one given."
  value       = var.create ? local.kms_key_arn : null
}

output "index_names" {
  description = "What each index answers, and its name."
  value = var.create ? {
    claim_certificate = "by-claim-certificate"
    certificate       = "by-certificate"
    status            = "by-status"
  } : {}
}
