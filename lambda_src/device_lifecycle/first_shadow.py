"""The first shadow: settings that a device finds when it first asks, by its type.

Each type's settings are a parameter that Terraform writes, so that neither the provisioning
template nor a function's environment grows with the number of types. They are merged: a key that
the device reported or somebody desired stays as it is.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-document.html.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from device_lifecycle import errors
from device_registry import shadow_parameter
from device_registry.aws_errors import error_code, is_not_found
from device_registry.shadow_parameter import FirstShadow, ParameterStore

if TYPE_CHECKING:
    from mypy_boto3_iot_data import IoTDataPlaneClient

# Systems Manager answers 40 calls a second: a fleet that comes back at once must not ask each time.
_KEPT_SECONDS = 300
_ATTEMPTS = 3


class Parameters:
    """Each device type's first shadow, kept for a few minutes.

    Args:
        clock: returns seconds, of any origin.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, FirstShadow | None]] = {}

    def get(self, ssm: ParameterStore, path: str, device_type: str) -> FirstShadow | None:
        """Return a device type's first shadow; None where it has none.

        Raises:
            FirstShadowError: the parameter holds something else.
            ClientError, BotoCoreError: Systems Manager refused.
        """
        name = f"{path}/{device_type}/first-shadow"
        until, shadow = self._kept.get(name, (0.0, None))
        if self._clock() >= until:
            shadow = shadow_parameter.read(ssm, name)
            self._kept[name] = (self._clock() + _KEPT_SECONDS, shadow)
        return shadow


def missing(desired: Mapping[str, Any], *states: Any) -> dict[str, Any]:
    """Return the part of ``desired`` for which no state has a value.

    Args:
        desired: the settings.
        states: what is there: the shadow's desired and its reported part.
    """
    found = {}
    for key, value in desired.items():
        present = [state[key] for state in states if isinstance(state, Mapping) and key in state]
        if not present:
            found[key] = value
        elif isinstance(value, Mapping) and all(isinstance(each, Mapping) for each in present):
            inner = missing(value, *present)
            if inner:
                found[key] = inner
    return found


def write(iot_data: "IoTDataPlaneClient", thing_name: str, shadow: FirstShadow) -> bool:
    """Write what of the settings the thing's shadow lacks, and tell whether that was anything.

    The update names the version that was read, so that what somebody writes in between is read
    again and not written over. A shadow that does not exist has no version to name: it is made in
    the moment after it was looked for.

    Raises:
        RetryError: somebody else keeps writing it.
        ClientError, BotoCoreError: AWS IoT refused.
    """
    which = {"thingName": thing_name} | ({"shadowName": shadow.name} if shadow.name else {})
    for _ in range(_ATTEMPTS):
        document = _read(iot_data, which)
        state = document.get("state", {})
        settings = missing(shadow.desired, state.get("desired"), state.get("reported"))
        if not settings:
            return False
        update: dict[str, Any] = {"state": {"desired": settings}}
        if "version" in document:
            update["version"] = document["version"]
        try:
            iot_data.update_thing_shadow(**which, payload=json.dumps(update).encode())
        except ClientError as error:
            if error_code(error) != errors.CONFLICT:
                raise
        else:
            return True
    raise errors.RetryError("the shadow kept changing")


def _read(iot_data: "IoTDataPlaneClient", which: Mapping[str, Any]) -> dict[str, Any]:
    try:
        payload = iot_data.get_thing_shadow(**which)["payload"]
    except ClientError as error:
        if is_not_found(error):
            return {}
        raise
    document: dict[str, Any] = json.loads(payload.read())
    return document
