################################################################################
# What the body says, read at the places where a JITP template may say it
#
# HCL cannot walk a tree of unknown depth, and need not: every level has a closed list of keys, which the rules hold
# it to, so that no value is out of sight. A policy document is a string here, whatever it holds.
################################################################################

locals {
  declared     = try({ for name, parameter in local.body.Parameters : name => parameter }, {})
  by_type      = { for type in keys(local.property_names) : type => [for resource in values(local.written) : resource if try(resource.Type == type, false)] }
  written      = try({ for name, resource in local.body.Resources : name => resource }, {})
  things       = local.by_type["AWS::IoT::Thing"]
  certificates = local.by_type["AWS::IoT::Certificate"]
  policies     = local.by_type["AWS::IoT::Policy"]

  thing            = try(local.things[0].Properties, {})
  certificate      = try(local.certificates[0].Properties, {})
  thing_attributes = try({ for name, value in local.thing.AttributePayload : name => value }, {})
  groups           = try([for group in local.thing.ThingGroups : group], [])
  policy_names     = [for policy in local.policies : policy.Properties.PolicyName if can(policy.Properties.PolicyName)]

  # Every value that AWS IoT works out, by where it stands.
  places = merge([
    for name, resource in local.written : {
      for path, value in merge(
        { for property in ["ThingName", "ThingTypeName", "BillingGroup", "CertificateId", "PolicyName"] : property => resource.Properties[property] if can(resource.Properties[property]) },
        try({ for attribute, value in resource.Properties.AttributePayload : "AttributePayload.${attribute}" => value }, {}),
        try({ for index, value in resource.Properties.ThingGroups : "ThingGroups[${index}]" => value }, {}),
      ) : "${name}.${path}" => value
    }
  ]...)

  # JSON tells a string from a number, which HCL would convert.
  literals = { for place, value in local.places : place => value if startswith(jsonencode(value), "\"") }
  refs     = { for place, value in local.places : place => value.Ref if try(join(",", keys(value)) == "Ref" && startswith(jsonencode(value.Ref), "\""), false) }
}

################################################################################
# Rules: for each, who breaks it
################################################################################

locals {
  parameter_names = [for field in local.fields : "${local.parameter_prefix}${field}"]

  property_names = {
    "AWS::IoT::Thing"       = ["ThingName", "AttributePayload", "ThingTypeName", "ThingGroups", "BillingGroup"]
    "AWS::IoT::Certificate" = ["CertificateId", "Status", "ThingPrincipalType"]
    "AWS::IoT::Policy"      = ["PolicyName", "PolicyDocument"]
  }

  override_values = {
    "AWS::IoT::Thing" = {
      AttributePayload = ["DO_NOTHING", "REPLACE", "FAIL", "MERGE"]
      ThingTypeName    = ["DO_NOTHING", "REPLACE", "FAIL"]
      ThingGroups      = ["DO_NOTHING", "REPLACE", "FAIL", "MERGE"]
    }
    "AWS::IoT::Certificate" = { Status = ["DO_NOTHING", "REPLACE", "FAIL"] }
    "AWS::IoT::Policy"      = {}
  }

  broken = {
    sections           = [for section in keys(local.body) : section if !contains(["Parameters", "Resources"], section)]
    unknown_parameters = [for name in keys(local.declared) : name if !contains(local.parameter_names, name)]
    declarations       = [for name, parameter in local.declared : name if !try(join(",", keys(parameter)) == "Type" && parameter.Type == "String", false)]
    undeclared         = distinct([for parameter in values(local.refs) : parameter if !contains(keys(local.declared), parameter)])
    unused             = [for name in keys(local.declared) : name if !contains(values(local.refs), name)]

    resources = [
      for name, resource in local.written : name
      if !try(contains(keys(local.property_names), resource.Type) && can(keys(resource.Properties)) && length(setsubtract(keys(resource), ["Type", "Properties", "OverrideSettings"])) == 0, false)
    ]
    properties = flatten([
      for name, resource in local.written : [
        for property in try(keys(resource.Properties), []) : "${name}.${property}" if try(!contains(local.property_names[resource.Type], property), false)
      ]
    ])
    shapes = concat(
      can(local.thing.AttributePayload) && !can(keys(local.thing.AttributePayload)) ? ["AttributePayload"] : [],
      can(local.thing.ThingGroups) && !startswith(jsonencode(try(local.thing.ThingGroups, null)), "[") ? ["ThingGroups"] : [],
    )
    values = [for place in keys(local.places) : place if !contains(concat(keys(local.literals), keys(local.refs)), place)]

    # What is no string here breaks the rule of values.
    names = [
      for name in concat(try([local.thing.ThingTypeName], []), try([local.thing.BillingGroup], []), local.groups) :
      name if can(tostring(name)) && !can(regex("^[a-zA-Z0-9_-]{1,128}$", name))
    ]
    policy_names = [for name in local.policy_names : name if can(tostring(name)) && !can(regex("^[\\w+=,.@-]{1,128}$", name))]
    attributes = [
      for name, value in local.thing_attributes :
      name if !can(regex("^[a-zA-Z0-9_.,@/:#-]{1,128}$", name)) || can(tostring(value)) && !can(regex("^[a-zA-Z0-9_.,@/:#=\\[\\]-]{0,800}$", value))
    ]

    policies = [for name, resource in local.written : name if try(resource.Type == "AWS::IoT::Policy", false) && can(resource.Properties.PolicyName) == can(resource.Properties.PolicyDocument)]
    documents = [
      for name, resource in local.written : name
      if can(resource.Properties.PolicyDocument) && !try(
        length(flatten([jsondecode(resource.Properties.PolicyDocument).Statement])) > 0 && alltrue([
          for statement in flatten([jsondecode(resource.Properties.PolicyDocument).Statement]) :
          contains(["Allow", "Deny"], statement.Effect) && can(statement.Action) && can(statement.Resource)
        ]) && length(replace(resource.Properties.PolicyDocument, "/\\s/", "")) <= 2048, false
      )
    ]
    override_settings = flatten([
      for name, resource in local.written : [
        for setting, value in try({ for setting, value in resource.OverrideSettings : setting => value }, { "" = null }) :
        "${name}.OverrideSettings.${setting}" if !try(contains(local.override_values[resource.Type][setting], value), false)
      ] if can(resource.OverrideSettings)
    ])
  }
}

