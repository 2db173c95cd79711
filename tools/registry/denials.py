"""Finds the newest refusal of a serial number in a function's decision log.

Follows https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from device_registry.decision_log import EVENT, MAX_CHARACTERS

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_FIRST_WINDOW_SECONDS = 3_600
_GROWTH = 6
_UNSAFE_IN_A_PATTERN = re.compile(r"[^A-Za-z0-9_.-]+")


def pattern(serial_number: str) -> str:
    """Return the filter for one serial number's refusals.

    A stranger may have sent any characters. Those that could mean something in a pattern become
    wildcards: the pattern then finds too much, and ``newest`` looks at each line itself.
    """
    quoted = _UNSAFE_IN_A_PATTERN.sub("*", serial_number[:MAX_CHARACTERS])
    return f'{{ $.event = "{EVENT}" && $.outcome = "denied" && $.serialNumber = "{quoted}" }}'


def newest(
    logs: "CloudWatchLogsClient", log_group: str, serial_number: str, *, since: int, now: int
) -> Mapping[str, Any] | None:
    """Return the newest refusal between two times, in seconds since 1970; None for none.

    CloudWatch answers oldest first, so this looks at the last hour, then at ever longer stretches
    before it: what is asked for is mostly minutes old, and every byte looked at is paid for.

    Raises:
        ClientError, BotoCoreError: the log group does not exist or cannot be read.
    """
    for begin, end in _windows(since, now):
        found, found_at = None, -1
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=log_group,
            startTime=begin * 1000,
            endTime=end * 1000,
            filterPattern=pattern(serial_number),
        )
        for page in pages:
            for event in page["events"]:
                entry = _refusal(event["message"], serial_number)
                if entry is not None and event["timestamp"] >= found_at:
                    found, found_at = entry, event["timestamp"]
        if found is not None:
            return found
    return None


def _windows(since: int, now: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches from ``now`` back to ``since``; neighbours share their border."""
    end = now + 1
    length = _FIRST_WINDOW_SECONDS
    while end > since:
        begin = max(since, end - length)
        yield begin, end
        end = begin
        length *= _GROWTH


def _refusal(message: str, serial_number: str) -> Mapping[str, Any] | None:
    """Return a log line's entry, if it is a refusal of this serial number.

    Endpoints that are not AWS's may not know JSON patterns, and answer with every line.
    """
    try:
        entry = json.loads(message)
    except ValueError:
        return None
    if (
        isinstance(entry, dict)
        and entry.get("event") == EVENT
        and entry.get("outcome") == "denied"
        and entry.get("serialNumber") == serial_number[:MAX_CHARACTERS]
    ):
        return entry
    return None
