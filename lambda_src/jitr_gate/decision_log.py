"""What the gate's log line tells of a certificate."""

from collections.abc import Mapping
from typing import Any

from device_registry import decision_log
from jitr_gate.gate import Outcome
from jitr_gate.request import Reason

IGNORED = "registration-ignored"


def entry(
    outcome: Outcome, event: Any, environ: Mapping[str, str], request_id: str, now: float
) -> dict[str, str]:
    """Return the log entry for one event.

    Args:
        outcome: what became of it.
        event: what the topic rule passed on; nothing in it is trusted.
        environ: the function's environment variables.
        request_id: the invocation's id.
        now: seconds since 1970.
    """
    fields = {
        "serialNumber": outcome.device.serial_number,
        "deviceType": outcome.device.device_type,
        "thingName": outcome.thing_name,
        "certificateId": event.get("certificateId") if isinstance(event, Mapping) else None,
        "claimCertificateId": environ.get("CA_CERTIFICATE_ID"),
        "gate": environ.get("GATE_NAME"),
        "requestId": request_id,
    }
    if isinstance(outcome.verdict, Reason):
        told = {"reason": outcome.verdict.value, "detail": outcome.detail, **fields}
        return decision_log.line(IGNORED, "INFO", told, now)
    return decision_log.entry(outcome.verdict, outcome.detail, fields, now)
