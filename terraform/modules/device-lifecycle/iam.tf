# What each function may do, and nothing else. With nothing to make there is no table to name either.

locals {
  own_thing_arn = "${local.iot_arn}:thing/${var.name_prefix}-*"
  # Whose certificates are looked at, and switched off in quarantine: the fleet's own things and those that are watched.
  thing_arns           = distinct(concat([local.own_thing_arn], [for prefix in sort(local.watched_prefixes) : "${local.iot_arn}:thing/${prefix}*"]))
  quarantine_group_arn = "${local.iot_arn}:thinggroup/${local.quarantine_group}"

  # Indexes beside the table itself.
  registry_indexes = {
    confirmation = local.quarantine ? ["by-certificate"] : []
    enforcement  = []
    sweep        = concat(["by-status"], local.quarantine ? ["by-certificate"] : [])
  }

  registry_policies = {
    for key, names in local.registry_indexes : key => templatefile("${local.policy_dir}/lifecycle-registry.json.tftpl", {
      index_names = names
      table_arn   = var.table_arn
      kms_key_arn = var.table_kms_key_arn
      region      = local.region
      dns_suffix  = local.dns_suffix
    }) if var.create
  }

  shadows_policy = templatefile("${local.policy_dir}/lifecycle-shadows.json.tftpl", {
    iot_arn        = local.iot_arn
    name_prefix    = var.name_prefix
    parameters_arn = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter${local.shadow_parameters}"
  })

  # What those hold that register here what another Region let in: at its change, or, when that was lost, at the next sweep.
  replication_policies = !local.several_regions ? {} : {
    replication = templatefile("${local.policy_dir}/lifecycle-replication.json.tftpl", {
      iot_arn     = local.iot_arn
      name_prefix = var.name_prefix
    })
  }

  failure_policies = {
    for key, name in local.queue_names :
    key => templatefile("${local.policy_dir}/dead-letter.json.tftpl", { queue_arn = "${local.sqs_arn}:${name}" })
  }

  policies = { for key in keys(local.functions) : key => var.create ? local.every_policy[key] : {} }

  every_policy = !var.create ? {} : {
    confirmation = merge(
      {
        registry = local.registry_policies.confirmation
        shadows  = local.shadows_policy
        failures = local.failure_policies.confirmation
      },
      # A connection proves by itself whose the certificate is.
      var.confirm_by != "THING_EVENT" && !local.quarantine ? {} : {
        certificates = templatefile("${local.policy_dir}/lifecycle-certificates.json.tftpl", {
          iot_arn    = local.iot_arn
          actions    = local.quarantine ? ["iot:DescribeCertificate", "iot:UpdateCertificate"] : ["iot:DescribeCertificate"]
          thing_arns = local.quarantine ? local.thing_arns : [local.own_thing_arn]
        })
      },
      !local.quarantine ? {} : {
        quarantine = templatefile("${local.policy_dir}/lifecycle-quarantine.json.tftpl", {
          thing_arns = local.thing_arns
          group_arn  = local.quarantine_group_arn
        })
      },
    )
    enforcement = !var.stream.enabled ? {} : merge(
      {
        registry = local.registry_policies.enforcement
        certificates = templatefile("${local.policy_dir}/lifecycle-certificates.json.tftpl", {
          iot_arn    = local.iot_arn
          actions    = ["iot:DescribeCertificate", "iot:UpdateCertificate"]
          thing_arns = local.several_regions ? [local.own_thing_arn] : []
        })
        connections = templatefile("${local.policy_dir}/lifecycle-connections.json.tftpl", {
          iot_arn     = local.iot_arn
          name_prefix = var.name_prefix
          actions     = ["iot:DeleteConnection"]
        })
        stream   = templatefile("${local.policy_dir}/lifecycle-stream.json.tftpl", { stream_arn = var.stream_arn, table_arn = var.table_arn })
        failures = local.failure_policies.enforcement
      },
      local.replication_policies,
      local.several_regions ? { shadows = local.shadows_policy } : {},
    )
    audit = {
      audit = templatefile("${local.policy_dir}/lifecycle-audit.json.tftpl", {
        log_group_arn = "${local.logs_arn}:${local.audit_log_group_name}"
        bucket_arn    = local.archive ? local.bucket_arn : null
        kms_key_arn   = local.audit_key_arn
        region        = local.region
        dns_suffix    = local.dns_suffix
      })
      failures = local.failure_policies.audit
    }
    sweep = merge(
      {
        registry = local.registry_policies.sweep
        certificates = templatefile("${local.policy_dir}/lifecycle-certificates.json.tftpl", {
          iot_arn = local.iot_arn
          actions = ["iot:DescribeCertificate", "iot:UpdateCertificate"]
          # What a connection proves needs no look at the thing.
          thing_arns = local.quarantine ? local.thing_arns : [for arn in [local.own_thing_arn] : arn if var.confirm_by == "THING_EVENT" || local.several_regions]
        })
        connections = templatefile("${local.policy_dir}/lifecycle-connections.json.tftpl", {
          iot_arn     = local.iot_arn
          name_prefix = var.name_prefix
          actions     = var.confirm_by == "FIRST_CONNECTION" ? ["iot:DeleteConnection", "iot:GetConnection"] : ["iot:DeleteConnection"]
        })
        shadows = local.shadows_policy
      },
      local.replication_policies,
      !local.quarantine ? {} : {
        quarantined = templatefile("${local.policy_dir}/lifecycle-quarantined.json.tftpl", {
          thing_arns = local.thing_arns
          group_arn  = local.quarantine_group_arn
        })
      },
    )
  }
}

################################################################################
# Role that the topic rules take to keep what they could not hand over
################################################################################

resource "aws_iam_role" "rule" {
  count = var.create ? 1 : 0

  name        = "${local.name}-rule-${local.region}"
  description = "AWS IoT writes events to ${local.queue_names.confirmation} that it could not hand over"
  path        = var.iam.path

  assume_role_policy = jsonencode(jsondecode(templatefile("${local.policy_dir}/topic-rule-trust.json.tftpl", {
    account_id = local.account_id
    source_arn = "${local.iot_arn}:*"
  })))
  permissions_boundary = var.iam.permissions_boundary_arn

  tags = var.tags
}

resource "aws_iam_role_policy" "rule" {
  count = var.create ? 1 : 0

  name   = "failures"
  role   = aws_iam_role.rule[0].name
  policy = jsonencode(jsondecode(local.failure_policies.confirmation))
}
