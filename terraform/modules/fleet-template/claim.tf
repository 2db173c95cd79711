################################################################################
# Claim policies: three, because one with every exact topic can exceed the 2,048 characters of an IoT policy
################################################################################

locals {
  claim_client_id_prefix = coalesce(var.claim.client_id_prefix, "claim-${var.name}-")

  claim_topics = {
    register = "$aws/provisioning-templates/${var.name}/provision"
    keys     = var.claim.keys_and_certificate ? "$aws/certificates/create" : null
    csr      = var.claim.csr ? "$aws/certificates/create-from-csr" : null
  }

  claim_policies = {
    for operation, topic in local.claim_topics : operation => jsonencode(jsondecode(templatefile(
      "${local.policies_dir}/iot/${operation == "register" ? "claim-register" : "claim-certificate"}.json.tftpl",
      {
        iot_arn          = local.iot_arn
        client_id_prefix = local.claim_client_id_prefix
        topics           = [for format in sort(var.claim.formats) : "${topic}/${format}"]
      },
    ))) if var.create && topic != null
  }

  claim_attachments = merge([
    for name in keys(var.claim_certificates) : {
      for operation in keys(local.claim_policies) : "${name}/${operation}" => { certificate = name, operation = operation }
    }
  ]...)
}

resource "aws_iot_policy" "claim" {
  for_each = local.claim_policies

  name   = each.key == "register" ? "${var.name}-claim" : "${var.name}-claim-${each.key}"
  policy = each.value

  tags = var.tags

  lifecycle {
    precondition {
      condition     = length(replace(each.value, "/\\s/", "")) <= 2048
      error_message = "claim: the policy for ${each.key} has ${length(replace(each.value, "/\\s/", ""))} characters; AWS IoT takes 2048. Use fewer formats or a shorter name."
    }
  }
}

################################################################################
# Claim certificates, from signing requests or as another Region made them: no key is ever known here
################################################################################

resource "aws_iot_certificate" "claim" {
  for_each = { for name, certificate in var.claim_certificates : name => certificate if var.create }

  active          = each.value.active
  csr             = each.value.csr_pem == null ? null : "${trimspace(each.value.csr_pem)}\n"
  certificate_pem = each.value.certificate_pem
}

resource "aws_iot_policy_attachment" "claim" {
  for_each = local.claim_attachments

  policy = aws_iot_policy.claim[each.value.operation].name
  target = aws_iot_certificate.claim[each.value.certificate].arn
}
