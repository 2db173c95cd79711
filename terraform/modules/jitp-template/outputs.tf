output "name" {
  description = "Name of the template; null when it is inline."
  value       = try(aws_iot_provisioning_template.this[0].name, null)
}

output "arn" {
  description = "ARN of the template; null when it is inline."
  value       = try(aws_iot_provisioning_template.this[0].arn, null)
}

output "enabled" {
  description = "Whether devices can be provisioned with the template; null when it is inline."
  value       = try(aws_iot_provisioning_template.this[0].enabled, null)
}

output "default_version_id" {
  description = "The version of the template that is in use; null when it is inline."
  value       = try(aws_iot_provisioning_template.this[0].default_version_id, null)
}

output "template_body" {
  description = "The template's body, as rendered."
  value       = var.create ? local.template_body : null
}

output "provisioning_role_arn" {
  description = "ARN of the role that AWS IoT takes to register devices."
  value       = try(aws_iam_role.provisioning[0].arn, null)
}

output "registration_config" {
  description = "What a CA certificate is registered with (the jitp-ca module's input of that name): the template's name or, inline, its body and role."
  value = !var.create ? null : {
    template_name = try(aws_iot_provisioning_template.this[0].name, null)
    template_body = var.inline ? local.template_body : null
    role_arn      = var.inline ? aws_iam_role.provisioning[0].arn : null
  }

  # No CA takes devices before the role may register them.
  depends_on = [
    aws_iam_role_policy.provisioning,
    aws_iam_role_policy_attachment.provisioning,
  ]
}

output "device_certificate" {
  description = "What the subject of a device certificate must hold: the fields, and what becomes of each."
  value       = var.create ? local.device_certificate : null
}
