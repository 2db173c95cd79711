data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  iot_arn = "arn:${data.aws_partition.this.partition}:iot:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}"

  policies_dir = "${path.module}/../../../policies"

  thing_name_prefix = var.thing_name_prefix == null ? "${var.name}-" : var.thing_name_prefix

  # All that a JITP template may declare. Id is the certificate's id in AWS IoT; the others are of its subject.
  parameter_prefix = "AWS::IoT::Certificate::"
  subject_fields   = ["CommonName", "Country", "DistinguishedNameQualifier", "Organization", "OrganizationalUnit", "SerialNumber", "StateName"]
  fields           = concat(local.subject_fields, ["Id"])
}

################################################################################
# Body, from typed inputs or as given
################################################################################

locals {
  attributes = {
    for name, entry in var.attributes :
    name => jsondecode(entry.parameter == null ? jsonencode(entry.value) : jsonencode({ Ref = "${local.parameter_prefix}${entry.parameter}" }))
  }

  thing_properties = {
    ThingName        = { Ref = "${local.parameter_prefix}${var.thing_name.parameter}" }
    AttributePayload = local.attributes
    ThingTypeName    = var.thing_type_name
    ThingGroups = concat(
      sort(var.thing_groups.names),
      [for group in var.thing_groups.from_subject[*] : { Ref = "${local.parameter_prefix}${group.parameter}" }],
    )
    BillingGroup = var.billing_group
  }

  # AWS IoT knows no null: what is not set is left out.
  resources = merge(
    {
      thing = {
        Type       = "AWS::IoT::Thing"
        Properties = { for name, value in local.thing_properties : name => value if value != null && try(length(value), 1) > 0 }
        OverrideSettings = {
          AttributePayload = var.override_settings.attribute_payload
          ThingTypeName    = var.override_settings.thing_type_name
          ThingGroups      = var.override_settings.thing_groups
        }
      }
      certificate = { for name, value in {
        Type             = "AWS::IoT::Certificate"
        Properties       = { CertificateId = { Ref = "${local.parameter_prefix}Id" }, Status = "ACTIVE" }
        OverrideSettings = { for key, value in { Status = var.override_settings.certificate_status } : key => value if value != null }
      } : name => value if value != {} }
      policy = {
        Type       = "AWS::IoT::Policy"
        Properties = { PolicyName = var.policy_name }
      }
    },
    {
      for index, name in sort(var.additional_policies) :
      "policy${index + 2}" => { Type = "AWS::IoT::Policy", Properties = { PolicyName = name } }
    },
  )

  # What is used and nothing else: a device whose certificate lacks a declared field stays pending for ever.
  used_fields = toset(concat(
    ["Id", var.thing_name.parameter],
    compact(values(var.attributes)[*].parameter),
    var.thing_groups.from_subject[*].parameter,
  ))

  rendered = {
    Parameters = { for name in local.used_fields : "${local.parameter_prefix}${name}" => { Type = "String" } }
    Resources  = local.resources
  }

  # Decoded and encoded, whichever it is: the provider compares the text, and a new version of the template follows
  # from a space that moved.
  body          = jsondecode(var.template_body == null ? jsonencode(local.rendered) : var.template_body)
  template_body = jsonencode(local.body)
}

################################################################################
# Template
################################################################################

# AWS IoT keeps five versions of a template and the provider removes none: the fifth change of the body would fail.
# This call is replaced, and so made again, whenever the body is about to change.
resource "aws_lambda_invocation" "prune" {
  count = var.create && !var.inline && var.prune_template_versions ? 1 : 0

  function_name = var.prune_function.name
  qualifier     = var.prune_function.qualifier

  input = jsonencode({
    templateName = var.name
    bodySha256   = sha256(local.template_body)
  })
}

resource "aws_iot_provisioning_template" "this" {
  count = var.create && !var.inline ? 1 : 0

  name                  = var.name
  type                  = "JITP"
  description           = var.description
  enabled               = var.enabled
  provisioning_role_arn = aws_iam_role.provisioning[0].arn
  template_body         = local.template_body

  tags = var.tags

  lifecycle {
    # AWS IoT deletes no template that a CA certificate refers to: the CAs change over to the new one in between.
    # Only another name replaces a template, so the two never meet under one name.
    create_before_destroy = true
  }

  depends_on = [
    aws_lambda_invocation.prune,
    aws_iam_role_policy.provisioning,
    aws_iam_role_policy_attachment.provisioning,
  ]
}
