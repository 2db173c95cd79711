provider "aws" {}

module "account_baseline" {
  source = "../../modules/account-baseline" # from elsewhere: git::https://github.com/<owner>/<repository>.git//terraform/modules/account-baseline?ref=<tag>
  create = var.create

  # Only what somebody reads: device-lifecycle can follow things; the other types are off.
  event_configurations = { enabled = ["THING"] }

  indexing = {
    things       = "REGISTRY"
    connectivity = true
  }

  logging = var.logging ? { level = "WARN" } : null

  audit = var.audit ? {
    frequency            = "DAILY"
    certificate_age_days = 730
    notifications        = var.audit_topic_arn == null ? null : { topic_arn = var.audit_topic_arn, kms_key_arn = var.audit_topic_kms_key_arn }
  } : null

  tags = var.tags
}
