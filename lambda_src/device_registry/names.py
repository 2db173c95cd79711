"""The patterns that AWS IoT accepts, and the one rule that names everything.

Follows https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThing.html for the patterns.
Names follow from the prefix and the record alone, so neither the provisioning template nor the
function's environment grows with the number of device types.
"""

import re

NAME_PREFIX = re.compile(r"[a-z][a-z0-9-]{0,18}[a-z0-9]")
SERIAL_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
DEVICE_TYPE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
CERTIFICATE_ID = re.compile(r"[0-9a-f]{64}")
REGION = re.compile(r"[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}")
TEMPLATE_NAME = re.compile(r"[0-9A-Za-z_-]{1,36}")
# A thing attribute's value: no space, no "+", no "%".
ATTRIBUTE_VALUE = re.compile(r"[a-zA-Z0-9_.,@/:#=\[\]-]{0,800}")

PARENT_GROUP_SUFFIX = "devices"
# Of devices that verify a stack and are removed again; nobody enrols one by hand.
RESERVED_SERIAL_PREFIX = "canary-"
# Who enrolled such a device. A fleet older than the prefix may have others with that beginning.
CANARY = "canary"


def matches(pattern: re.Pattern[str], value: object) -> bool:
    """Tell whether ``value`` is a string that ``pattern`` accepts from first to last character."""
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def thing_name(name_prefix: str, serial_number: str) -> str:
    """Return the thing's name: at most 85 of the 128 characters that AWS IoT accepts."""
    return f"{name_prefix}-{serial_number}"


def catalog_name(name_prefix: str, device_type: str) -> str:
    """Return the name that a device type's thing type, thing group and IoT policy share."""
    return f"{name_prefix}-{device_type}"
