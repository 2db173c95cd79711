"""The parameter that says how a device type's shadow begins; Terraform writes it.

Follows https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from device_registry import names
from device_registry.aws_errors import error_code

_SHADOW_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,64}")
_NOT_FOUND = "ParameterNotFound"


class FirstShadowError(Exception):
    """The settings of a device type cannot be used; the message names the parameter."""


class ParameterStore(Protocol):
    """What is used of Systems Manager's client."""

    # The parameter is AWS's name.
    def get_parameter(self, *, Name: str) -> Any:  # noqa: N803
        """Return a parameter."""


@dataclass(frozen=True)
class FirstShadow:
    """What a device type starts with; ``name`` is None for the classic shadow."""

    name: str | None
    desired: Mapping[str, Any]


def read(ssm: ParameterStore, parameter: str) -> FirstShadow | None:
    """Return what a parameter says; None where there is no such parameter.

    Raises:
        FirstShadowError: it holds something else.
        ClientError, BotoCoreError: Systems Manager refused.
    """
    try:
        value = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    except ClientError as error:
        if error_code(error) == _NOT_FOUND:
            return None
        raise
    try:
        settings = json.loads(value)
        shadow = FirstShadow(settings["name"], settings["desired"])
    except (ValueError, KeyError, TypeError):
        raise FirstShadowError(parameter) from None
    named = shadow.name is None or names.matches(_SHADOW_NAME, shadow.name)
    if not (named and isinstance(shadow.desired, Mapping)):
        raise FirstShadowError(parameter)
    return shadow
