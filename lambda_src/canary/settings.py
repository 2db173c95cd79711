"""The function's settings, from its environment."""

import re
from collections.abc import Mapping

from canary.target import Target
from canary.tls import SECURE_MQTT_PORT
from device_registry import names
from device_registry.reasons import MisconfiguredError

_ANYTHING = re.compile(r".+")
_CLIENT_ID_PREFIX = re.compile(r"[^+#]{1,95}")
_YES_OR_NO = re.compile(r"true|false")
_PORT = re.compile(r"[1-9][0-9]{0,4}")


def target(environ: Mapping[str, str]) -> Target:
    """Read what to look at.

    Raises:
        MisconfiguredError: it is not said.
    """
    return Target(
        table_name=_read(environ, "DEVICE_REGISTRY_TABLE", _ANYTHING),
        name_prefix=_read(environ, "NAME_PREFIX", names.NAME_PREFIX),
        template_name=_read(environ, "TEMPLATE_NAME", names.TEMPLATE_NAME),
        claim_client_id_prefix=_read(environ, "CLAIM_CLIENT_ID_PREFIX", _CLIENT_ID_PREFIX),
        device_type=_read(environ, "DEVICE_TYPE", names.DEVICE_TYPE),
        confirmed=_read(environ, "CONFIRMED", _YES_OR_NO) == "true",
        first_shadow_parameter=environ.get("FIRST_SHADOW_PARAMETER") or None,
    )


def broker(environ: Mapping[str, str]) -> tuple[str | None, int, str | None]:
    """Read where an emulator's broker is: address, port, and file of its roots.

    At AWS nothing is set: the account's endpoint is asked for, and the system's roots trust it.

    Raises:
        MisconfiguredError: the port is none.
    """
    port = _read({"MQTT_PORT": str(SECURE_MQTT_PORT), **environ}, "MQTT_PORT", _PORT)
    return environ.get("MQTT_ADDRESS") or None, int(port), environ.get("MQTT_CA_FILE") or None


def _read(environ: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = environ.get(name, "")
    if not names.matches(pattern, value):
        raise MisconfiguredError(name)
    return value
