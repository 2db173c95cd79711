"""Enrolment files as a stream: lines become rows, and each row knows its line and its offset.

Nothing is held beyond the row at hand, so a file may have any size. A checkpoint is good as long
as what was read before it is still the same: the digest of those bytes proves it.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO

from tools.enrolment.rows import COLUMNS, REQUIRED_COLUMNS, unknown_column

MAX_LINE_BYTES = 65_536
# The longest value that any column takes is 800 characters. A quote that nobody closed swallows
# no more of the file than this.
MAX_CELL_CHARACTERS = 4_096
_READ_BYTES = 1 << 20

_BOM = b"\xef\xbb\xbf"
_OTHER_FORMATS = {
    b"\xff\xfe": "It is UTF-16: save it as UTF-8.",
    b"\xfe\xff": "It is UTF-16: save it as UTF-8.",
    b"PK\x03\x04": "It is a workbook or a zip archive: export the sheet as CSV UTF-8.",
    b"\x1f\x8b": "It is compressed: pipe it in with `gzip -dc FILE | ... enrol --format csv -`.",
}


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSONL = "jsonl"


SUFFIXES = {
    ".csv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
}


class FileRefusedError(ValueError):
    """The file cannot be read as enrolments at all; the message is a sentence or two."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """A place between two rows: bytes and lines before it, and the digest of those bytes."""

    offset: int
    line: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class RawRow:
    """One row: its first line, and its cells or the sentences that say why it has none."""

    line: int
    cells: Mapping[str, str]
    problems: tuple[str, ...] = ()


class _Lines:
    """Reads lines as text and counts what it has read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.offset = 0
        self.line = 0

    def position(self) -> Position:
        return Position(offset=self.offset, line=self.line, digest=self._digest.hexdigest())

    def __iter__(self) -> Iterator[str]:
        while raw := self._stream.readline(MAX_LINE_BYTES):
            first = self.line == 0
            self._digest.update(raw)
            self.offset += len(raw)
            self.line += 1
            if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
                raise FileRefusedError(
                    f"Line {self.line} has more than {MAX_LINE_BYTES} bytes: this is no enrolment "
                    "file, or its lines end in a way that only old Macintoshes knew."
                )
            if first:
                _refuse_other_formats(raw)
                raw = raw.removeprefix(_BOM)
            # A byte that is not UTF-8 stays visible as a lone surrogate, so that only its own row
            # is refused and the sentence can show it.
            yield raw.decode("utf-8", "surrogateescape")

    def skip_to(self, position: Position) -> bool:
        """Read on to a position; False where the bytes before it are not the same any more."""
        while missing := position.offset - self.offset:
            raw = self._stream.read(min(missing, _READ_BYTES))
            if not raw:
                return False
            self._digest.update(raw)
            self.offset += len(raw)
        self.line = position.line
        return self._digest.hexdigest() == position.digest


def _refuse_other_formats(raw: bytes) -> None:
    for magic, sentence in _OTHER_FORMATS.items():
        if raw.startswith(magic):
            raise FileRefusedError(sentence)
    if b"\x00" in raw:
        raise FileRefusedError("The first line holds NUL bytes. Is it UTF-16? Save it as UTF-8.")


