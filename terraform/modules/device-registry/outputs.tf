output "table_name" {
  description = "What the table is called in a request: its name, or its ARN where it is another account's."
  value       = !var.create ? null : local.create_table ? aws_dynamodb_table.this[0].name : local.foreign ? local.table_arn : split("/", local.table_arn)[1]

  precondition {
    condition     = local.table_region == null ? true : local.table_region == data.aws_region.this.id
    error_message = "existing_table is in ${coalesce(local.table_region, "no Region")}, and its users here ask DynamoDB in ${data.aws_region.this.id}. Use a table of this Region."
  }
}

output "table_arn" {
  description = "ARN of the table."
  value       = var.create ? local.table_arn : null
}

output "stream_arn" {
  description = "ARN of the table's stream, with new and old images; null for an existing table whose stream is not read."
  value       = var.create ? local.stream_arn : null

  precondition {
    condition     = !local.foreign || local.stream_arn == null
    error_message = "existing_table.stream_arn may not be set for a table of another account: its policy lets no function read the stream. Leave stream_arn out; the sweep follows changes."
  }
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the table: the own one, or the one given."
  value       = var.create ? local.kms_key_arn : null
}

output "replicas" {
  description = "Per Region of replicas: what existing_table takes there."
  value = local.create_table ? {
    for region, replica in var.replicas : region => {
      arn = one([for made in aws_dynamodb_table.this[0].replica : made.arn if made.region_name == region])
      # Written as text, so that whether there is one is known before there is.
      stream_arn  = format("%s", one([for made in aws_dynamodb_table.this[0].replica : made.stream_arn if made.region_name == region]))
      kms_key_arn = replica.kms_key_arn
    }
  } : {}
}

output "index_names" {
  description = "What each index answers, and its name."
  value = var.create ? {
    claim_certificate = "by-claim-certificate"
    certificate       = "by-certificate"
    status            = "by-status"
  } : {}
}
