# Every kind of alarm, in one place: which metric, which statistic of it, how missing data is read, and the defaults of
# what `alarms` may change. A key is also the name of the alarm's section in docs/runbooks.md.
#
# `namespace`: of AWS, or "decisions", "lifecycle" or "canary" for the metrics that this project counts from its own logs.
# `anomaly`: whether a band of what is usual can take the threshold's place. It cannot where the number that matters is
# known (a limit, a budget, a queue that has to be empty).
locals {
  catalogue = {
    registration-failures = {
      summary             = "Devices fail to register through this template."
      namespace           = "AWS/IoT"
      metric              = "RegisterThingFailed"
      statistic           = "Sum"
      dimensions          = ["TemplateName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 10
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = true
    }

    # The metric is 0 for a call that succeeded and 1 for one that failed: Sum / SampleCount is the share that failed.
    registration-failure-ratio = {
      summary             = "A large share of the devices that ask for registration through this template fails."
      namespace           = "AWS/IoT"
      metric              = "RegisterThingFailed"
      statistic           = "Average"
      dimensions          = ["TemplateName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 0.2
      period_seconds      = 300
      evaluation_periods  = 3
      datapoints_to_alarm = 2
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    key-creation-failures = {
      summary             = "CreateKeysAndCertificate fails: devices get no key and no certificate."
      namespace           = "AWS/IoT"
      metric              = "CreateKeysAndCertificateFailed"
      statistic           = "Sum"
      dimensions          = []
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 5
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = true
    }

    csr-signing-failures = {
      summary             = "CreateCertificateFromCsr fails: devices get no certificate for their key."
      namespace           = "AWS/IoT"
      metric              = "CreateCertificateFromCsrFailed"
      statistic           = "Sum"
      dimensions          = []
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 5
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = true
    }

    # A running total, not a count per period. Nothing is published while nobody uses the claim, and the total does not
    # fall by that: the state stays as it was.
    claim-budget = {
      summary             = "More devices came in through this claim certificate than it is meant for."
      namespace           = "AWS/IoT"
      metric              = "ApproximateNumberOfThingsRegistered"
      statistic           = "Maximum"
      dimensions          = ["ClaimCertificateId"]
      operator            = "GreaterThanThreshold"
      threshold           = 10000
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "ignore"
      anomaly             = false
      enabled             = true
    }

    jitp-client-errors = {
      summary             = "Just-in-time provisioning fails because of what devices present."
      namespace           = "AWS/IoT"
      metric              = "ProvisionThing.ClientError"
      statistic           = "Sum"
      dimensions          = []
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 5
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = true
    }

    jitp-server-errors = {
      summary             = "Just-in-time provisioning fails inside AWS IoT."
      namespace           = "AWS/IoT"
      metric              = "ProvisionThing.ServerError"
      statistic           = "Sum"
      dimensions          = []
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 300
      evaluation_periods  = 2
      datapoints_to_alarm = 2
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    hook-errors = {
      summary             = "The pre-provisioning hook raises errors or times out: each is a device refused. A denial is none."
      namespace           = "AWS/Lambda"
      metric              = "Errors"
      statistic           = "Sum"
      dimensions          = ["FunctionName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 60
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    hook-throttles = {
      summary             = "The pre-provisioning hook is throttled: each call is a device refused."
      namespace           = "AWS/Lambda"
      metric              = "Throttles"
      statistic           = "Sum"
      dimensions          = ["FunctionName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 60
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    # Milliseconds. Duration leaves out the initialisation of a new environment, which AWS IoT waits for too: the rest of
    # the 5 s is for that.
    hook-duration = {
      summary             = "The pre-provisioning hook comes close to the 5 s after which AWS IoT refuses the device."
      namespace           = "AWS/Lambda"
      metric              = "Duration"
      statistic           = "p99"
      dimensions          = ["FunctionName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 3000
      period_seconds      = 60
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = true
    }

    function-errors = {
      summary             = "A function behind the registry raises errors or times out."
      namespace           = "AWS/Lambda"
      metric              = "Errors"
      statistic           = "Sum"
      dimensions          = ["FunctionName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 3
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = true
    }

    function-throttles = {
      summary             = "A function behind the registry is throttled: its events wait, and go to the dead-letter queue in the end."
      namespace           = "AWS/Lambda"
      metric              = "Throttles"
      statistic           = "Sum"
      dimensions          = ["FunctionName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 10
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    # Share of the function's own timeout; the alarm itself compares milliseconds. Twice in an hour: the sweep is called
    # each quarter of one, and would never have two slow periods out of three.
    function-duration = {
      summary             = "A function behind the registry comes close to its timeout."
      namespace           = "AWS/Lambda"
      metric              = "Duration"
      statistic           = "p99"
      dimensions          = ["FunctionName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 0.8
      period_seconds      = 300
      evaluation_periods  = 12
      datapoints_to_alarm = 2
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = true
    }

    denials = {
      summary             = "Many devices are denied, whatever the reason."
      namespace           = "decisions"
      metric              = "ProvisioningDecisions"
      statistic           = "Sum"
      dimensions          = ["Outcome"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 20
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = true
    }

    # The threshold of a reason that `denial_thresholds` gives none.
    denials-by-reason = {
      summary             = "Devices are denied for this reason."
      namespace           = "decisions"
      metric              = "ProvisioningDenials"
      statistic           = "Sum"
      dimensions          = ["Reason"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 5
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = true
    }

    # Counts a request that an index of the table held up too, which ReadThrottleEvents and WriteThrottleEvents of the
    # table do not. Published by operation only.
    registry-throttling = {
      summary             = "The device registry throttles requests: the hook refuses devices, or is about to."
      namespace           = "AWS/DynamoDB"
      metric              = "ThrottledRequests"
      statistic           = "Sum"
      dimensions          = ["TableName", "Operation"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 60
      evaluation_periods  = 2
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    registry-system-errors = {
      summary             = "Amazon DynamoDB answers requests to the device registry with errors of its own."
      namespace           = "AWS/DynamoDB"
      metric              = "SystemErrors"
      statistic           = "Sum"
      dimensions          = ["TableName", "Operation"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 3
      period_seconds      = 60
      evaluation_periods  = 3
      datapoints_to_alarm = 2
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    # The metric is that of the whole account and region: it knows no table. Off unless the account is this project's own.
    registry-user-errors = {
      summary             = "Requests to Amazon DynamoDB in this account and region are refused as wrong."
      namespace           = "AWS/DynamoDB"
      metric              = "UserErrors"
      statistic           = "Sum"
      dimensions          = []
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 10
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = false
    }

    rule-failures = {
      summary             = "A topic rule cannot hand events to its function."
      namespace           = "AWS/IoT"
      metric              = "Failure"
      statistic           = "Sum"
      dimensions          = ["RuleName", "ActionType"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    rule-error-action-failures = {
      summary             = "A topic rule cannot even keep the events that it failed to hand over: they are lost."
      namespace           = "AWS/IoT"
      metric              = "ErrorActionFailure"
      statistic           = "Sum"
      dimensions          = ["RuleName", "ActionType"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    # A queue with a message in it is active and publishes; an empty one falls silent after some hours.
    dead-letter-depth = {
      summary             = "Events that no attempt could deal with wait for somebody to look at them."
      namespace           = "AWS/SQS"
      metric              = "ApproximateNumberOfMessagesVisible"
      statistic           = "Maximum"
      dimensions          = ["QueueName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    # Below a day, the least that a queue is made to keep its messages for: an older one would be gone instead of told.
    dead-letter-age = {
      summary             = "Nobody looks at the events that no attempt could deal with; the queue drops them at the end of its retention."
      namespace           = "AWS/SQS"
      metric              = "ApproximateAgeOfOldestMessage"
      statistic           = "Maximum"
      dimensions          = ["QueueName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 43200
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    # One value per sweep. A period without a sweep says nothing about devices; sweep-silent speaks up for that.
    stuck-provisioning = {
      summary             = "Devices that were allowed in never came up: their records are stuck in PROVISIONING."
      namespace           = "lifecycle"
      metric              = "StuckProvisioning"
      statistic           = "Maximum"
      dimensions          = []
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 5
      period_seconds      = 900
      evaluation_periods  = 2
      datapoints_to_alarm = 2
      missing_data        = "ignore"
      anomaly             = true
      enabled             = true
    }

    # The one metric whose absence is the failure: a sweep that is not called, or that does not come to its end,
    # publishes nothing. Its value says something else, so its values are counted.
    sweep-silent = {
      summary             = "No sweep comes to its end: what went half way stays so, and stuck-provisioning is blind."
      namespace           = "lifecycle"
      metric              = "SweepLeft"
      statistic           = "SampleCount"
      dimensions          = []
      operator            = "LessThanThreshold"
      threshold           = 1
      period_seconds      = 3600
      evaluation_periods  = 2
      datapoints_to_alarm = 2
      missing_data        = "breaching"
      anomaly             = false
      enabled             = true
    }

    lifecycle-faults = {
      summary             = "The functions of the device lifecycle meet something that an operator must mend."
      namespace           = "lifecycle"
      metric              = "LifecycleFaults"
      statistic           = "Sum"
      dimensions          = []
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    # As with stuck-provisioning: a period without a sweep says nothing.
    sweep-failures = {
      summary             = "Sweeps fail to deal with some records, run after run."
      namespace           = "lifecycle"
      metric              = "SweepFailures"
      statistic           = "Maximum"
      dimensions          = []
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 900
      evaluation_periods  = 3
      datapoints_to_alarm = 3
      missing_data        = "ignore"
      anomaly             = false
      enabled             = true
    }

    stream-lag = {
      summary             = "Changes of records reach AWS IoT late: a suspended or revoked device can still connect."
      namespace           = "AWS/Lambda"
      metric              = "IteratorAge"
      statistic           = "Maximum"
      dimensions          = ["FunctionName"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 120000
      period_seconds      = 60
      evaluation_periods  = 3
      datapoints_to_alarm = 2
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    unexpected-things = {
      summary             = "Things appear that no enrolled device stands behind."
      namespace           = "lifecycle"
      metric              = "UnexpectedThings"
      statistic           = "Sum"
      dimensions          = []
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 300
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = false
      enabled             = true
    }

    # The threshold of a state that `state_change_thresholds` gives none.
    state-changes = {
      summary             = "Many records change into this state at once."
      namespace           = "lifecycle"
      metric              = "StateChanges"
      statistic           = "Sum"
      dimensions          = ["To"]
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 25
      period_seconds      = 900
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "notBreaching"
      anomaly             = true
      enabled             = true
    }

    # One value per run, 0 where all was well. A period without a run says nothing; canary-silent speaks up for that.
    canary-failed = {
      summary             = "The canary could not be provisioned as devices are, or not be removed: its log names the step and the likely cause."
      namespace           = "canary"
      metric              = "CanaryFailures"
      statistic           = "Maximum"
      dimensions          = []
      operator            = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      period_seconds      = 3600
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      missing_data        = "ignore"
      anomaly             = false
      enabled             = true
    }

    # As with sweep-silent: the metric's absence is the failure.
    canary-silent = {
      summary             = "No run of the canary comes to its end: nobody tries whether devices can be provisioned."
      namespace           = "canary"
      metric              = "CanaryRuns"
      statistic           = "Sum"
      dimensions          = []
      operator            = "LessThanThreshold"
      threshold           = 1
      period_seconds      = 3600
      evaluation_periods  = 2
      datapoints_to_alarm = 2
      missing_data        = "breaching"
      anomaly             = false
      enabled             = true
    }
  }
}

# Closed lists of lambda_src/device_registry: reasons.py and record.py.
locals {
  reasons = [
    "ALREADY_ACTIVE",
    "CERTIFICATE_NOT_VALID",
    "CERTIFICATE_REVOKED",
    "CLAIMED_BY_OTHER_CERTIFICATE",
    "CRL_UNAVAILABLE",
    "ENROLMENT_EXPIRED",
    "INTERNAL_ERROR",
    "INVALID_PARAMETER",
    "INVALID_REQUEST",
    "MALFORMED_RECORD",
    "MISCONFIGURED",
    "REGISTRY_UNAVAILABLE",
    "REVOKED",
    "SUSPENDED",
    "UNKNOWN_SERIAL",
    "WRONG_CLAIM",
    "WRONG_DEVICE_TYPE",
    "WRONG_MANUFACTURER",
  ]
  states = ["ACTIVE", "ENROLLED", "PROVISIONING", "REVOKED", "SUSPENDED"]
}