class Source:
    """The rows of one file.

    Args:
        stream: the file, opened for reading bytes, at its start.
        form: how it is written.
        resume_at: where an earlier run stopped.

    Raises:
        FileRefusedError: the file is not what ``form`` says, or has columns that no record has.
        StalePositionError: what comes before ``resume_at`` has changed since.
    """

    def __init__(self, stream: BinaryIO, form: Format, resume_at: Position | None = None) -> None:
        self._lines = _Lines(stream)
        self._texts = iter(self._lines)
        self._form = form
        self._header: list[str] = []
        if form is Format.CSV:
            csv.field_size_limit(MAX_CELL_CHARACTERS)
            self._header = _header(self._texts)
        if resume_at is not None and not self._lines.skip_to(resume_at):
            raise StalePositionError

    def position(self) -> Position:
        """Return the place after the row that was read last."""
        return self._lines.position()

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows; blank lines are none.

        Raises:
            FileRefusedError: the file turns out to be something else.
        """
        return self._csv_rows() if self._form is Format.CSV else self._json_rows()

    def _csv_rows(self) -> Iterator[RawRow]:
        reader = csv.reader(self._texts, strict=True)
        while True:
            first_line = self._lines.line + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield RawRow(line=first_line, cells={}, problems=(_csv_mistake(str(error)),))
                continue
            if any(cell.strip() for cell in cells):
                yield self._csv_row(first_line, cells)

    def _csv_row(self, line: int, cells: list[str]) -> RawRow:
        if len(cells) != len(self._header):
            problem = f"The row has {len(cells)} values and the header {len(self._header)} names."
            return RawRow(line=line, cells={}, problems=(problem,))
        return RawRow(line=line, cells=dict(zip(self._header, cells, strict=True)))

    def _json_rows(self) -> Iterator[RawRow]:
        for text in self._texts:
            if not text.strip():
                continue
            line = self._lines.line
            if line == 1 and text.lstrip().startswith("["):
                raise FileRefusedError(
                    "It is a JSON array, and JSON Lines has one object on each line. Convert it "
                    "with `jq -c '.[]'`."
                )
            try:
                cells = _json_cells(text)
            except ValueError as error:
                yield RawRow(line=line, cells={}, problems=tuple(error.args))
            else:
                yield RawRow(line=line, cells=cells)


class StalePositionError(ValueError):
    """The file was changed before the place where an earlier run stopped."""


def _header(texts: Iterator[str]) -> list[str]:
    try:
        cells = next(csv.reader(texts, strict=True))
    except StopIteration:
        raise FileRefusedError("It is empty: the first line has to name the columns.") from None
    except csv.Error as error:
        raise FileRefusedError(
            f"Its first line cannot be read: {_csv_mistake(str(error))}"
        ) from None
    header = [cell.strip() for cell in cells]
    if len(header) == 1:
        for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "'|'")):
            if separator in header[0]:
                raise FileRefusedError(
                    f"Its columns are separated by {name}, as spreadsheets do in some countries. "
                    "Save it with commas (in Excel: a locale with a decimal point, or convert it "
                    "with a text editor)."
                )
    problems = [unknown_column(name) for name in header if name not in COLUMNS]
    problems += [
        f"The column {name} appears {header.count(name)} times."
        for name in dict.fromkeys(header)
        if header.count(name) > 1 and name in COLUMNS
    ]
    problems += [
        f"The column {name} is missing." for name in REQUIRED_COLUMNS if name not in header
    ]
    if problems:
        raise FileRefusedError(" ".join(problems))
    return header


def _csv_mistake(message: str) -> str:
    if "field larger than field limit" in message or "unexpected end of data" in message:
        return "A quoted value that begins here never ends: a closing quote is missing."
    if "new-line character seen" in message:
        return "There is a carriage return inside the line, outside quotes."
    return f"The quotes do not fit together ({message})."


def _json_cells(text: str) -> dict[str, str]:
    """Return one object's values as text.

    Raises:
        ValueError: its arguments are the sentences that say what is wrong.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_int=str)
    except json.JSONDecodeError as error:
        raise ValueError(f"It is not JSON: {error.msg} at column {error.colno}.") from None
    except RecursionError:
        raise ValueError(
            "It is nested too deeply; an object with plain values is wanted."
        ) from None
    if not isinstance(value, dict):
        raise ValueError("It is JSON but not an object.")
    problems = [unknown_column(name) for name in value if name not in COLUMNS]
    problems += [
        f"{name} is neither text nor a whole number."
        for name, cell in value.items()
        if not isinstance(cell, str | None)
    ]
    if problems:
        raise ValueError(*problems)
    return {name: cell for name, cell in value.items() if cell is not None}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The key {twice!r} appears twice.")
    return value