################################################################################
# What follows from it: what the role reaches, and what a certificate's subject must hold
################################################################################

locals {
  thing_name_field = try(trimprefix(local.thing.ThingName.Ref, local.parameter_prefix), "")
  group_fields     = [for group in local.groups : trimprefix(group.Ref, local.parameter_prefix) if can(tostring(group.Ref))]

  # What the subject names, the role reaches within the fleet's names; groups within those that are listed, because a
  # field such as Country is a group's whole name.
  reached = {
    thing_types    = [for value in try([local.thing.ThingTypeName], []) : try(tostring(value), "${var.name_prefix}-*")]
    billing_groups = [for value in try([local.thing.BillingGroup], []) : try(tostring(value), "${var.name_prefix}-*")]
    thing_groups = concat(
      [for group in local.groups : group if !can(group.Ref)],
      length(local.group_fields) == 0 ? [] : var.thing_groups.from_subject == null ? ["*"] : sort(var.thing_groups.from_subject.names),
    )
    # A policy that is made from a document is named after a hash of it.
    policies = local.makes_policies ? ["*"] : [for name in local.policy_names : try(tostring(name), "${var.name_prefix}-*")]
  }

  makes_policies = anytrue([for policy in local.policies : can(policy.Properties.PolicyDocument)])
  group_override = try(local.things[0].OverrideSettings.ThingGroups, "")

  device_certificate = {
    parameters = sort([for name in keys(local.declared) : trimprefix(name, local.parameter_prefix) if name != "${local.parameter_prefix}Id"])
    thing_name = { parameter = local.thing_name_field, prefix = local.thing_name_prefix }
    attributes = tomap({
      for name, value in local.thing_attributes :
      name => { parameter = trimprefix(value.Ref, local.parameter_prefix) } if try(tostring(value.Ref) != "${local.parameter_prefix}Id", false)
    })
    thing_groups = length(local.group_fields) == 0 ? null : {
      parameter = local.group_fields[0]
      names     = var.thing_groups.from_subject == null ? null : sort(var.thing_groups.from_subject.names)
    }
    # The gate's, which a template has none of.
    serial_number = null
    device_type   = null
    manufacturer  = null
  }
}
