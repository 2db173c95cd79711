"""How an attack ends: it is refused, or it succeeded."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.security.attacks.protections import Protection
from tools.device.failures import (
    ActionDenied,
    ConnectionRefused,
    NotAdmitted,
    Rejected,
)

NO = (ActionDenied, ConnectionRefused, NotAdmitted, Rejected)


class Succeeded(AssertionError):
    """The attacker got what the test says that nobody gets."""


def against(*protections: Protection) -> pytest.MarkDecorator:
    """Name the protections that keep an attack out; each alone must be missed."""
    return pytest.mark.against(*protections)


def refused(act: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Let a device try, and return the refusal. Anything but a clear no is an error.

    Raises:
        Succeeded: There was none.
    """
    try:
        act(*arguments, **options)
    except NO as refusal:
        return refusal
    raise Succeeded(f"{getattr(act, '__name__', act)}{arguments} was allowed")


def denied(call: Callable[..., Any], **options: Any) -> ClientError:
    """Let somebody call AWS, and return the refusal.

    Raises:
        Succeeded: There was none.
    """
    try:
        call(**options)
    except ClientError as refusal:
        return refusal
    raise Succeeded(f"{getattr(call, '__name__', call)} was allowed")


def held(condition: object, sentence: str) -> None:
    """See that something is as it was.

    Raises:
        Succeeded: It is not.
    """
    if not condition:
        raise Succeeded(sentence)
