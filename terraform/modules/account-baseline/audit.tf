################################################################################
# Device Defender audit. The provider has no resource for it, so a CloudFormation stack holds it.
################################################################################

locals {
  # The name of each check in AWS IoT's API, and of its property in AWS::IoT::AccountAuditConfiguration.
  check_properties = {
    AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK           = "AuthenticatedCognitoRoleOverlyPermissiveCheck"
    CA_CERTIFICATE_EXPIRING_CHECK                                = "CaCertificateExpiringCheck"
    CA_CERTIFICATE_KEY_QUALITY_CHECK                             = "CaCertificateKeyQualityCheck"
    CONFLICTING_CLIENT_IDS_CHECK                                 = "ConflictingClientIdsCheck"
    DEVICE_CERTIFICATE_AGE_CHECK                                 = "DeviceCertificateAgeCheck"
    DEVICE_CERTIFICATE_EXPIRING_CHECK                            = "DeviceCertificateExpiringCheck"
    DEVICE_CERTIFICATE_KEY_QUALITY_CHECK                         = "DeviceCertificateKeyQualityCheck"
    DEVICE_CERTIFICATE_SHARED_CHECK                              = "DeviceCertificateSharedCheck"
    INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK = "IntermediateCaRevokedForActiveDeviceCertificatesCheck"
    IOT_POLICY_OVERLY_PERMISSIVE_CHECK                           = "IotPolicyOverlyPermissiveCheck"
    IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK                  = "IoTPolicyPotentialMisConfigurationCheck"
    IOT_ROLE_ALIAS_ALLOWS_ACCESS_TO_UNUSED_SERVICES_CHECK        = "IotRoleAliasAllowsAccessToUnusedServicesCheck"
    IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK                       = "IotRoleAliasOverlyPermissiveCheck"
    LOGGING_DISABLED_CHECK                                       = "LoggingDisabledCheck"
    REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK                    = "RevokedCaCertificateStillActiveCheck"
    REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK                = "RevokedDeviceCertificateStillActiveCheck"
    UNAUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK         = "UnauthenticatedCognitoRoleOverlyPermissiveCheck"
  }

  # What a check is told besides that it is on: strings there, and without one AWS IoT takes its default.
  check_settings = {
    for check, settings in {
      DEVICE_CERTIFICATE_AGE_CHECK      = { CertAgeThresholdInDays = try(var.audit.certificate_age_days, null) }
      DEVICE_CERTIFICATE_EXPIRING_CHECK = { CertExpirationThresholdInDays = try(var.audit.certificate_expiry_days, null) }
    } : check => { for name, days in settings : name => tostring(days) if days != null }
  }

  notify               = local.manage_audit && try(var.audit.notifications, null) != null
  scheduled_audit_name = "${var.name_prefix}-audit"
  scheduled_checks     = local.manage_audit ? sort(coalesce(var.audit.scheduled_checks, var.audit.checks)) : []

  mitigation_actions = {
    for key, action in local.manage_audit ? var.audit.mitigation_actions : {} : key => merge(action, {
      name = "${var.name_prefix}-${key}"
    })
  }
}

resource "aws_cloudformation_stack" "audit" {
  # checkov:skip=CKV_AWS_124:Terraform waits for the stack and reports what became of it; nobody else changes it, so its events have no other reader.
  count = local.manage_audit ? 1 : 0

  name = local.scheduled_audit_name
  # A stack that could not be made would otherwise stay, and stand in the way of the next apply.
  on_failure = "DELETE"

  template_body = templatefile("${path.module}/audit.json.tftpl", {
    account_id = local.account_id
    role_arn   = aws_iam_role.audit[0].arn
    checks = {
      for check in var.audit.checks : local.check_properties[check] => merge(
        { Enabled = true },
        length(lookup(local.check_settings, check, {})) == 0 ? {} : { Configuration = local.check_settings[check] },
      )
    }
    notifications = !local.notify ? null : {
      topic_arn = var.audit.notifications.topic_arn
      role_arn  = aws_iam_role.notification[0].arn
    }
    schedule = {
      name         = local.scheduled_audit_name
      frequency    = var.audit.frequency
      day_of_week  = var.audit.day_of_week
      day_of_month = var.audit.day_of_month
      checks       = local.scheduled_checks
    }
    mitigation_actions = {
      for key, action in local.mitigation_actions : key => merge(action, { role_arn = aws_iam_role.mitigation[key].arn })
    }
  })

  tags = var.tags

  depends_on = [
    aws_iam_role_policy_attachment.audit,
    aws_iam_role_policy.notification,
    aws_iam_role_policy.mitigation,
  ]
}

