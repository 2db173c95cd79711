"""A strict reader of DER, as far as certificates and revocation lists need it.

It never guesses: what is not the one right encoding is an error, and no input of any kind raises
anything else. The standard library has no such reader.

Follows https://www.itu.int/rec/T-REC-X.690.
"""

import re
from datetime import UTC, datetime

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
UTF8_STRING = 0x0C
PRINTABLE_STRING = 0x13
IA5_STRING = 0x16
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31
EXPLICIT_0 = 0xA0

FALSE = b"\x00"

_HIGH_TAG_NUMBER = 0x1F
_LONG_LENGTH = 0x80
_MAX_LENGTH_OCTETS = 4
_SIGN = 0x80
_ALL_ONES = 0xFF
_TIMES = {
    UTC_TIME: re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z"),
    GENERALIZED_TIME: re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z"),
}
# RFC 5280, 4.1.2.5.1: a year of two digits is one of 1950 to 2049.
_FIRST_YEAR_OF_THE_1900S = 50


class DerError(ValueError):
    """Not what it should be; the message says what is wrong, and holds nothing of the input."""


class Reader:
    """Reads elements one after the other.

    Args:
        data: the encoding of zero or more elements.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0

    @property
    def tag(self) -> int | None:
        """The tag of the next element; None at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def take(self, tag: int) -> memoryview:
        """Return the content of the next element, which must have this tag.

        Raises:
            DerError: it has another, or there is none.
        """
        if self.tag != tag:
            raise DerError("an element of another type was expected")
        return self.take_any()[1]

    def open(self, tag: int) -> "Reader":
        """Return a reader of what the next element consists of; it must have this tag.

        Raises:
            DerError: it has another, or there is none.
        """
        return Reader(self.take(tag))

    def take_any(self) -> tuple[int, memoryview]:
        """Return tag and content of the next element.

        Raises:
            DerError: it is not complete, or not encoded as DER demands.
        """
        tag, start, length = self._header()
        end = start + length
        if end > len(self._data):
            raise DerError("truncated")
        self._at = end
        return tag, self._data[start:end]

    def close(self) -> None:
        """Say that nothing may be left.

        Raises:
            DerError: something is.
        """
        if self.tag is not None:
            raise DerError("there is more than expected")

    def _header(self) -> tuple[int, int, int]:
        """Return the next element's tag, where its content starts, and how long that is."""
        head = self._data[self._at : self._at + 2]
        if len(head) < len("TL"):
            raise DerError("truncated")
        tag, length = head
        if tag & _HIGH_TAG_NUMBER == _HIGH_TAG_NUMBER:
            raise DerError("a tag of several octets")
        start = self._at + len(head)
        if length < _LONG_LENGTH:
            return tag, start, length
        count = length - _LONG_LENGTH
        if not 1 <= count <= _MAX_LENGTH_OCTETS:
            raise DerError("an indefinite or excessive length")
        octets = self._data[start : start + count]
        if len(octets) < count:
            raise DerError("truncated")
        length = int.from_bytes(octets)
        if length < _LONG_LENGTH or octets[0] == 0:
            raise DerError("a length that is not the shortest possible")
        return tag, start + count, length


def integer(content: memoryview) -> int:
    """Return the number that an INTEGER's content stands for.

    Raises:
        DerError: it is empty, or longer than need be.
    """
    if not content:
        raise DerError("an empty number")
    if len(content) > 1 and content[0] == (_ALL_ONES if content[1] & _SIGN else 0):
        raise DerError("a number that is not the shortest possible")
    return int.from_bytes(content, signed=True)


def take_time(reader: Reader) -> int:
    """Return the next element, a time in the only form that RFC 5280 allows: seconds since 1970.

    Raises:
        DerError: it is not such a time.
    """
    tag, content = reader.take_any()
    if tag not in _TIMES:
        raise DerError("a time was expected")
    parts = _TIMES[tag].fullmatch(content)
    if parts is None:
        raise DerError("a time in a form that is not allowed")
    year, month, day, hour, minute, second = map(int, parts.groups())
    if tag == UTC_TIME:
        year += 1900 if year >= _FIRST_YEAR_OF_THE_1900S else 2000
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise DerError("a time that does not exist") from None
    return int(moment.timestamp())
