"""Names stay inside what AWS IoT accepts, whatever the registry's own patterns let through."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_registry import names

AWS_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
AWS_POLICY_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)


def matching(pattern):
    return st.from_regex(pattern, fullmatch=True)


@given(matching(names.NAME_PREFIX), matching(names.SERIAL_NUMBER), matching(names.DEVICE_TYPE))
def test_every_name_is_one_that_aws_accepts(prefix, serial, device_type):
    assert AWS_NAME.fullmatch(names.thing_name(prefix, serial))
    assert AWS_NAME.fullmatch(names.catalog_name(prefix, device_type))
    assert AWS_POLICY_NAME.fullmatch(names.catalog_name(prefix, device_type))


@given(matching(names.SERIAL_NUMBER), matching(names.SERIAL_NUMBER))
def test_two_serials_never_share_a_thing(one, other):
    same = names.thing_name("acme", one) == names.thing_name("acme", other)
    assert same is (one == other)


def test_the_names():
    assert names.thing_name("acme", "SN-1") == "acme-SN-1"
    assert names.catalog_name("acme", "gateway") == "acme-gateway"


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (names.SERIAL_NUMBER, ""),
        (names.SERIAL_NUMBER, "a" * 65),
        (names.SERIAL_NUMBER, "SN 1"),
        (names.SERIAL_NUMBER, "SN-1\n"),
        (names.SERIAL_NUMBER, "_SN"),
        (names.SERIAL_NUMBER, "SN:1"),
        (names.SERIAL_NUMBER, "SN/../1"),
        (names.SERIAL_NUMBER, "SN\u0661"),
        (names.SERIAL_NUMBER, 7),
        (names.SERIAL_NUMBER, None),
        (names.DEVICE_TYPE, "Gateway"),
        (names.DEVICE_TYPE, "a" * 33),
        (names.NAME_PREFIX, "a"),
        (names.NAME_PREFIX, "a-"),
        (names.NAME_PREFIX, "1a"),
        (names.NAME_PREFIX, "a" * 21),
        (names.CERTIFICATE_ID, "A" * 64),
        (names.CERTIFICATE_ID, "a" * 63),
        (names.TEMPLATE_NAME, "a" * 37),
        (names.ATTRIBUTE_VALUE, "a b"),
        (names.ATTRIBUTE_VALUE, "2026-01-01T00:00:00+00:00"),
        (names.ATTRIBUTE_VALUE, "a" * 801),
        (names.ATTRIBUTE_VALUE, "50%"),
    ],
)
def test_refused(pattern, value):
    assert not names.matches(pattern, value)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (names.SERIAL_NUMBER, "a" * 64),
        (names.DEVICE_TYPE, "a" * 32),
        (names.NAME_PREFIX, "ab"),
        (names.NAME_PREFIX, "a" * 20),
        (names.CERTIFICATE_ID, "0123456789abcdef" * 4),
        (names.TEMPLATE_NAME, "a" * 36),
        (names.ATTRIBUTE_VALUE, ""),
        (names.ATTRIBUTE_VALUE, "2026-01-01T00:00:00Z"),
        (names.ATTRIBUTE_VALUE, "a" * 800),
    ],
)
def test_accepted(pattern, value):
    assert names.matches(pattern, value)
