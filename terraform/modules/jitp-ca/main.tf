data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  gated = var.create && var.gate == "registry"

  # The block alone, its lines 64 characters long: AWS IoT keeps the text, the provider compares it, and a line
  # break that moved would register the CA anew.
  pem_header = "-----BEGIN CERTIFICATE-----"
  pem_footer = "-----END CERTIFICATE-----"
  pem = {
    for name, text in { certificate = var.certificate_pem, verification = var.verification_certificate_pem } :
    name => text == null ? null : join("\n", flatten([
      local.pem_header,
      regexall(".{1,64}", replace(regex("${local.pem_header}([A-Za-z0-9+/=\\s]+)${local.pem_footer}", text)[0], "/\\s/", "")),
      "${local.pem_footer}\n",
    ]))
  }

  # How AWS IoT goes on with a certificate that it has registered by itself.
  registration = local.gated ? "gate" : try(var.registration_config.template_name, null) != null ? "template" : "inline"
}

# The provider never takes a registration configuration away from a CA: it reports success, and devices go on
# being admitted without the gate. A CA whose kind of registration changes is therefore registered anew.
resource "terraform_data" "registration" {
  count = var.create ? 1 : 0

  input = local.registration
}

resource "aws_iot_ca_certificate" "this" {
  count = var.create ? 1 : 0

  ca_certificate_pem           = local.pem.certificate
  verification_certificate_pem = local.pem.verification
  certificate_mode             = var.certificate_mode
  active                       = var.active
  allow_auto_registration      = var.allow_auto_registration

  dynamic "registration_config" {
    for_each = var.gate == "registry" ? [] : [var.registration_config]

    content {
      template_name = registration_config.value.template_name
      template_body = registration_config.value.template_body
      role_arn      = registration_config.value.role_arn
    }
  }

  # A CA has no name at AWS IoT, only an id.
  tags = merge({ Name = var.name }, var.tags)

  lifecycle {
    replace_triggered_by = [terraform_data.registration[0]]
  }
}

################################################################################
# What a certificate's subject must hold, for the tools that check one before the factory run
################################################################################

locals {
  gated_device_certificate = {
    parameters = sort(distinct(compact([
      try(var.gate_settings.serial_number.parameter, null),
      try(var.gate_settings.device_type.parameter, null),
      try(var.gate_settings.manufacturer.parameter, null),
    ])))
    thing_name    = null
    attributes    = {}
    thing_groups  = null
    serial_number = try(var.gate_settings.serial_number, null)
    device_type   = try(var.gate_settings.device_type, null)
    manufacturer  = try(coalesce(var.gate_settings.manufacturer.value, var.gate_settings.manufacturer.parameter), null) == null ? null : var.gate_settings.manufacturer
  }
}
