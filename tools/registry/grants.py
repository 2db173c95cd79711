"""Finds what the hook let in through one claim certificate, in its decision log.

A record keeps the claim of its present certificate only. What came in through another before, the
log tells, as far back as it is kept.

Follows https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
"""

import json
from typing import TYPE_CHECKING

from device_registry import names
from device_registry.decision_log import EVENT
from device_registry.reasons import Grant

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


def through_claim(
    logs: "CloudWatchLogsClient", log_group: str, claim_certificate_id: str, *, since: int, now: int
) -> dict[str, frozenset[str]]:
    """Return the certificates that were let in between two times, by serial number.

    Args:
        logs: the client.
        log_group: the hook's.
        claim_certificate_id: what brought them in.
        since: seconds since 1970.
        now: seconds since 1970.

    Raises:
        ClientError, BotoCoreError: the log group does not exist or cannot be read.
    """
    found: dict[str, frozenset[str]] = {}
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=log_group,
        startTime=since * 1000,
        endTime=(now + 1) * 1000,
        filterPattern=(
            f'{{ $.event = "{EVENT}" && $.outcome = "allowed"'
            f' && $.claimCertificateId = "{claim_certificate_id}" }}'
        ),
    )
    for page in pages:
        for event in page["events"]:
            grant = _grant(event["message"], claim_certificate_id)
            if grant is not None:
                serial, certificate_id = grant
                found[serial] = found.get(serial, frozenset()) | {certificate_id}
    return found


def _grant(message: str, claim_certificate_id: str) -> tuple[str, str] | None:
    """Return whom a log line let in with which certificate, if it is such a line.

    Endpoints that are not AWS's may not know JSON patterns, and answer with every line.
    """
    try:
        entry = json.loads(message)
    except ValueError:
        return None
    if not (
        isinstance(entry, dict)
        and entry.get("event") == EVENT
        and entry.get("outcome") == "allowed"
        and entry.get("claimCertificateId") == claim_certificate_id
        # It was let in before: then there is a line of that, or it was before the time.
        and entry.get("reason") != Grant.REPEAT
    ):
        return None
    serial, certificate_id = entry.get("serialNumber"), entry.get("certificateId")
    # A line that names neither is none of the hook's.
    if names.matches(names.SERIAL_NUMBER, serial) and names.matches(
        names.CERTIFICATE_ID, certificate_id
    ):
        return str(serial), str(certificate_id)
    return None
