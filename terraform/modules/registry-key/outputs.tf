output "kms_key_arn" {
  description = "ARN of the key; null when nothing is made."
  value       = one(aws_kms_key.this[*].arn)
}
