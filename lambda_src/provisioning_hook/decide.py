"""From an event to a decision: whatever goes wrong on the way is a denial with a reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from device_registry.claim import ClaimRequest
from device_registry.reasons import Denial, Grant, RefusalError
from device_registry.table import Granted, Refused
from provisioning_hook import request, response, settings

Claim = Callable[[settings.Settings, ClaimRequest], Granted | Refused]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The verdict, what AWS IoT is told, and what the log adds to it."""

    verdict: Grant | Denial
    response: dict[str, Any]
    thing_name: str | None = None
    detail: str | None = None


def decide(event: Any, environ: Mapping[str, str], claim: Claim) -> Decision:
    """Decide one RegisterThing request.

    Args:
        event: what AWS IoT passed in, payload version 2020-04-01.
        environ: the function's environment variables.
        claim: takes the claim in the registry.

    Returns:
        The decision. Nothing is raised: an error that nobody foresaw is a denial too.
    """
    try:
        config = settings.from_environment(environ)
        asked = request.parse(event, config.name_prefix)
        answer = claim(config, asked)
        if isinstance(answer, Refused):
            return _denial(answer.denial, answer.detail)
        return Decision(
            verdict=answer.grant,
            response=response.allowed(answer.record, config.name_prefix, answer.claimed_at),
            thing_name=asked.thing_name,
        )
    except RefusalError as error:
        return _denial(error.denial, str(error))
    except Exception as error:  # noqa: BLE001  fail closed, and name it in the log
        return _denial(Denial.INTERNAL_ERROR, type(error).__name__)


def _denial(reason: Denial, detail: str | None) -> Decision:
    return Decision(verdict=reason, response=response.denied(), detail=detail)
