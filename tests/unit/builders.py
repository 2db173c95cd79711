"""Records, requests and events that the unit tests start from."""

import copy
import json
from pathlib import Path
from typing import Any

from device_registry.claim import ClaimRequest
from device_registry.record import DeviceRecord, ReprovisionPolicy, Status
from device_registry.regions import Regions

NOW = 1_790_000_000
LEASE = 3600
CERTIFICATE = "de" * 32
OTHER_CERTIFICATE = "0f" * 32
CLAIM_CERTIFICATE = "c1a1" * 16
# One Region, and the two of a fleet that has a home: there, and away from it.
REGIONS = Regions("us-east-1")
AT_HOME = Regions("us-east-1", "us-east-1")
AWAY = Regions("eu-west-1", "us-east-1")
EVENTS = Path(__file__).parents[1] / "events"

ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "123456789012",
    "AWS_SECRET_ACCESS_KEY": "test",
    "DEVICE_REGISTRY_TABLE": "registry",
    "NAME_PREFIX": "acme",
    "CLAIM_LEASE_SECONDS": str(LEASE),
}

# As the event has it: not the one with the event's id.
PEM = json.loads((EVENTS / "register_thing.json").read_text())["certificatePem"]


def register_thing_event(**parameters: Any) -> dict[str, Any]:
    """The documented hook input, with some parameters replaced (None removes one)."""
    event = json.loads((EVENTS / "register_thing.json").read_text())
    for name, value in parameters.items():
        if value is None:
            del event["parameters"][name]
        else:
            event["parameters"][name] = value
    return copy.deepcopy(event)


def claim_request(**changes: Any) -> ClaimRequest:
    values = {
        "serial_number": "SN-0001",
        "device_type": "temperature-sensor",
        "manufacturer": "AcmeIoT",
        "certificate_id": CERTIFICATE,
        "claim_certificate_id": CLAIM_CERTIFICATE,
        "template_name": "acme-default",
        "thing_name": "acme-SN-0001",
    }
    return ClaimRequest(**{**values, **changes})


def record(**changes: Any) -> DeviceRecord:
    """An ENROLLED record; a status that needs a claim gets one, by OTHER_CERTIFICATE."""
    status = changes.get("status", Status.ENROLLED)
    values: dict[str, Any] = {
        "serial_number": "SN-0001",
        "device_type": "temperature-sensor",
        "status": Status.ENROLLED,
        "enrolled_at": NOW - 86_400,
        "enrolled_by": "arn:aws:iam::123456789012:user/operator",
        "reprovision_policy": ReprovisionPolicy.NEVER,
        "manufacturer": "AcmeIoT",
        "status_changed_at": NOW - 86_400,
    }
    if status in (Status.PROVISIONING, Status.ACTIVE):
        values |= {
            "certificate_id": OTHER_CERTIFICATE,
            "certificate_ids": frozenset({OTHER_CERTIFICATE}),
            "claim_certificate_id": CLAIM_CERTIFICATE,
            "claimed_at": NOW - 60,
            "lease_expires_at": NOW - 60 + LEASE,
        }
    return DeviceRecord(**{**values, **changes})
