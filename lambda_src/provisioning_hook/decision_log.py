"""What the hook's log line tells of a RegisterThing request.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/pre-provisioning-hook.html.
"""

from collections.abc import Mapping
from typing import Any

from device_registry import decision_log
from provisioning_hook.decide import Decision


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
    fields = {
        "serialNumber": parameters.get("SerialNumber"),
        "deviceType": parameters.get("DeviceType"),
        "thingName": decision.thing_name,
        "certificateId": request.get("certificateId"),
        "claimCertificateId": request.get("claimCertificateId"),
        "templateArn": request.get("templateArn"),
        "clientId": request.get("clientId"),
        "requestId": request_id,
    }
    return decision_log.entry(decision.verdict, decision.detail, fields, now)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
