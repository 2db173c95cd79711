import json

import pytest

from tools.device.model import (
    ClientCredentials,
    DeviceSpec,
    IssuedCertificate,
    Message,
    ProvisioningResult,
    Timings,
    claim_client_id,
    default_client_id_prefix,
    greeting_payload,
    own_topic,
    registration_parameters,
)

DEVICE = DeviceSpec("SN-1", "temperature")


def test_a_device_sends_its_serial_number_and_type():
    assert registration_parameters(DEVICE) == {
        "SerialNumber": "SN-1",
        "DeviceType": "temperature",
    }


def test_a_device_sends_its_manufacturer_when_it_has_one():
    device = DeviceSpec("SN-1", "temperature", "Acme", {"Location": "Hall-1"})
    assert registration_parameters(device) == {
        "SerialNumber": "SN-1",
        "DeviceType": "temperature",
        "Manufacturer": "Acme",
        "Location": "Hall-1",
    }


def test_a_dishonest_device_can_send_any_parameter():
    device = DeviceSpec("SN-1", "temperature", None, {"ThingName": "x", "SerialNumber": "SN-2"})
    assert registration_parameters(device)["ThingName"] == "x"
    assert registration_parameters(device)["SerialNumber"] == "SN-2"


def test_the_claim_client_id_is_the_prefix_and_the_serial_number():
    assert claim_client_id(default_client_id_prefix("acme"), "SN-1") == "claim-acme-SN-1"


def test_a_client_id_of_128_characters_is_the_longest():
    assert len(claim_client_id("p" * 124, "SN-1")) == 128
    with pytest.raises(ValueError, match="129 characters"):
        claim_client_id("p" * 125, "SN-1")


def test_topics_name_the_device_and_leave_other_braces_alone():
    assert (
        own_topic("x/{thing}/{serial}/{type}/{other}/+", DEVICE, "acme-SN-1")
        == "x/acme-SN-1/SN-1/temperature/{other}/+"
    )


def test_a_shadow_update_is_a_state_document():
    report = {"serialNumber": "SN-1", "deviceType": "temperature"}
    shadow = greeting_payload("$aws/things/acme-SN-1/shadow/update", DEVICE)
    assert shadow == {"state": {"reported": report}}
    assert greeting_payload("devices/acme-SN-1/telemetry", DEVICE) == report


def test_no_repr_shows_a_key_or_a_token():
    issued = IssuedCertificate("id", "cert", "TOKEN-SECRET", "KEY-SECRET")
    assert "SECRET" not in repr(issued) + repr(ClientCredentials("cert", "KEY-SECRET"))


def test_a_result_is_json_without_secrets():
    result = ProvisioningResult(
        serial_number="SN-1",
        thing_name="acme-SN-1",
        certificate_id="ab",
        device_configuration={"a": "b"},
        certificate_file="c.pem",
        private_key_file="k.pem",
        resumed=False,
        attempts=2,
        timings=Timings(0.12345, 1, 2, 3.5),
        published=("t",),
        messages=(Message("t", b"\xff"),),
    )
    assert json.loads(json.dumps(result.as_json())) == {
        "serialNumber": "SN-1",
        "thingName": "acme-SN-1",
        "certificateId": "ab",
        "deviceConfiguration": {"a": "b"},
        "certificateFile": "c.pem",
        "privateKeyFile": "k.pem",
        "resumed": False,
        "attempts": 2,
        "seconds": {"certificate": 0.123, "registration": 1, "reconnection": 2, "total": 3.5},
        "published": ["t"],
        "messages": [{"topic": "t", "payload": "\ufffd"}],
    }
