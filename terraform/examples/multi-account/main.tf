provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  dynamic "assume_role" {
    for_each = var.role_arn[*]

    content {
      role_arn     = assume_role.value
      external_id  = var.external_id
      session_name = var.session_name
    }
  }

  default_tags {
    tags = var.tags
  }
}

locals {
  # What each function is deployed from, and the sum that it must have: no account takes another package.
  packages = {
    for name in ["canary", "device_lifecycle", "provisioning_hook", "template_versions"] : name => {
      package_path   = var.package_directory == null ? null : "${var.package_directory}/${name}.zip"
      package_sha256 = lookup(var.package_sha256, "${name}.zip", null)
    }
  }
}

module "iot_provisioning" {
  source = "../.." # from elsewhere: git::https://github.com/<owner>/<repository>.git//terraform?ref=<tag>

  name_prefix  = var.name_prefix
  device_types = var.device_types
  templates    = var.templates
  registry     = var.registry
  monitoring   = var.monitoring
  logs         = var.logs

  hook              = merge(var.hook, local.packages["provisioning_hook"])
  canary            = merge(var.canary, local.packages["canary"])
  device_lifecycle  = merge(var.device_lifecycle, local.packages["device_lifecycle"])
  template_versions = local.packages["template_versions"]
}
