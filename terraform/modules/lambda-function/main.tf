data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.id
  account_id = data.aws_caller_identity.this.account_id

  policies_dir = "${path.module}/../../../policies/iam"

  # Written out, so that the role's policies need no resource that in turn needs the role.
  function_arn   = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${var.name}"
  log_group_name = "/aws/lambda/${var.name}"
  log_group_arn  = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.log_group_name}"

  package_exists = fileexists(var.package_path)

  role_policies = merge(
    var.policies,
    { logs = templatefile("${local.policies_dir}/lambda-logs.json.tftpl", { log_group_arn = local.log_group_arn }) },
    var.tracing ? { tracing = templatefile("${local.policies_dir}/lambda-xray.json.tftpl", {}) } : {},
  )
}

################################################################################
# Role
################################################################################

resource "aws_iam_role" "this" {
  count = var.create ? 1 : 0

  name        = "${var.name}-${local.region}"
  description = "Execution role of the function ${var.name}"
  path        = var.iam.path

  assume_role_policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/lambda-trust.json.tftpl", {
    account_id   = local.account_id
    function_arn = local.function_arn
  })))
  permissions_boundary = var.iam.permissions_boundary_arn

  tags = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = { for name, document in local.role_policies : name => document if var.create }

  name   = each.key
  role   = aws_iam_role.this[0].name
  policy = jsonencode(jsondecode(each.value))
}

################################################################################
# Log group: made here, so that it has retention and a key from its first line on
################################################################################

resource "aws_cloudwatch_log_group" "this" {
  count = var.create ? 1 : 0

  name              = local.log_group_name
  retention_in_days = var.logs.retention_in_days
  kms_key_id        = var.logs.kms_key_arn

  tags = var.tags
}

################################################################################
# Function and its alias
################################################################################

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_117:It calls AWS services only, over their public endpoints with TLS; a VPC would lengthen cold starts inside a five second budget and protect nothing.
  # checkov:skip=CKV_AWS_116:A dead letter queue serves asynchronous invocations: functions that have some set dead_letter_target_arn, those that are only invoked synchronously have none.
  # checkov:skip=CKV_AWS_272:Signing takes a signing profile of the account's own: code_signing_config_arn asks for it, and without it the package's hash still decides what is deployed.
  # checkov:skip=CKV_AWS_173:The environment holds names and numbers, no secret; a customer key would put a KMS call into every cold start.
  count = var.create ? 1 : 0

  function_name = var.name
  description   = var.description
  role          = aws_iam_role.this[0].arn

  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = var.handler
  filename         = var.package_path
  source_code_hash = local.package_exists ? filebase64sha256(var.package_path) : null
  publish          = true

  code_signing_config_arn        = var.code_signing_config_arn
  timeout                        = var.timeout
  memory_size                    = var.memory_size
  reserved_concurrent_executions = var.concurrency.reserved == null ? -1 : var.concurrency.reserved

  dynamic "environment" {
    for_each = length(var.environment) > 0 ? [var.environment] : []

    content {
      variables = environment.value
    }
  }

  dynamic "dead_letter_config" {
    for_each = var.dead_letter_target_arn == null ? [] : [var.dead_letter_target_arn]

    content {
      target_arn = dead_letter_config.value
    }
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this[0].name
    application_log_level = var.logs.application_level
    system_log_level      = var.logs.system_level
  }

  dynamic "snap_start" {
    for_each = var.concurrency.snap_start ? [true] : []

    content {
      apply_on = "PublishedVersions"
    }
  }

  tags = var.tags

  lifecycle {
    precondition {
      condition     = local.package_exists
      error_message = "package_path: there is no file ${var.package_path}. Run `make package`, or set the variable to a package that was built elsewhere."
    }

    precondition {
      condition     = var.package_sha256 == null || !local.package_exists ? true : filesha256(var.package_path) == var.package_sha256
      error_message = "package_sha256: ${var.package_path} is not the package that was asked for. Deploy the tested artefact, or set package_sha256 to the sum of this one."
    }
  }

  # The role may do its work before anything can call the function.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_alias" "this" {
  count = var.create ? 1 : 0

  name             = "live"
  description      = "The version that is called"
  function_name    = aws_lambda_function.this[0].function_name
  function_version = aws_lambda_function.this[0].version
}

resource "aws_lambda_provisioned_concurrency_config" "this" {
  count = var.create && var.concurrency.provisioned != null ? 1 : 0

  function_name                     = aws_lambda_function.this[0].function_name
  qualifier                         = aws_lambda_alias.this[0].name
  provisioned_concurrent_executions = var.concurrency.provisioned
}
