"""What CloudWatch tells a function that is an alarm's action, taken for what it must be or refused.

Nothing in the event is trusted. Whoever may invoke the function can write any: what it names is
checked here, and which certificates it can reach at all is up to the role.

Follows https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from device_registry import names

_NAMESPACE = "AWS/IoT"
_METRIC = "ApproximateNumberOfThingsRegistered"
_DIMENSION = "ClaimCertificateId"


class Reason(StrEnum):
    """Why an event is refused."""

    INVALID_CLAIM = "INVALID_CLAIM"
    MALFORMED = "MALFORMED"
    NOT_IN_ALARM = "NOT_IN_ALARM"
    OTHER_METRIC = "OTHER_METRIC"
    UNKNOWN_ALARM = "UNKNOWN_ALARM"


class RefusedError(Exception):
    """The event is none that switches a claim off; each repetition ends the same.

    Args:
        reason: why.
        alarm_name: the alarm, if it is one of ours.
    """

    def __init__(self, reason: Reason, alarm_name: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.alarm_name = alarm_name


@dataclass(frozen=True, kw_only=True)
class BudgetAlarm:
    """An alarm that says: more things came in through this claim certificate than it is meant for.

    Attributes:
        name: the alarm's.
        claim_certificate_id: the claim certificate's id.
    """

    name: str
    claim_certificate_id: str


def read(event: Any, alarm_arn_prefix: str) -> BudgetAlarm:
    """Return the budget alarm that went off.

    Args:
        event: what the function was invoked with.
        alarm_arn_prefix: how the ARNs of the budget alarms begin.

    Raises:
        RefusedError: the event is none of a budget alarm, or that alarm is not in ALARM.
    """
    try:
        source, arn, told = event["source"], event["alarmArn"], event["alarmData"]
        name, state = told["alarmName"], told["state"]["value"]
        # One metric, never an expression over several.
        (watched,) = told["configuration"]["metrics"]
        metric = watched["metricStat"]["metric"]
        namespace, metric_name = metric["namespace"], metric["name"]
        dimensions = metric["dimensions"]
    except (KeyError, TypeError, ValueError):
        raise RefusedError(Reason.MALFORMED) from None
    if source != "aws.cloudwatch" or not _is_known(arn, name, alarm_arn_prefix):
        raise RefusedError(Reason.UNKNOWN_ALARM)
    if state != "ALARM":
        raise RefusedError(Reason.NOT_IN_ALARM, name)
    if (namespace, metric_name) != (_NAMESPACE, _METRIC):
        raise RefusedError(Reason.OTHER_METRIC, name)
    if not isinstance(dimensions, Mapping) or dimensions.keys() != {_DIMENSION}:
        raise RefusedError(Reason.OTHER_METRIC, name)
    certificate_id = dimensions[_DIMENSION]
    if not names.matches(names.CERTIFICATE_ID, certificate_id):
        raise RefusedError(Reason.INVALID_CLAIM, name)
    return BudgetAlarm(name=name, claim_certificate_id=certificate_id)


def _is_known(arn: object, name: object, alarm_arn_prefix: str) -> bool:
    if not isinstance(arn, str) or not isinstance(name, str):
        return False
    alarms, _, beginning = alarm_arn_prefix.rpartition(":")
    return arn == f"{alarms}:{name}" and name.startswith(beginning) and name != beginning
