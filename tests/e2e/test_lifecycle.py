"""What becomes of a device after its certificate, with nobody calling anything.

Devices connect, and records change in the table as whoever may write there would change them. The
rest is done by AWS IoT's presence events, by the table's stream and by the logs' subscriptions.
"""

import json
import time

import pytest

from device_lifecycle import audit
from device_registry.record import ReprovisionPolicy
from device_registry.transitions import Action, Change, transition_update
from tests.e2e.just_in_time import GATEWAY, GATEWAYS
from tests.support.capabilities import Capability, requires
from tests.support.terraform import ROOT
from tests.support.waiting import in_time, until
from tools.device.failures import ConnectionRefused, NotReachable
from tools.device.model import DeviceSpec, registration_parameters

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

SENSOR = "temperature-sensor"
SHADOWS = ROOT / "terraform/modules/device-catalog/first-shadows"
CHANGES = ("from", "to", "by", "reason", "certificateId")
OPERATOR = "arn:aws:iam::000000000000:user/somebody"


def first_shadow(device_type):
    """What the catalogue gives the type."""
    return json.loads((SHADOWS / f"{device_type}.json").read_text())


def shadow(stack, serial_number):
    """The classic shadow of a device's thing: its desired part, and its version."""
    thing_name = f"{stack.name_prefix}-{serial_number}"
    answer = stack.client("iot-data").get_thing_shadow(thingName=thing_name)
    document = json.loads(answer["payload"].read())
    return document["state"]["desired"], document["version"]


def turn(stack, serial_number, action):
    """Change a record in the table, and nothing else: no command runs, no certificate is named."""
    change = Change(by=OPERATOR, reason=f"to {action}", at=int(time.time()))
    update = transition_update(stack.record(serial_number), action, change)
    stack.client("dynamodb").update_item(TableName=stack.outputs["registry_table_name"], **update)


def cut_off(session, topic):
    """Whether a connection is lost: a device notices when it next has something to say."""
    try:
        session.publish(topic, b"{}")
    except NotReachable:
        return True
    return False


