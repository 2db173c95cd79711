################################################################################
# Provisioning role: what AWS IoT takes to register a device
################################################################################

resource "aws_iam_role" "provisioning" {
  count = var.create ? 1 : 0

  name        = "${var.name}-provision-${data.aws_region.this.id}"
  description = "AWS IoT registers devices with it, for the provisioning template ${var.name}"
  path        = var.iam.path

  assume_role_policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iam/provisioning-trust.json.tftpl", {
    account_id = data.aws_caller_identity.this.account_id
    source_arn = coalesce(var.provisioning_role.trust_source_arn, "${local.iot_arn}:*")
  })))
  permissions_boundary = var.iam.permissions_boundary_arn

  tags = var.tags
}

resource "aws_iam_role_policy" "provisioning" {
  count = var.create && !var.provisioning_role.managed_policy ? 1 : 0

  name = "register-devices"
  role = aws_iam_role.provisioning[0].name

  policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iam/provisioning-role.json.tftpl", {
    iot_arn = local.iot_arn

    thing_arn        = "${local.iot_arn}:thing/${var.name_prefix}-*"
    thing_type_arns  = ["${local.iot_arn}:thingtype/${coalesce(var.thing_type_name, "${var.name_prefix}-*")}"]
    thing_group_arns = [for name in concat([coalesce(var.thing_group_name, "${var.name_prefix}-*")], sort(var.additional_thing_groups)) : "${local.iot_arn}:thinggroup/${name}"]
    policy_arns      = [for name in concat([coalesce(var.policy_name, "${var.name_prefix}-*")], sort(var.additional_policies)) : "${local.iot_arn}:policy/${name}"]

    billing_group_arns = [for name in var.billing_group[*] : "${local.iot_arn}:billinggroup/${name}"]

    group_actions = concat(
      ["iot:AddThingToThingGroup", "iot:DescribeThingGroup"],
      contains(["MERGE", "REPLACE"], var.override_settings.thing_groups) ? ["iot:UpdateThingGroupsForThing"] : [],
      var.override_settings.thing_groups == "REPLACE" ? ["iot:RemoveThingFromThingGroup"] : [],
    )
    policy_actions = ["iot:GetPolicy", "iot:ListTargetsForPolicy", "iot:ListPolicyPrincipals"]
  })))
}

resource "aws_iam_role_policy_attachment" "provisioning" {
  # checkov:skip=CKV_AWSIOT_11:Made only where provisioning_role.managed_policy asks for it, for accounts that allow no policies of their own; the default is the role's own policy above.
  count = var.create && var.provisioning_role.managed_policy ? 1 : 0

  role       = aws_iam_role.provisioning[0].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AWSIoTThingsRegistration"
}

################################################################################
# Trusted users: may issue a claim that lives five minutes
################################################################################

resource "aws_iam_policy" "trusted_user" {
  count = var.create && var.trusted_user_policy ? 1 : 0

  name        = "${var.name}-trusted-user-${data.aws_region.this.id}"
  description = "Issue temporary provisioning claims for the template ${var.name}"
  path        = var.iam.path

  policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iam/trusted-user.json.tftpl", {
    template_arn = local.template_arn
  })))

  tags = var.tags
}
