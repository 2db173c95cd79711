data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  iot_arn      = "arn:${data.aws_partition.this.partition}:iot:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}"
  template_arn = "${local.iot_arn}:provisioningtemplate/${var.name}"

  policies_dir = "${path.module}/../../../policies"

  # The hook sets all of these, every time, whatever the device sent. The service replaces only parameters that
  # the template declares, so all are declared, used or not.
  hook_parameters = ["ThingName", "ThingTypeName", "ThingGroupName", "PolicyName", "SerialNumber", "DeviceType", "Manufacturer", "ProvisionedAt"]
}

################################################################################
# Body
################################################################################

locals {
  attributes = var.attributes != null ? var.attributes : merge(
    {
      for name in ["serialNumber", "deviceType", "manufacturer", "provisionedAt"] :
      name => { value = null, parameter = "${upper(substr(name, 0, 1))}${substr(name, 1, -1)}", lookup = null, join = null }
    },
    {
      for name in keys(var.parameters) :
      "${lower(substr(name, 0, 1))}${substr(name, 1, -1)}" => { value = null, parameter = name, lookup = null, join = null }
    },
  )

  # Each entry as JSON text first: a conditional cannot choose between a string and an object.
  expressions = {
    for section, entries in { attributes = local.attributes, device_configuration = var.device_configuration } : section => {
      for name, entry in entries : name => jsondecode(
        entry.value != null ? jsonencode(entry.value) :
        entry.parameter != null ? jsonencode({ Ref = entry.parameter }) :
        entry.lookup != null ? jsonencode({ "Fn::FindInMap" = [entry.lookup.map, { Ref = entry.lookup.parameter }, entry.lookup.name] }) :
        jsonencode({ "Fn::Join" = [try(entry.join.separator, ""), [
          for part in try(entry.join.parts, []) : jsondecode(part.parameter == null ? jsonencode(part.value) : jsonencode({ Ref = part.parameter }))
        ]] })
      )
    }
  }

  thing_properties = {
    ThingName        = { Ref = "ThingName" }
    AttributePayload = local.expressions.attributes
    ThingTypeName    = jsondecode(var.thing_type_name == null ? jsonencode({ Ref = "ThingTypeName" }) : jsonencode(var.thing_type_name))
    ThingGroups = concat(
      [jsondecode(var.thing_group_name == null ? jsonencode({ Ref = "ThingGroupName" }) : jsonencode(var.thing_group_name))],
      sort(var.additional_thing_groups),
    )
    BillingGroup = var.billing_group
  }

  certificate_properties = {
    CertificateId      = { Ref = "AWS::IoT::Certificate::Id" }
    Status             = "ACTIVE"
    ThingPrincipalType = var.exclusive_thing ? "EXCLUSIVE_THING" : null
  }

  # AWS IoT knows no null: what is not set is left out.
  resources = merge(
    {
      thing = {
        Type       = "AWS::IoT::Thing"
        Properties = { for name, value in local.thing_properties : name => value if value != null && value != {} }
        OverrideSettings = {
          AttributePayload = var.override_settings.attribute_payload
          ThingTypeName    = var.override_settings.thing_type_name
          ThingGroups      = var.override_settings.thing_groups
        }
      }
      certificate = { for name, value in {
        Type             = "AWS::IoT::Certificate"
        Properties       = { for key, value in local.certificate_properties : key => value if value != null }
        OverrideSettings = { for key, value in { Status = var.override_settings.certificate_status } : key => value if value != null }
      } : name => value if value != {} }
      policy = {
        Type       = "AWS::IoT::Policy"
        Properties = { PolicyName = jsondecode(var.policy_name == null ? jsonencode({ Ref = "PolicyName" }) : jsonencode(var.policy_name)) }
      }
    },
    {
      for index, name in sort(var.additional_policies) :
      "policy${index + 2}" => { Type = "AWS::IoT::Policy", Properties = { PolicyName = name } }
    },
  )

  sections = {
    Parameters = merge(
      { for name in concat(local.hook_parameters, ["AWS::IoT::Certificate::Id"]) : name => { Type = "String" } },
      { for name, parameter in var.parameters : name => { Type = "String", Default = parameter.default } },
    )
    Mappings            = var.mappings
    DeviceConfiguration = local.expressions.device_configuration
    Resources           = local.resources
  }

  # jsonencode and nothing else: the provider compares the text, and a new version of the template follows from a
  # space that moved.
  template_body = jsonencode({ for name, section in local.sections : name => section if length(section) > 0 })
}

################################################################################
# Template
################################################################################

# AWS IoT keeps five versions of a template and the provider removes none: the fifth change of the body would fail.
# This call is replaced, and so made again, whenever the body is about to change.
resource "aws_lambda_invocation" "prune" {
  count = var.create && var.prune_template_versions ? 1 : 0

  function_name = var.prune_function.name
  qualifier     = var.prune_function.qualifier

  input = jsonencode({
    templateName = var.name
    bodySha256   = sha256(local.template_body)
  })
}

resource "aws_iot_provisioning_template" "this" {
  count = var.create ? 1 : 0

  name                  = var.name
  description           = var.description
  enabled               = var.enabled
  provisioning_role_arn = aws_iam_role.provisioning[0].arn
  template_body         = local.template_body

  pre_provisioning_hook {
    payload_version = "2020-04-01"
    target_arn      = var.hook_arn
  }

  tags = var.tags

  lifecycle {
    precondition {
      condition     = length(local.template_body) <= 10240
      error_message = "The template's body has ${length(local.template_body)} characters; AWS IoT takes 10240. Use fewer or shorter attributes, parameters, mappings or device_configuration."
    }
  }

  depends_on = [
    aws_lambda_invocation.prune,
    aws_iam_role_policy.provisioning,
    aws_iam_role_policy_attachment.provisioning,
  ]
}
