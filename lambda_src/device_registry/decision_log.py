"""Log lines that every deciding function writes alike: one line of JSON per decision.

Operators, metric filters and the audit trail read them. They hold identifiers and codes; never a
certificate's PEM or an ownership token. Strings that a device chose are cut and, as JSON, escaped:
a line break in one cannot start a line of its own.

Follows https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html.
"""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from device_registry.reasons import Denial, Grant

EVENT = "provisioning-decision"
MAX_CHARACTERS = 128
# What an operator must mend; every other denial is the registry doing its work.
FAULTS = frozenset(
    {
        Denial.CRL_UNAVAILABLE,
        Denial.INTERNAL_ERROR,
        Denial.MALFORMED_RECORD,
        Denial.MISCONFIGURED,
        Denial.REGISTRY_UNAVAILABLE,
    }
)


def entry(
    verdict: Grant | Denial, detail: str | None, fields: Mapping[str, Any], now: float
) -> dict[str, str]:
    """Return the log entry for one decision.

    Args:
        verdict: what was decided.
        detail: what the log adds to it.
        fields: who asked, and for what; nothing in it is trusted.
        now: seconds since 1970.
    """
    decided = {
        "outcome": "allowed" if isinstance(verdict, Grant) else "denied",
        "reason": verdict.value,
        "detail": detail,
        **fields,
    }
    return line(EVENT, "ERROR" if verdict in FAULTS else "INFO", decided, now)


def line(
    event: str,
    level: str,
    fields: Mapping[str, Any],
    now: float,
    *,
    characters: int = MAX_CHARACTERS,
) -> dict[str, str]:
    """Return a log entry of any kind: its fields that are strings, cut to a length.

    Args:
        event: the kind of entry, for filters.
        level: as Lambda's log levels are called.
        fields: what to tell.
        now: seconds since 1970.
        characters: that length; what an operator wrote may be longer than what a device did.
    """
    values = {
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "event": event,
        **fields,
    }
    return {key: v[:characters] for key, v in values.items() if isinstance(v, str)}


def write(entry: Mapping[str, str | int]) -> None:
    """Write one entry to standard output, which Lambda sends to the function's log group."""
    sys.stdout.write(json.dumps(entry) + "\n")
    sys.stdout.flush()