def confirm_again(stack, record):
    """Deliver the event of the device's connection once more, and wait for the function."""
    event = {
        "eventType": "connected",
        "clientId": record.thing_name,
        "principalIdentifier": record.certificate_id,
    }
    function = stack.outputs["device_lifecycle"]["functions"]["confirmation"]
    answer = stack.client("lambda").invoke(
        FunctionName=function["name"], Qualifier="live", Payload=json.dumps(event)
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def trail(stack, serial_number, **fields):
    """The audit trail's entries on a device that have these fields."""
    entries = stack.log_entries(stack.outputs["device_lifecycle"]["audit_log_group_name"])
    wanted = {"serialNumber": serial_number, **fields}
    return [entry for entry in entries if entry.items() >= wanted.items()]


def changes(stack, serial_number):
    """From and to of the changes of state that the trail has, in the order of their ids."""
    return [(one["from"], one["to"]) for one in trail(stack, serial_number, event="state-change")]


def test_a_device_that_connects_is_active_and_has_its_first_shadow_once(fleet, serial_number):
    fleet.enrol(serial_number, device_type=SENSOR)
    result = fleet.admit(serial_number, SENSOR)
    record = fleet.in_service(serial_number)
    assert record.certificate_id == result.certificate_id
    assert (record.status_changed_by, record.status_reason) == (
        "device-lifecycle",
        "first connection",
    )
    desired, version = shadow(fleet, serial_number)
    assert desired == first_shadow(SENSOR)

    confirm_again(fleet, record)
    assert shadow(fleet, serial_number) == (desired, version)

    # Somebody chose other values; then the note that the shadow was written is lost.
    chosen = {"samplingRate": 5, "alertThreshold": None}
    fleet.client("iot-data").update_thing_shadow(
        thingName=record.thing_name, payload=json.dumps({"state": {"desired": chosen}})
    )
    fleet.client("dynamodb").update_item(
        TableName=fleet.outputs["registry_table_name"],
        Key={"serialNumber": {"S": serial_number}},
        UpdateExpression="REMOVE shadowWrittenAt",
    )
    confirm_again(fleet, record)
    assert shadow(fleet, serial_number)[0] == {**desired, "samplingRate": 5}
    assert fleet.in_service(serial_number).status_changed_at == record.status_changed_at


def test_the_certificate_that_another_took_over_from_is_switched_off(fleet, serial_number):
    fleet.enrol(serial_number, device_type=GATEWAY, reprovision_policy=ReprovisionPolicy.REPLACE)
    first = fleet.admit(serial_number, GATEWAY)
    fleet.in_service(serial_number)
    superseded = fleet.credentials(serial_number)
    fleet.forget(serial_number)
    second = fleet.admit(serial_number, GATEWAY)
    assert fleet.in_service(serial_number).certificate_id == second.certificate_id
    until(lambda: fleet.certificate_status(first.certificate_id) == "INACTIVE")
    assert fleet.certificate_status(second.certificate_id) == "ACTIVE"
    with pytest.raises(ConnectionRefused):
        fleet.transport.connect(superseded, first.thing_name)
    assert fleet.admit(serial_number, GATEWAY).resumed


def test_what_the_table_says_happens_at_aws_iot(fleet, serial_number):
    """Suspended while connected, resumed, revoked while connected: by writes to the table alone."""
    fleet.enrol(serial_number, device_type=SENSOR)
    fleet.refused(serial_number, GATEWAY)
    fleet.forget(serial_number)
    identity = fleet.admit(serial_number, SENSOR)
    certificate_id, thing_name = identity.certificate_id, identity.thing_name
    topic = f"{fleet.name_prefix}/{SENSOR}/{thing_name}/status"
    fleet.in_service(serial_number)

    for action, status in ((Action.SUSPEND, "INACTIVE"), (Action.REVOKE, "REVOKED")):
        with fleet.session(fleet.credentials(serial_number), thing_name) as session:
            assert not cut_off(session, topic)
            turn(fleet, serial_number, action)
            until(lambda: cut_off(session, topic))
        assert fleet.certificate_status(certificate_id) == status
        with pytest.raises(ConnectionRefused):
            fleet.admit(serial_number, SENSOR)
        if action is Action.SUSPEND:
            turn(fleet, serial_number, Action.RESUME)
            until(lambda: fleet.certificate_status(certificate_id) == "ACTIVE")
            assert fleet.admit(serial_number, SENSOR).certificate_id == certificate_id
    fleet.forget(serial_number)
    fleet.refused(serial_number, SENSOR)

    expected = [
        ("none", "ENROLLED"),
        ("ENROLLED", "PROVISIONING"),
        ("PROVISIONING", "ACTIVE"),
        ("ACTIVE", "SUSPENDED"),
        ("SUSPENDED", "ACTIVE"),
        ("ACTIVE", "REVOKED"),
    ]
    in_time(lambda: len(changes(fleet, serial_number)) >= len(expected))
    assert sorted(changes(fleet, serial_number)) == sorted(expected)
    (suspended,) = trail(fleet, serial_number, to="SUSPENDED")
    assert [suspended[name] for name in CHANGES] == [
        *("ACTIVE", "SUSPENDED", OPERATOR, "to suspend", certificate_id)
    ]
    decisions = ["WRONG_DEVICE_TYPE", "FIRST_CLAIM", "REVOKED"]
    assert fleet.reasons(serial_number, 3) == decisions
    decided = {"event": "provisioning-decision"}
    in_time(lambda: len(trail(fleet, serial_number, **decided)) >= len(decisions))
    kept = trail(fleet, serial_number, **decided)
    assert sorted(entry["reason"] for entry in kept) == sorted(decisions)


@pytest.mark.failure_mode("S15")
def test_no_secret_of_a_device_is_in_the_audit_trail(fleet, serial_number):
    fleet.enrol(serial_number, device_type=SENSOR)
    claim = fleet.claims["line-1"].credentials()
    with fleet.session(claim, f"claim-acme-factory-{serial_number}") as session:
        issued = session.create_keys_and_certificate()
        parameters = registration_parameters(DeviceSpec(serial_number, SENSOR))
        session.register_thing("acme-factory", issued.ownership_token, parameters)
    until(lambda: trail(fleet, serial_number, to="PROVISIONING"))
    until(lambda: trail(fleet, serial_number, event="provisioning-decision"))

    group = fleet.outputs["device_lifecycle"]["audit_log_group_name"]
    entries = list(fleet.log_entries(group))
    assert {field for entry in entries for field in entry} <= {*audit.FIELDS, "source", "id"}
    text = json.dumps(entries)
    secrets = [issued.ownership_token, "-----BEGIN"]
    for pem in (issued.certificate_pem, issued.private_key_pem):
        secrets += [line for line in pem.splitlines() if len(line) > 20]
    assert len(secrets) > 20
    assert [secret for secret in secrets if secret in text] == []


def test_a_device_of_its_makers_ca_goes_the_same_way(just_in_time):
    device = just_in_time.enrolled_gateway(manufacturer="Northwind")
    just_in_time.admit(device)
    record = just_in_time.in_service(device.serial_number)
    assert record.certificate_id == device.certificate_id
    assert shadow(just_in_time, device.serial_number)[0] == first_shadow(GATEWAY)
    turn(just_in_time, device.serial_number, Action.REVOKE)
    until(lambda: just_in_time.status(device) == "REVOKED")
    just_in_time.turned_away(device)
    kept = until(
        lambda: trail(just_in_time, device.serial_number, reason="FIRST_CLAIM", outcome="allowed")
    )
    assert [entry["gate"] for entry in kept] == [just_in_time.ca(GATEWAYS)["name"]]
    until(lambda: trail(just_in_time, device.serial_number, to="REVOKED"))
