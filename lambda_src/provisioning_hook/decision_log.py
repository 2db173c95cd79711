"""One line of JSON per decision: what operators, metric filters and the audit trail read.

Holds identifiers and codes; never the certificate's PEM or an ownership token. Strings that the
device chose are cut and, as JSON, escaped: a line break in one cannot start a line of its own.

Follows https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html.
"""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from device_registry.reasons import Denial, Grant
from provisioning_hook.decide import Decision

EVENT = "provisioning-decision"
MAX_CHARACTERS = 128
# What an operator must mend; every other denial is the registry doing its work.
FAULTS = frozenset(
    {
        Denial.INTERNAL_ERROR,
        Denial.MALFORMED_RECORD,
        Denial.MISCONFIGURED,
        Denial.REGISTRY_UNAVAILABLE,
    }
)


def entry(decision: Decision, event: Any, request_id: str, now: float) -> dict[str, str]:
    """Return the log entry for one decision.

    Args:
        decision: what was decided.
        event: what AWS IoT passed in; nothing in it is trusted.
        request_id: the invocation's id.
        now: seconds since 1970.
    """
    request = _mapping(event)
    parameters = _mapping(request.get("parameters"))
    values = {
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
        "level": "ERROR" if decision.verdict in FAULTS else "INFO",
        "event": EVENT,
        "outcome": "allowed" if isinstance(decision.verdict, Grant) else "denied",
        "reason": decision.verdict.value,
        "detail": decision.detail,
        "serialNumber": parameters.get("SerialNumber"),
        "deviceType": parameters.get("DeviceType"),
        "thingName": decision.thing_name,
        "certificateId": request.get("certificateId"),
        "claimCertificateId": request.get("claimCertificateId"),
        "templateArn": request.get("templateArn"),
        "clientId": request.get("clientId"),
        "requestId": request_id,
    }
    return {key: v[:MAX_CHARACTERS] for key, v in values.items() if isinstance(v, str)}


def write(line: Mapping[str, str]) -> None:
    """Write one entry to standard output, which Lambda sends to the function's log group."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
