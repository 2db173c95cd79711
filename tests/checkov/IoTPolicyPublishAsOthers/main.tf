# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}
locals {
  iot = "arn:aws:iot:eu-west-1:111122223333"
}

resource "aws_iot_policy" "pass_own" {
  name = "pass_own"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/sensors/$${iot:Connection.Thing.ThingName}/*" },
    ]
  })
}

resource "aws_iot_policy" "pass_fixed" {
  name = "pass_fixed"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/sensors/temperature" },
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/sensors/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_type" {
  name = "fail_type"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/sensors/temperature/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_letter" {
  name = "fail_letter"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Connect", "iot:RetainPublish"], Resource = ["${local.iot}:client/a", "${local.iot}:topic/sensors/?"] },
    ]
  })
}

resource "aws_iot_policy" "fail_everything" {
  name = "fail_everything"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "fail_second" {
  name = "fail_second"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/sensors/$${iot:Connection.Thing.ThingName}/*", "${local.iot}:topic/logs/*"] },
    ]
  })
}

# Left alone: reading, provisioning, and what grants nothing.
resource "aws_iot_policy" "unknown_receive" {
  name = "unknown_receive"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/sensors/*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_claim" {
  name = "unknown_claim"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create/*", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/*"] },
    ]
  })
}

resource "aws_iot_policy" "unknown_filter" {
  name = "unknown_filter"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topicfilter/sensors/*" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass" {
  name = "plan_pass"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/sensors/${var.unknown}" },
    ]
  })
}

resource "aws_iot_policy" "plan_fail" {
  name = "plan_fail"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/sensors/${var.unknown}/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_no_level" {
  name = "fail_no_level"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/sensors/$${iot:Connection.Thing.ThingName}*" },
    ]
  })
}

resource "aws_iot_policy" "fail_kind_of_thing" {
  name = "fail_kind_of_thing"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/sensors/$${iot:Connection.Thing.ThingTypeName}/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_address" {
  name = "fail_address"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/sensors/$${aws:SourceIp}/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_before_own" {
  name = "fail_before_own"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/sensors/*/$${iot:Connection.Thing.ThingName}/*" },
    ]
  })
}

resource "aws_iot_policy" "pass_certificate" {
  name = "pass_certificate"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/sensors/$${iot:Certificate.Subject.CommonName}/*", "${local.iot}:topic/sensors/$${iot:Certificate.Subject.SerialNumber}/*", "${local.iot}:topic/sensors/$${iot:Certificate.Subject.CommonName.1}/*", "${local.iot}:topic/sensors/$${iot:CertificateId}/*", "${local.iot}:topic/sensors/$${iot:clientid}/*"] },
    ]
  })
}
