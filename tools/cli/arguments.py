"""Serial numbers and durations as operators type them."""

import re
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TextIO

import click

from device_registry import names

_DURATION = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Duration(click.ParamType[int]):
    """A length of time such as 90m, 12h or 7d, as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        if isinstance(value, int):
            return value
        match = _DURATION.fullmatch(value)
        if match is None:
            self.fail(f"{value!r} is no duration: write 90m, 12h, 7d or 2w.", param, ctx)
        return int(match[1]) * _SECONDS[match[2]]


class Since(click.ParamType[int]):
    """A moment in the past, or how long ago it was; as seconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        if isinstance(value, int):
            return value
        now = int(time.time())
        match = _DURATION.fullmatch(value)
        if match is not None:
            return now - int(match[1]) * _SECONDS[match[2]]
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(
                f"{value!r} is no time: write 2026-11-21T10:00:00Z, with its zone, or how long "
                "ago: 90m, 12h, 7d.",
                param,
                ctx,
            )
        if moment.timestamp() > now:
            self.fail(f"{value} is in the future.", param, ctx)
        return int(moment.timestamp())


def certificate_id(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> str | None:
    """Return the certificate id that an option names by itself or by its ARN.

    Raises:
        click.BadParameter: it is neither.
    """
    if value is None:
        return None
    found = value.rpartition("/")[2]
    if not names.matches(names.CERTIFICATE_ID, found):
        raise click.BadParameter("It is no certificate id (64 hexadecimal digits) and no ARN.")
    return found


def region(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return the Region that an option names.

    Raises:
        click.BadParameter: it is no Region's name.
    """
    if value is not None and not names.matches(names.REGION, value):
        raise click.BadParameter(f"{value!r} is no Region's name, such as eu-west-1.")
    return value


serials_argument = click.argument("serials", nargs=-1, metavar="[SERIAL]...")
from_file_option = click.option(
    "--from-file",
    type=click.File(encoding="utf-8-sig"),
    metavar="FILE",
    help="Read more serial numbers, one a line; '-' is standard input.",
)


def gather(serials: Iterable[str], file: TextIO | None) -> list[str]:
    """Return the serial numbers of the command line and the file, each once, in order.

    Raises:
        click.UsageError: there are none.
    """
    found = list(dict.fromkeys([*serials, *_lines(file)]))
    if not found:
        raise click.UsageError("Which devices? Give serial numbers, or --from-file.")
    return found


def _lines(file: TextIO | None) -> Iterator[str]:
    for line in file or ():
        text = line.strip()
        if text and not text.startswith("#"):
            yield text
