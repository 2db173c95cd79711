data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

module "function" {
  source = "../lambda-function"
  create = var.create && length(var.template_names) > 0

  name        = "${var.name_prefix}-template-versions"
  description = "Removes old versions of a provisioning template before a new one is added"
  handler     = "template_versions.handler.lambda_handler"

  package_path            = coalesce(var.package_path, "${path.module}/../../../build/template_versions.zip")
  package_sha256          = var.package_sha256
  code_signing_config_arn = var.code_signing_config_arn

  # It waits for its role to be known everywhere, which takes some seconds after the first apply.
  timeout     = 60
  memory_size = 256
  tracing     = var.tracing
  logs        = var.logs

  policies = {
    templates = templatefile("${path.module}/../../../policies/iam/template-versions.json.tftpl", {
      template_arns = [
        for name in sort(var.template_names) :
        "arn:${data.aws_partition.this.partition}:iot:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}:provisioningtemplate/${name}"
      ]
    })
  }

  iam  = var.iam
  tags = var.tags
}