################################################################################
# Roles: one that reads what is audited, one that reports
################################################################################

resource "aws_iam_role" "audit" {
  count = local.manage_audit ? 1 : 0

  name        = "${var.name_prefix}-audit-${local.region}"
  description = "AWS IoT Device Defender reads with it what it audits"
  path        = var.iam.path

  assume_role_policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iot-trust.json.tftpl", {
    account_id = local.account_id
    # An ARN that ends in a colon: audits belong to the account, and this is what AWS documents for them.
    source_arn = "${local.iot_arn}:"
  })))
  permissions_boundary = var.iam.permissions_boundary_arn

  tags = var.tags
}

# AWS's own policy: it only reads, and AWS adds to it what a new check needs.
resource "aws_iam_role_policy_attachment" "audit" {
  count = local.manage_audit ? 1 : 0

  role       = aws_iam_role.audit[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWSIoTDeviceDefenderAudit"
}

resource "aws_iam_role" "notification" {
  count = local.notify ? 1 : 0

  name        = "${var.name_prefix}-audit-report-${local.region}"
  description = "AWS IoT Device Defender reports the outcome of audits with it"
  path        = var.iam.path

  assume_role_policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iot-trust.json.tftpl", {
    account_id = local.account_id
    source_arn = "${local.iot_arn}:"
  })))
  permissions_boundary = var.iam.permissions_boundary_arn

  tags = var.tags
}

resource "aws_iam_role_policy" "notification" {
  count = local.notify ? 1 : 0

  name = "publish"
  role = aws_iam_role.notification[0].name

  policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iot-publish.json.tftpl", {
    topic_arn   = var.audit.notifications.topic_arn
    kms_key_arn = var.audit.notifications.kms_key_arn
    region      = local.region
    dns_suffix  = data.aws_partition.this.dns_suffix
  })))
}

################################################################################
# Mitigation actions: prepared here, applied to findings by an operator
################################################################################

resource "aws_iam_role" "mitigation" {
  for_each = local.mitigation_actions

  name        = "${var.name_prefix}-mitigate-${each.key}-${local.region}"
  description = "AWS IoT Device Defender applies the mitigation action ${each.value.name} with it"
  path        = var.iam.path

  assume_role_policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iot-trust.json.tftpl", {
    account_id = local.account_id
    source_arn = "${local.iot_arn}:mitigationaction/${each.value.name}"
  })))
  permissions_boundary = var.iam.permissions_boundary_arn

  tags = var.tags
}

resource "aws_iam_role_policy" "mitigation" {
  for_each = local.mitigation_actions

  name = "mitigate"
  role = aws_iam_role.mitigation[each.key].name

  policy = jsonencode(jsondecode(
    each.value.topic_arn != null ? templatefile("${local.policies_dir}/iot-publish.json.tftpl", {
      topic_arn   = each.value.topic_arn
      kms_key_arn = each.value.kms_key_arn
      region      = local.region
      dns_suffix  = data.aws_partition.this.dns_suffix
    }) :
    each.value.thing_groups != null ? templatefile("${local.policies_dir}/iot-mitigate-group.json.tftpl", {
      iot_arn      = local.iot_arn
      thing_groups = each.value.thing_groups
    }) :
    templatefile("${local.policies_dir}/iot-mitigate-certificate.json.tftpl", { iot_arn = local.iot_arn })
  ))
}
