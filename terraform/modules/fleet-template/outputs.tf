output "name" {
  description = "Name of the template."
  value       = try(aws_iot_provisioning_template.this[0].name, null)
}

output "arn" {
  description = "ARN of the template."
  value       = try(aws_iot_provisioning_template.this[0].arn, null)
}

output "enabled" {
  description = "Whether devices can be provisioned with the template."
  value       = try(aws_iot_provisioning_template.this[0].enabled, null)
}

output "default_version_id" {
  description = "The version of the template that is in use."
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

output "claim_policy_name" {
  description = "Name of the policy that lets a claim connect and register. A claim certificate made elsewhere needs the others of claim_policy_names too."
  value       = try(aws_iot_policy.claim["register"].name, null)
}

output "claim_policy_names" {
  description = "Names of all policies of a claim certificate, by what they allow: register, keys, csr."
  value       = { for operation, policy in aws_iot_policy.claim : operation => policy.name }
}

output "claim_client_id_prefix" {
  description = "Start of the MQTT client ids that a claim certificate may connect with."
  value       = var.create ? local.claim_client_id_prefix : null
}

output "claim_certificates" {
  description = "Claim certificates by name: id, ARN and PEM."
  value = {
    for name, certificate in aws_iot_certificate.claim : name => {
      id  = certificate.id
      arn = certificate.arn
      # The provider marks it sensitive; a certificate is public, and the device needs it.
      pem = nonsensitive(certificate.certificate_pem)
    }
  }
}

output "trusted_user_policy_arn" {
  description = "ARN of the IAM policy that lets somebody issue temporary claims; null when there is none."
  value       = try(aws_iam_policy.trusted_user[0].arn, null)
}
