################################################################################
# What the functions' logs count
################################################################################

locals {
  metric_filters = {
    activated_by_event = { function = "confirmation", metric = "DevicesActivated", pattern = "{ $.event = \"activation\" && $.outcome = \"activated\" }", value = "1" }
    activated_by_sweep = { function = "sweep", metric = "DevicesActivated", pattern = "{ $.event = \"activation\" && $.outcome = \"activated\" }", value = "1" }
    unexpected         = { function = "confirmation", metric = "UnexpectedThings", pattern = "{ $.event = \"unexpected-thing\" }", value = "1" }
    state_changes      = { function = "enforcement", metric = "StateChanges", pattern = "{ $.event = \"state-change\" }", value = "1", dimensions = { To = "$.to" } }
    stuck              = { function = "sweep", metric = "StuckProvisioning", pattern = "{ $.event = \"sweep\" }", value = "$.stuck" }
    sweep_failures     = { function = "sweep", metric = "SweepFailures", pattern = "{ $.event = \"sweep\" }", value = "$.failed" }
    sweep_left         = { function = "sweep", metric = "SweepLeft", pattern = "{ $.event = \"sweep\" }", value = "$.left" }
  }

  conflict_filters = !local.several_regions ? {} : {
    conflicts = { function = "enforcement", metric = "RegistryConflicts", pattern = "{ $.event = \"registry-conflict\" }", value = "1" }
  }

  # What a repetition may mend is logged as WARN: it is told of once repetitions did not help, by a queue or the sweep.
  fault_filters = {
    for key in keys(local.functions) :
    "faults_of_${key}" => { function = key, metric = "LifecycleFaults", pattern = "{ $.event = \"lifecycle-fault\" && $.level = \"ERROR\" }", value = "1", dimensions = null }
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = { for key, filter in merge(local.metric_filters, local.conflict_filters, local.fault_filters) : key => filter if var.create && contains(keys(local.functions), filter.function) }

  name           = "${local.name}-${replace(each.key, "_", "-")}"
  log_group_name = module.function[each.value.function].log_group_name
  pattern        = each.value.pattern

  metric_transformation {
    namespace  = local.metric_namespace
    name       = each.value.metric
    value      = each.value.value
    unit       = "Count"
    dimensions = try(each.value.dimensions, null)
  }
}
