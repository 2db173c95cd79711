output "device_types" {
  description = "Per kind of device: its re-provision policy and the names of its thing type, thing group and policy."
  value = {
    for key, type in local.device_types : key => {
      reprovision_policy = type.reprovision_policy
      thing_type_name    = aws_iot_thing_type.this[key].name
      thing_group_name   = aws_iot_thing_group.this[key].name
      policy_name        = aws_iot_policy.this[key].name
    }
  }
}

output "parent_thing_group_name" {
  description = "Name of the group above all others."
  value       = try(aws_iot_thing_group.parent[0].name, null)
}

output "policy_documents" {
  description = "Per kind of device: its policy, as rendered."
  value       = { for key, policy in aws_iot_policy.this : key => policy.policy }
}

output "first_shadow_parameter_names" {
  description = "Per kind of device that has a first shadow: name of the SSM parameter that holds it."
  value       = { for key, parameter in aws_ssm_parameter.first_shadow : key => parameter.name }
}
