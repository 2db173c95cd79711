"""Which CloudWatch metrics exist: what an alarm or a dashboard may name.

Each metric of AWS with the statistics that mean something for it and the sets of dimensions it is
published with, from the page that its namespace names. Metrics of this project are not listed:
they are what its own log metric filters count.
"""

from dataclasses import dataclass

SOURCES = {
    "AWS/IoT": "https://docs.aws.amazon.com/iot/latest/developerguide/metrics_dimensions.html",
    "AWS/Lambda": "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    "AWS/DynamoDB": (
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html"
    ),
    "AWS/SQS": (
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
        "sqs-available-cloudwatch-metrics.html"
    ),
}

COUNT = frozenset({"Sum"})
# 0 for a call that succeeded, 1 for one that failed: the average is the share that failed.
FAILED = frozenset({"Sum", "SampleCount", "Average"})
LARGEST = frozenset({"Maximum"})
# Between Regions: AWS knows no percentiles of it.
LAG = frozenset({"Average", "Maximum"})
LATENCY = frozenset({"Average", "Maximum", "p50", "p90", "p99"})


@dataclass(frozen=True)
class Metric:
    """What may be asked of a metric.

    Attributes:
        statistics: Those that mean something.
        dimensions: The sets of dimensions that it is published with; the empty set is none at all.
    """

    statistics: frozenset[str]
    dimensions: frozenset[frozenset[str]]


def _by(*sets: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(names.split()) for names in sets)


def _all(metrics: str, statistics: frozenset[str], *sets: str) -> dict[str, Metric]:
    return {name: Metric(statistics, _by(*sets)) for name in metrics.split()}


DOCUMENTED: dict[str, dict[str, Metric]] = {
    "AWS/IoT": {
        **_all("RegisterThingFailed", FAILED, "TemplateName"),
        **_all("CreateKeysAndCertificateFailed CreateCertificateFromCsrFailed", FAILED, ""),
        **_all("ApproximateNumberOfThingsRegistered", LARGEST, "ClaimCertificateId"),
        **_all(
            "ProvisionThing.ClientError ProvisionThing.ServerError ProvisionThing.Success",
            COUNT,
            "",
        ),
        **_all("TopicMatch ParseError RuleMessageThrottled RulesExecuted", COUNT, "RuleName"),
        **_all(
            "Success Failure ErrorActionSuccess ErrorActionFailure", COUNT, "RuleName ActionType"
        ),
    },
    "AWS/Lambda": {
        **_all(
            "Invocations Errors Throttles DeadLetterErrors",
            COUNT,
            "FunctionName",
            "FunctionName Resource",
        ),
        **_all("Duration", LATENCY, "FunctionName", "FunctionName Resource"),
        **_all("ConcurrentExecutions IteratorAge", LARGEST, "FunctionName"),
    },
    "AWS/DynamoDB": {
        **_all("ThrottledRequests SystemErrors", COUNT, "TableName Operation"),
        **_all("SuccessfulRequestLatency", LATENCY, "TableName Operation"),
        **_all("ReplicationLatency", LAG, "TableName ReceivingRegion"),
        **_all(
            "ReadThrottleEvents WriteThrottleEvents",
            COUNT,
            "TableName",
            "TableName GlobalSecondaryIndexName",
        ),
        # Of the whole account and region.
        **_all("UserErrors", COUNT, ""),
    },
    "AWS/SQS": _all(
        "ApproximateNumberOfMessagesVisible ApproximateAgeOfOldestMessage", LARGEST, "QueueName"
    ),
}


def documented(namespace: str, name: str) -> Metric:
    """What AWS documents of one of its metrics.

    Raises:
        KeyError: AWS publishes no such metric.
    """
    return DOCUMENTED[namespace][name]
