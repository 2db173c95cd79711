################################################################################
# Provisioning role: what AWS IoT takes to register a device
################################################################################

locals {
  # The new role is made before the old one goes, so that there is always one that may register devices. Another path
  # makes a new one too, which must not have the name of the old one.
  role_name = "${var.name}-jitp-${data.aws_region.this.id}${var.iam.path == "/" ? "" : "-${substr(sha256(var.iam.path), 0, 6)}"}"
}

resource "aws_iam_role" "provisioning" {
  count = var.create ? 1 : 0

  name        = local.role_name
  description = "AWS IoT registers devices with it, for the just-in-time provisioning template ${var.name}"
  path        = var.iam.path

  assume_role_policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iam/provisioning-trust.json.tftpl", {
    account_id = data.aws_caller_identity.this.account_id
    source_arn = coalesce(var.provisioning_role.trust_source_arn, "${local.iot_arn}:*")
  })))
  permissions_boundary = var.iam.permissions_boundary_arn

  tags = var.tags

  # The rules of a body. They stand here because the role is there in both forms, template and inline, and comes first:
  # nothing is made of a body that breaks one.
  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = length(local.template_body) <= 10240
      error_message = "template_body has ${length(local.template_body)} characters; AWS IoT takes 10240. Use fewer or shorter attributes, groups or policies."
    }

    precondition {
      condition     = length(local.broken.sections) == 0
      error_message = "template_body may have the sections Parameters and Resources only: Mappings and DeviceConfiguration are for fleet provisioning. Remove: ${join(", ", local.broken.sections)}."
    }

    precondition {
      condition     = length(local.broken.unknown_parameters) == 0
      error_message = "template_body may declare these parameters only: ${join(", ", local.parameter_names)}. Nobody gives another one a value; remove: ${join(", ", local.broken.unknown_parameters)}."
    }

    precondition {
      condition     = length(local.broken.declarations) == 0
      error_message = "template_body must declare a parameter as {\"Type\": \"String\"} and no more, not as: ${join(", ", local.broken.declarations)}. Its value comes from the certificate; no Default stands in for it."
    }

    precondition {
      condition     = length(local.broken.undeclared) == 0
      error_message = "template_body refers to what it does not declare: ${join(", ", local.broken.undeclared)}. Declare it among Parameters if it is one of these, and use one of these if it is not: ${join(", ", local.parameter_names)}."
    }

    precondition {
      condition     = length(local.broken.unused) == 0
      error_message = "template_body declares what it does not use: ${join(", ", local.broken.unused)}. Remove it from Parameters: a device whose certificate lacks a declared field stays pending for ever."
    }

    precondition {
      condition     = length(local.broken.resources) == 0
      error_message = "template_body may have resources of the Type ${join(", ", keys(local.property_names))} only, each with Properties and, at most, OverrideSettings. Correct: ${join(", ", local.broken.resources)}."
    }

    precondition {
      condition     = length(local.things) == 1 && length(local.certificates) == 1 && length(local.policies) >= 1 && length(local.policies) <= 10
      error_message = "template_body must have one AWS::IoT::Thing, one AWS::IoT::Certificate and 1 to 10 AWS::IoT::Policy, not ${length(local.things)}, ${length(local.certificates)} and ${length(local.policies)}."
    }

    precondition {
      condition     = length(local.broken.properties) == 0
      error_message = "template_body may not have ${join(", ", local.broken.properties)}. What a resource may have: ${join("; ", [for type, names in local.property_names : "${type} ${join(", ", names)}"])}. The certificate is the one the device connected with: no signing request, no PEM."
    }

    precondition {
      condition     = length(local.broken.shapes) == 0
      error_message = "template_body must have an object as AttributePayload and a list as ThingGroups. Correct: ${join(", ", local.broken.shapes)}."
    }

    precondition {
      condition     = length(local.broken.values) == 0
      error_message = "template_body must have a string or {\"Ref\": \"${local.parameter_prefix}...\"} as each value: AWS IoT documents Fn::Join and the other functions for fleet provisioning only, and takes no nested objects. Correct: ${join(", ", local.broken.values)}."
    }

    precondition {
      condition     = local.thing_name_field != ""
      error_message = "template_body must take ThingName from the certificate, for example {\"Ref\": \"${local.parameter_prefix}CommonName\"}: with a fixed name all devices would be one thing."
    }

    precondition {
      condition     = local.thing_name_field != "Id" || local.thing_name_prefix == ""
      error_message = "thing_name_prefix must be \"\" where things are named by the certificate's Id, which begins with no prefix: the role could register no device."
    }

    precondition {
      condition     = try(local.certificate.CertificateId.Ref == "${local.parameter_prefix}Id", false)
      error_message = "template_body must have {\"Ref\": \"${local.parameter_prefix}Id\"} as the CertificateId."
    }

    precondition {
      condition     = try(contains(["ACTIVE", "INACTIVE"], try(local.certificate.Status, "ACTIVE")) && contains(["EXCLUSIVE_THING", "NON_EXCLUSIVE_THING"], try(local.certificate.ThingPrincipalType, "EXCLUSIVE_THING")), false)
      error_message = "template_body must have ACTIVE or INACTIVE as the certificate's Status and, if any, EXCLUSIVE_THING or NON_EXCLUSIVE_THING as its ThingPrincipalType."
    }

    precondition {
      condition     = length(local.broken.policies) == 0
      error_message = "template_body must have either PolicyName or PolicyDocument in every AWS::IoT::Policy. Correct: ${join(", ", local.broken.policies)}."
    }

    precondition {
      condition     = length(local.broken.documents) == 0
      error_message = "template_body must have as PolicyDocument a string that holds JSON with a Statement, of which each has Effect (Allow or Deny), Action and Resource, of at most 2048 characters besides white space (an AWS IoT limit). Correct: ${join(", ", local.broken.documents)}."
    }

    precondition {
      condition     = length(local.broken.override_settings) == 0
      error_message = "template_body may override AttributePayload, ThingTypeName and ThingGroups of a thing and Status of a certificate, by DO_NOTHING, REPLACE, FAIL or, attributes and groups only, MERGE. Correct: ${join(", ", local.broken.override_settings)}."
    }

    precondition {
      condition     = length(local.broken.names) == 0
      error_message = "template_body must name thing types, thing groups and billing groups by 1 to 128 letters, digits, hyphens or underscores, not by ${join(", ", [for name in local.broken.names : jsonencode(name)])}."
    }

    precondition {
      condition     = length(local.broken.policy_names) == 0
      error_message = "template_body must name policies by 1 to 128 letters, digits or _+=,.@-, not by ${join(", ", [for name in local.broken.policy_names : jsonencode(name)])}."
    }

    precondition {
      condition     = length(local.broken.attributes) == 0
      error_message = "template_body must have attributes with names of 1 to 128 letters, digits or _.,@/:#- and values of at most 800 letters, digits or _.,@/:#=[]- (AWS IoT limits: no space, no +, no %). Correct: ${join(", ", local.broken.attributes)}."
    }

    precondition {
      condition     = length(local.thing_attributes) <= (can(local.thing.ThingTypeName) ? 50 : 3)
      error_message = "template_body has ${length(local.thing_attributes)} attributes; a thing may have 50 with a thing type and 3 without."
    }

    precondition {
      condition     = length(local.groups) <= 10 && length(local.groups) == length(toset([for group in local.groups : jsonencode(group)]))
      error_message = "template_body may have a thing join at most 10 groups (an AWS IoT limit), and none of them twice."
    }

    precondition {
      condition     = length(local.group_fields) <= 1 && !contains(local.group_fields, "Id") && (var.thing_groups.from_subject == null || join(",", local.group_fields) == join(",", var.thing_groups.from_subject[*].parameter))
      error_message = "template_body may take one group from the subject, never from Id, and thing_groups.from_subject.parameter must be the same field. It takes: ${join(", ", local.group_fields)}."
    }
  }
}

