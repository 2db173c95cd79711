"""Every kind of device of examples/complete, from its claim to its end."""

import json

import pytest

from tools.device.failures import ConnectionRefused, DeviceError
from tools.device.model import Greeting

pytestmark = pytest.mark.endpoint

SHADOW = "$aws/things/{thing}/shadow/update"
# A topic of its own for each kind, and how a gateway's or a lock's wildcard is used.
OWN_TOPICS = {
    "temperature-sensor": ["telemetry/temperature", "status"],
    "humidity-sensor": ["telemetry/humidity", "status"],
    "pressure-sensor": ["telemetry/pressure", "status"],
    "gateway": ["telemetry/site/1", "status"],
    "door-lock": ["events/opened", "state"],
    "camera": ["motion"],
}
WITH_SHADOW = sorted(set(OWN_TOPICS) - {"camera"})
every_type = pytest.mark.parametrize("device_type", OWN_TOPICS)


@every_type
def test_a_device_gets_what_its_type_stands_for(fleet, serial_number, device_type):
    fleet.enrol(serial_number, device_type=device_type, manufacturer="Northwind")
    parameters = {"Manufacturer": "Northwind", "FirmwareVersion": "2.0.1"}
    result = fleet.admit(serial_number, device_type, parameters=parameters)

    named = f"acme-{device_type}"
    thing = fleet.thing(serial_number)
    assert result.thing_name == thing["thingName"] == f"acme-{serial_number}"
    assert thing["thingTypeName"] == named
    assert thing["attributes"]["serialNumber"] == serial_number
    assert thing["attributes"]["manufacturer"] == "Northwind"
    assert thing["attributes"]["firmwareVersion"] == "2.0.1"
    assert thing["attributes"]["location"] == "unknown"
    assert thing["attributes"]["label"] == f"Northwind/{device_type}"
    groups = fleet.client("iot").list_thing_groups_for_thing(thingName=thing["thingName"])
    assert [group["groupName"] for group in groups["thingGroups"]] == [named]
    (certificate_id,) = fleet.attached(serial_number)
    assert certificate_id == result.certificate_id
    assert fleet.certificate_status(certificate_id) == "ACTIVE"
    policies = fleet.client("iot").list_attached_policies(
        target=f"arn:aws:iot:eu-west-1:{fleet.endpoint.account_id}:cert/{certificate_id}"
    )
    assert [policy["policyName"] for policy in policies["policies"]] == [named]
    assert result.device_configuration["topicRoot"] == f"acme/{device_type}/acme-{serial_number}"


@every_type
def test_the_record_tells_who_holds_the_claim(fleet, serial_number, device_type):
    fleet.enrol(serial_number, device_type=device_type)
    result = fleet.admit(serial_number, device_type)
    record = fleet.in_service(serial_number)
    assert record.certificate_id == result.certificate_id
    assert record.certificate_ids == {result.certificate_id}
    claim = fleet.template()["claim_certificates"]["line-1"]
    assert record.claim_certificate_id == claim["id"]
    assert record.template_name == "acme-factory"
    assert record.thing_name == f"acme-{serial_number}"
    assert record.provision_count == 1
    assert record.lease_expires_at is None


@every_type
def test_a_device_publishes_on_its_own_topics_and_comes_back_later(
    fleet, serial_number, device_type
):
    fleet.enrol(serial_number, device_type=device_type)
    topics = tuple(f"acme/{{type}}/{{thing}}/{topic}" for topic in OWN_TOPICS[device_type])
    first = fleet.admit(serial_number, device_type, greeting=Greeting(topics, ()))
    assert first.published == tuple(
        f"acme/{device_type}/acme-{serial_number}/{topic}" for topic in OWN_TOPICS[device_type]
    )
    again = fleet.admit(serial_number, device_type, greeting=Greeting(topics, ()))
    assert again.resumed
    assert again.certificate_id == first.certificate_id
    assert fleet.reasons(serial_number, 1) == ["FIRST_CLAIM"]


@pytest.mark.parametrize("device_type", WITH_SHADOW)
def test_what_a_device_reports_arrives_in_its_shadow(fleet, serial_number, device_type):
    fleet.enrol(serial_number, device_type=device_type)
    result = fleet.admit(serial_number, device_type, greeting=Greeting((SHADOW,), ()))
    answer = fleet.client("iot-data").get_thing_shadow(thingName=result.thing_name)
    reported = json.loads(answer["payload"].read())["state"]["reported"]
    assert reported == {"serialNumber": serial_number, "deviceType": device_type}


@pytest.mark.parametrize("device_type", WITH_SHADOW)
def test_a_device_hears_what_is_wanted_of_it(fleet, serial_number, device_type):
    fleet.enrol(serial_number, device_type=device_type)
    name = fleet.admit(serial_number, device_type).thing_name
    # What its first shadow wants of it, it hears as well.
    fleet.in_service(serial_number)
    wanted = {"state": {"desired": {"intervalSeconds": 5}}}
    with fleet.session(fleet.credentials(serial_number), name) as device:
        device.subscribe(f"$aws/things/{name}/shadow/update/delta")
        fleet.client("iot-data").update_thing_shadow(
            thingName=name, payload=json.dumps(wanted).encode()
        )
        device.publish(f"$aws/things/{name}/shadow/get", b"")
        (message,) = device.messages()
    assert json.loads(message.payload)["state"]["intervalSeconds"] == 5


@every_type
def test_a_revoked_certificate_ends_a_device(fleet, serial_number, device_type):
    fleet.enrol(serial_number, device_type=device_type)
    result = fleet.admit(serial_number, device_type)
    fleet.client("iot").update_certificate(certificateId=result.certificate_id, newStatus="REVOKED")
    with pytest.raises(DeviceError) as caught:
        fleet.admit(serial_number, device_type)
    assert isinstance(caught.value, ConnectionRefused)
