data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  device_types = { for key, type in var.device_types : key => type if var.create }

  policy_templates = {
    for key, type in local.device_types :
    key => coalesce(type.policy_file, "${path.module}/../../../policies/iot/${type.topics == null ? key : "device-topics"}.json.tftpl")
  }

  # AWS IoT's policy variable. Put together, because common HCL parsers lose themselves in strings that escape it.
  thing_name         = format("$%s", "{iot:Connection.Thing.ThingName}")
  thing_name_escaped = format("$%s", local.thing_name)

  first_shadows = {
    for key, type in local.device_types : key => jsonencode({
      name    = type.first_shadow.name
      desired = jsondecode(coalesce(type.first_shadow.desired, local.shipped_shadows[key]))
    }) if type.first_shadow.enabled
  }

  shipped_shadows = {
    for key in keys(local.device_types) :
    key => file("${path.module}/first-shadows/${fileexists("${path.module}/first-shadows/${key}.json") ? key : "default"}.json")
  }

  topic_roots = { for key in keys(local.device_types) : key => "${var.name_prefix}/${key}/${local.thing_name}" }

  # null where the file is no template that can be rendered, so that a precondition can say which and why.
  documents = {
    for key, type in local.device_types : key => try(jsonencode(jsondecode(templatefile(local.policy_templates[key], {
      partition   = data.aws_partition.this.partition
      region      = data.aws_region.this.id
      account_id  = data.aws_caller_identity.this.account_id
      name_prefix = var.name_prefix
      device_type = key
      topic_root  = local.topic_roots[key]
      publish     = try([for topic in type.topics.publish : strcontains(topic, local.thing_name) ? topic : "${local.topic_roots[key]}/${topic}"], [])
      subscribe   = try([for topic in type.topics.subscribe : strcontains(topic, local.thing_name) ? topic : "${local.topic_roots[key]}/${topic}"], [])
    }))), null)
  }

  allowed = {
    for key, document in local.documents : key => [
      for statement in try(flatten([jsondecode(document).Statement]), []) : {
        actions   = [for action in flatten([try(statement.Action, "*")]) : lower(action)]
        resources = flatten([try(statement.Resource, "*")])
        attached  = try(tostring(statement.Condition.Bool["iot:Connection.Thing.IsAttached"]), "") == "true"
      } if try(statement.Effect, "") == "Allow"
    ]
  }
}

################################################################################
# Groups: one above all others
################################################################################

resource "aws_iot_thing_group" "parent" {
  count = var.create ? 1 : 0

  name = "${var.name_prefix}-devices"

  properties {
    description = "Every device of ${var.name_prefix}"

    attribute_payload {
      attributes = { namePrefix = var.name_prefix }
    }
  }

  tags = var.tags
}

resource "aws_iot_thing_group" "this" {
  for_each = local.device_types

  name              = "${var.name_prefix}-${each.key}"
  parent_group_name = aws_iot_thing_group.parent[0].name

  properties {
    description = coalesce(each.value.description, "Devices of the type ${each.key}")

    attribute_payload {
      attributes = { namePrefix = var.name_prefix, deviceType = each.key }
    }
  }

  tags = var.tags
}

################################################################################
# Thing types
################################################################################

resource "aws_iot_thing_type" "this" {
  for_each = local.device_types

  name = "${var.name_prefix}-${each.key}"

  properties {
    description           = coalesce(each.value.description, "Devices of the type ${each.key}")
    searchable_attributes = each.value.searchable_attributes
  }

  tags = var.tags
}

################################################################################
# Policies
################################################################################

resource "aws_iot_policy" "this" {
  for_each = local.device_types

  name   = "${var.name_prefix}-${each.key}"
  policy = local.documents[each.key]

  tags = var.tags

  lifecycle {
    precondition {
      condition     = local.documents[each.key] != null && length(local.allowed[each.key]) > 0
      error_message = "device_types[\"${each.key}\"].policy_file (${local.policy_templates[each.key]}) must render to a JSON policy with an Allow statement. Write AWS IoT's variables with two dollar signs, as ${local.thing_name_escaped}; the template's own variables are listed in the README."
    }

    precondition {
      condition     = length(replace(coalesce(local.documents[each.key], "-"), "/\\s/", "")) <= 2048
      error_message = "device_types[\"${each.key}\"]: the policy has ${length(replace(coalesce(local.documents[each.key], "-"), "/\\s/", ""))} characters besides white space; AWS IoT takes 2048. Use fewer or shorter topics, or one that ends with *."
    }

    precondition {
      condition     = !anytrue(flatten([for s in local.allowed[each.key] : [for action in s.actions : strcontains(action, "*")]]))
      error_message = "device_types[\"${each.key}\"].policy_file may not allow actions with a wildcard such as iot:*: name each action."
    }

    precondition {
      condition     = !anytrue(flatten([for s in local.allowed[each.key] : [for resource in s.resources : can(regex("^\\*|:\\*$|:[a-z]+/[*#+?]", resource))]]))
      error_message = "device_types[\"${each.key}\"].policy_file may not allow the resource * or every client, topic or topic filter: name the device's own with ${local.thing_name_escaped}."
    }

    precondition {
      condition = anytrue([for s in local.allowed[each.key] : contains(s.actions, "iot:connect")]) && alltrue([
        for s in local.allowed[each.key] :
        !contains(s.actions, "iot:connect") || s.attached && alltrue([for resource in s.resources : endswith(resource, ":client/${local.thing_name}")])
      ])
      error_message = "device_types[\"${each.key}\"].policy_file must allow iot:Connect on client/${local.thing_name_escaped} only, under the condition Bool iot:Connection.Thing.IsAttached \"true\": otherwise one device could connect as another."
    }
  }
}

################################################################################
# First shadows: read by the device lifecycle when a device comes up, one parameter a type, so that
# no function's environment grows with the number of types
################################################################################

resource "aws_ssm_parameter" "first_shadow" {
  # checkov:skip=CKV2_AWS_34:Settings that every device of the type reads over MQTT, no secret; a key would put a KMS call before each first shadow.
  # checkov:skip=CKV_AWS_337:Settings that every device of the type reads over MQTT, no secret; a key would put a KMS call before each first shadow.
  for_each = local.first_shadows

  name        = "/iot-provisioning/${var.name_prefix}/device-types/${each.key}/first-shadow"
  description = "What the shadow of a new ${var.name_prefix}-${each.key} begins with"
  type        = "String"
  value       = each.value

  tags = var.tags
}