resource "aws_iam_role_policy" "provisioning" {
  count = var.create && !var.provisioning_role.managed_policy ? 1 : 0

  name = "register-devices"
  role = aws_iam_role.provisioning[0].name

  policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iam/provisioning-role.json.tftpl", {
    iot_arn = local.iot_arn

    thing_arn          = "${local.iot_arn}:thing/${local.thing_name_prefix}*"
    thing_type_arns    = [for name in local.reached.thing_types : "${local.iot_arn}:thingtype/${name}"]
    thing_group_arns   = [for name in local.reached.thing_groups : "${local.iot_arn}:thinggroup/${name}"]
    billing_group_arns = [for name in local.reached.billing_groups : "${local.iot_arn}:billinggroup/${name}"]
    policy_arns        = [for name in local.reached.policies : "${local.iot_arn}:policy/${name}"]

    group_actions = concat(
      ["iot:AddThingToThingGroup", "iot:DescribeThingGroup"],
      contains(["MERGE", "REPLACE"], local.group_override) ? ["iot:UpdateThingGroupsForThing"] : [],
      local.group_override == "REPLACE" ? ["iot:RemoveThingFromThingGroup"] : [],
    )
    policy_actions = concat(
      ["iot:GetPolicy", "iot:ListTargetsForPolicy", "iot:ListPolicyPrincipals"],
      local.makes_policies ? ["iot:CreatePolicy"] : [],
    )
  })))

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy_attachment" "provisioning" {
  # checkov:skip=CKV_AWSIOT_11:Made only where provisioning_role.managed_policy asks for it, for accounts that allow no policies of their own; the default is the role's own policy above.
  count = var.create && var.provisioning_role.managed_policy ? 1 : 0

  role       = aws_iam_role.provisioning[0].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AWSIoTThingsRegistration"

  lifecycle {
    create_before_destroy = true
  }
}
