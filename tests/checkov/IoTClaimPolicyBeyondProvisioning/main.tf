# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}
locals {
  iot = "arn:aws:iot:eu-west-1:111122223333"
}

resource "aws_iot_policy" "pass_whole" {
  name = "pass_whole"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/claim-fleet-*" },
      { Effect = "Allow", Action = "iot:Receive", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json/accepted", "${local.iot}:topic/$aws/certificates/create-from-csr/json/rejected", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json/*"] },
      { Effect = "Allow", Action = "iot:Subscribe", Resource = ["${local.iot}:topicfilter/$aws/certificates/create-from-csr/json/accepted", "${local.iot}:topicfilter/$aws/certificates/create-from-csr/*/rejected", "${local.iot}:topicfilter/$aws/provisioning-templates/fleet/provision/json/accepted"] },
      { Effect = "Deny", Action = "iot:Publish", Resource = "${local.iot}:topic/other" },
    ]
  })
}

resource "aws_iot_policy" "pass_certificate_only" {
  name = "pass_certificate_only"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create/json", "${local.iot}:topic/$aws/certificates/create/cbor"] },
    ]
  })
}

resource "aws_iot_policy" "pass_template_only" {
  name = "pass_template_only"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Publish", "iot:Connect"], Resource = ["${local.iot}:topic/$aws/provisioning-templates/fleet/provision/cbor", "${local.iot}:client/claim"] },
    ]
  })
}

resource "aws_iot_policy" "pass_own_client" {
  name = "pass_own_client"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}" },
    ]
  })
}

resource "aws_iot_policy" "pass_answers_together" {
  name = "pass_answers_together"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = ["iot:Subscribe", "iot:Receive"], Resource = ["${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json/accepted", "${local.iot}:topicfilter/$aws/provisioning-templates/fleet/provision/json/accepted"] },
    ]
  })
}

resource "aws_iot_policy" "fail_any_client" {
  name = "fail_any_client"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_connect_everything" {
  name = "fail_connect_everything"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Connect", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "fail_other_topic" {
  name = "fail_other_topic"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/devices/news" },
    ]
  })
}

resource "aws_iot_policy" "fail_other_filter" {
  name = "fail_other_filter"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/devices/news" },
    ]
  })
}

resource "aws_iot_policy" "fail_other_receive" {
  name = "fail_other_receive"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/devices/news" },
    ]
  })
}

resource "aws_iot_policy" "fail_other_action" {
  name = "fail_other_action"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:UpdateThingShadow", Resource = "${local.iot}:thing/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_all_but" {
  name = "fail_all_but"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", NotAction = "iot:Connect", Resource = "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json" },
    ]
  })
}

resource "aws_iot_policy" "fail_any_request" {
  name = "fail_any_request"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/certificates/create/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_any_operation" {
  name = "fail_any_operation"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/certificates/create*" },
    ]
  })
}

resource "aws_iot_policy" "fail_requests_of_others" {
  name = "fail_requests_of_others"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json" },
    ]
  })
}

resource "aws_iot_policy" "fail_all_answers" {
  name = "fail_all_answers"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/$aws/provisioning-templates/fleet/provision/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_any_template" {
  name = "fail_any_template"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/provisioning-templates/*/provision/json" },
    ]
  })
}

resource "aws_iot_policy" "fail_answers_of_any_template" {
  name = "fail_answers_of_any_template"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$aws/provisioning-templates/fleet?/provision/json/accepted" },
    ]
  })
}

# Left alone: no claim policy, and what is not known.
resource "aws_iot_policy" "unknown_device" {
  name = "unknown_device"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/devices/news" },
      { Effect = "Allow", Action = "iot:Connect", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_listener" {
  name = "unknown_listener"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/$aws/provisioning-templates/fleet/provision/*" },
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_topicfilter" {
  name = "unknown_topicfilter"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topicfilter/$aws/provisioning-templates/fleet/provision/json" },
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass" {
  name = "plan_pass"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/provisioning-templates/${var.unknown}/provision/json" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_client" {
  name = "plan_pass_client"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/${var.unknown}-*" },
    ]
  })
}

resource "aws_iot_policy" "plan_fail" {
  name = "plan_fail"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create-from-csr/json", "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json"] },
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/${var.unknown}" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_action" {
  name = "plan_pass_action"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/certificates/create/json" },
      { Effect = "Allow", Action = var.action, Resource = "${local.iot}:client/claim-*" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_arn" {
  name = "plan_pass_arn"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create/json", var.arn] },
    ]
  })
}

resource "aws_iot_policy" "fail_no_arn" {
  name = "fail_no_arn"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/certificates/create/json", "topic/*"] },
    ]
  })
}

variable "action" {
  type = string
}

variable "arn" {
  type = string
}

resource "aws_iot_policy" "fail_two_templates" {
  name = "fail_two_templates"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json", "${local.iot}:topic/$aws/provisioning-templates/other/provision/json"] },
    ]
  })
}

resource "aws_iot_policy" "fail_answers_of_two_templates" {
  name = "fail_answers_of_two_templates"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json" },
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/$aws/provisioning-templates/other/provision/json/accepted" },
    ]
  })
}

resource "aws_iot_policy" "fail_no_mark" {
  name = "fail_no_mark"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json" },
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/claim*" },
    ]
  })
}

resource "aws_iot_policy" "fail_mark_only" {
  name = "fail_mark_only"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json" },
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/-*" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_same_template" {
  name = "plan_pass_same_template"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json" },
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/provisioning-templates/${var.unknown}/provision/json" },
    ]
  })
}
