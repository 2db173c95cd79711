"""The functions' log lines. Metric filters, alarms and the audit trail read them."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from device_registry import decision_log
from device_registry.record import DeviceRecord

ACTIVATION = "activation"
CERTIFICATE_REPLICATED = "certificate-replicated"
CERTIFICATE_SWITCHED = "certificate-switched"
CONNECTION_DROPPED = "connection-dropped"
FAULT = "lifecycle-fault"
FIRST_SHADOW = "first-shadow"
REGISTRY_CONFLICT = "registry-conflict"
STATE_CHANGE = "state-change"
SWEEP = "sweep"
UNEXPECTED_THING = "unexpected-thing"

# An operator's ARN and reason are longer than what a device may put into a log line.
MAX_CHARACTERS = 512


def of_device(record: DeviceRecord) -> dict[str, str | None]:
    """Return the fields that say which device, under which claim."""
    return {
        "serialNumber": record.serial_number,
        "deviceType": record.device_type,
        "thingName": record.thing_name,
        "certificateId": record.certificate_id,
        "claimCertificateId": record.claim_certificate_id,
    }


class Journal:
    """Writes one invocation's log lines.

    Args:
        request_id: the invocation's id.
        clock: returns seconds since 1970.
    """

    def __init__(self, request_id: str, clock: Callable[[], float] = time.time) -> None:
        self._request_id = request_id
        self._clock = clock

    def tell(
        self,
        event: str,
        fields: Mapping[str, Any],
        *,
        level: str = "INFO",
        numbers: Mapping[str, int] | None = None,
    ) -> None:
        """Write one line.

        Args:
            event: the kind of entry, for filters.
            fields: what to tell; what is no string is left out.
            level: as Lambda's log levels are called.
            numbers: what metric filters take values from.
        """
        told = {**fields, "requestId": self._request_id}
        line = decision_log.line(event, level, told, self._clock(), characters=MAX_CHARACTERS)
        decision_log.write({**line, **(numbers or {})})
