import json

import pytest

from tools.registry import raw

CERTIFICATE, OTHER = "de" * 32, "0f" * 32


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({"S": "x"}, "x"),
        ({"N": "7"}, 7),
        ({"N": "7.0"}, 7),
        ({"N": "1.5"}, "1.5"),
        ({"N": "12345678901234567890123456789012345678"}, 12345678901234567890123456789012345678),
        ({"BOOL": True}, True),
        ({"NULL": True}, None),
        ({"B": b"\x00\xff"}, "00ff"),
        ({"SS": ["b", "a"]}, ["a", "b"]),
        ({"NS": ["2", "1.5"]}, ["1.5", 2]),
        ({"BS": [b"\x01"]}, ["01"]),
        ({"L": [{"S": "x"}, {"N": "1"}, {"SS": ["y"]}]}, ["x", 1, ["y"]]),
        ({"M": {"a": {"L": [{"N": "1.5"}]}}}, {"a": ["1.5"]}),
    ],
)
def test_every_type_of_dynamodb_is_json(stored, shown):
    value = raw.plain({"batch": stored})
    assert json.loads(json.dumps(value)) == {"batch": shown}


@pytest.mark.parametrize(
    "stored",
    [
        {"SS": [CERTIFICATE, "not one"]},
        {"L": [{"S": CERTIFICATE}, {"N": "1"}, {"NULL": True}]},
        {"S": CERTIFICATE},
        {"M": {"x": {"S": CERTIFICATE}}},
    ],
)
def test_certificates_are_found_in_any_type(stored):
    item = {
        "certificateId": {"S": OTHER},
        "certificateIds": stored,
        "claimCertificateId": {"N": "1"},
    }
    assert raw.certificate_ids(item) == {CERTIFICATE, OTHER}
    assert raw.certificate_ids({"certificateIds": stored}) == {CERTIFICATE}


@pytest.mark.parametrize(
    ("item", "text"), [({}, None), ({"a": {"N": "1"}}, None), ({"a": {"S": "x"}}, "x")]
)
def test_a_text_is_a_text_or_nothing(item, text):
    assert raw.text(item, "a") == text


@pytest.mark.parametrize(
    ("stored", "read"),
    [({"N": "7"}, 7), ({"N": "1.5"}, None), ({"S": "7"}, None), ({"N": []}, None), (None, None)],
)
def test_only_whole_seconds_are_a_time(stored, read):
    item = {} if stored is None else {"claimedAt": stored}
    assert raw.seconds(item, "claimedAt") == read
