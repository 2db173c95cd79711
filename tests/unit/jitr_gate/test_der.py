"""The DER reader: one right encoding, and no other."""

import datetime as dt
import time as clock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jitr_gate import der
from jitr_gate.der import DerError, Reader
from tests.unit.jitr_gate.encoding import number, sequence, time, tlv


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths(length):
    content = bytes(length)
    reader = Reader(tlv(der.OCTET_STRING, content) + b"\x05\0")
    assert reader.tag == der.OCTET_STRING
    assert reader.take(der.OCTET_STRING) == content
    assert reader.take_any() == (5, b"")
    assert reader.tag is None
    reader.close()


WRONG = {
    "nothing": (b"", "truncated"),
    "a tag alone": (b"\x30", "truncated"),
    "content cut": (b"\x30\x02\x05", "truncated"),
    "length cut": (b"\x30\x82\x01", "truncated"),
    "length missing": (b"\x30\x81", "truncated"),
    "long content cut": (b"\x30\x81\x80" + bytes(127), "truncated"),
    "indefinite length": (b"\x30\x80\x00\x00", "an indefinite or excessive length"),
    "five octets of length": (
        b"\x30\x85\x00\x00\x00\x00\x01\x05",
        "an indefinite or excessive length",
    ),
    "reserved length": (b"\x30\xff" + bytes(200), "an indefinite or excessive length"),
    "long form for a short length": (
        b"\x30\x81\x7f" + bytes(127),
        "a length that is not the shortest possible",
    ),
    "a leading zero in a length": (
        b"\x30\x82\x00\x80" + bytes(128),
        "a length that is not the shortest possible",
    ),
    "a long tag": (b"\x3f\x81\x01\x00", "a tag of several octets"),
    "another long tag": (b"\x1f\x00", "a tag of several octets"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_der(name):
    data, message = WRONG[name]
    with pytest.raises(DerError, match=f"^{message}$"):
        Reader(data).take_any()


def test_four_octets_of_length_are_read():
    with pytest.raises(DerError, match=r"^truncated$"):
        Reader(b"\x30\x84\x01\x00\x00\x00").take_any()


@pytest.mark.parametrize("data", [b"", b"\x31\x00"])
def test_another_type_than_the_one_expected(data):
    message = "^an element of another type was expected$"
    with pytest.raises(DerError, match=message):
        Reader(data).take(der.SEQUENCE)
    with pytest.raises(DerError, match=message):
        Reader(data).open(der.SEQUENCE)


def test_what_is_left_is_an_error():
    reader = Reader(sequence(number(1), number(2)))
    inner = reader.open(der.SEQUENCE)
    reader.close()
    assert der.integer(inner.take(der.INTEGER)) == 1
    with pytest.raises(DerError, match=r"^there is more than expected$"):
        inner.close()
    assert der.integer(inner.take(der.INTEGER)) == 2
    inner.close()


@given(st.integers(-(2**170), 2**170))
@example(-128)
def test_every_number_is_read(value):
    assert der.integer(Reader(number(value)).take(der.INTEGER)) == value


@pytest.mark.parametrize("value", [-32769, -32768, -129, -128, -1, 0, 1, 127, 128, 255, 256, 32768])
def test_the_borders_of_numbers(value):
    length = next(n for n in range(1, 9) if -(2 ** (8 * n - 1)) <= value < 2 ** (8 * n - 1))
    assert der.integer(memoryview(value.to_bytes(length, "big", signed=True))) == value
    longer = value.to_bytes(length + 1, "big", signed=True)
    with pytest.raises(DerError, match=r"^a number that is not the shortest possible$"):
        der.integer(memoryview(longer))


def test_an_empty_number():
    with pytest.raises(DerError, match=r"^an empty number$"):
        der.integer(memoryview(b""))


@pytest.mark.parametrize("zone", ["UTC0", "EST5"])
def test_times_are_utc_wherever_this_runs(zone, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        clock.tzset()
        assert der.take_time(Reader(time("260101000000Z"))) == seconds(2026, 1, 1)
    clock.tzset()


def seconds(*parts):
    return int(dt.datetime(*parts, tzinfo=dt.UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("260131235958Z", seconds(2026, 1, 31, 23, 59, 58)),
        ("500102030405Z", seconds(1950, 1, 2, 3, 4, 5)),
        ("991231235959Z", seconds(1999, 12, 31, 23, 59, 59)),
        ("000101000000Z", seconds(2000, 1, 1)),
        ("491231235959Z", seconds(2049, 12, 31, 23, 59, 59)),
        ("20500102030405Z", seconds(2050, 1, 2, 3, 4, 5)),
        ("99991231235959Z", seconds(9999, 12, 31, 23, 59, 59)),
        ("240229000000Z", seconds(2024, 2, 29)),
    ],
)
def test_times(text, expected):
    reader = Reader(time(text) + number(1))
    assert der.take_time(reader) == expected
    assert reader.tag == der.INTEGER


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (time("260230000000Z"), "a time that does not exist"),
        (time("250229000000Z"), "a time that does not exist"),
        (time("261301000000Z"), "a time that does not exist"),
        (time("260101240000Z"), "a time that does not exist"),
        (time("260101000060Z"), "a time that does not exist"),
        (time("00000101000000Z"), "a time that does not exist"),
        (tlv(der.UTC_TIME, b"2601010000Z"), "a time in a form that is not allowed"),
        (tlv(der.UTC_TIME, b"260101000000"), "a time in a form that is not allowed"),
        (tlv(der.UTC_TIME, b"260101000000Zx"), "a time in a form that is not allowed"),
        (tlv(der.UTC_TIME, b"26010100000\xb2Z"), "a time in a form that is not allowed"),
        (tlv(der.UTC_TIME, b"260101000000+0100"), "a time in a form that is not allowed"),
        (tlv(der.UTC_TIME, b"20260101000000Z"), "a time in a form that is not allowed"),
        (tlv(der.GENERALIZED_TIME, b"20260101000000.5Z"), "a time in a form that is not allowed"),
        (tlv(der.GENERALIZED_TIME, b"260101000000Z"), "a time in a form that is not allowed"),
        (number(1), "a time was expected"),
        (b"", "truncated"),
    ],
)
def test_what_is_not_a_time(data, message):
    with pytest.raises(DerError, match=f"^{message}$"):
        der.take_time(Reader(data))


@given(st.binary(max_size=40))
def test_nothing_else_is_ever_raised(data):
    for read in (Reader.take_any, der.take_time):
        reader = Reader(data)
        try:
            while reader.tag is not None:
                read(reader)
        except DerError:
            continue
