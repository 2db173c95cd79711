"""From an event to an ACTIVE record: what an event may do, and what it may not."""

import pytest
from botocore.exceptions import ClientError

from device_lifecycle import confirm, events
from device_lifecycle.errors import RetryError
from device_registry.record import Status
from tests.unit.builders import CERTIFICATE, NOW, OTHER_CERTIFICATE
from tests.unit.device_lifecycle.fakes import ARN, PARAMETER, THING, event, lines

CLAIM = {
    "status": Status.PROVISIONING,
    "certificate_id": CERTIFICATE,
    "certificate_ids": frozenset({CERTIFICATE}),
    "thing_name": THING,
}
BY_THING = {"CONFIRM_BY": "THING_EVENT"}


def run(world, told, **environ):
    confirm.run(told, world.config(**environ), world.runtime())
    return world.stored()


@pytest.fixture
def registered(world):
    """A device whose RegisterThing is over."""
    world.enrol(**CLAIM)
    world.aws.certificates[CERTIFICATE] = "ACTIVE"
    world.aws.things[THING] = ["us-east-1:a-cognito-identity", ARN + CERTIFICATE]
    return world


def test_the_first_connection_under_the_new_certificate(registered, capsys):
    after = run(registered, event("presence_connected"))
    assert (after.status, after.status_changed_by) == (Status.ACTIVE, "device-lifecycle")
    assert (after.status_reason, after.provisioned_at) == ("first connection", NOW)
    assert registered.aws.calls == ["GetParameter"]
    (line,) = lines(capsys)
    assert (
        line.items()
        >= {
            "event": "activation",
            "outcome": "activated",
            "reason": "first connection",
            "serialNumber": "SN-0001",
            "certificateId": CERTIFICATE,
            "requestId": "request-1",
        }.items()
    )
    assert run(registered, event("presence_connected")) == after
    assert lines(capsys) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"principalIdentifier": OTHER_CERTIFICATE},
        {"clientId": "acme-SN-0002"},
        {"clientId": "acme2-SN-0001"},
        {"clientId": "SN-0001"},
        {"clientId": "acme-"},
        {"clientId": 7},
        {"principalIdentifier": "us-east-1:cognito"},
        {"eventType": "disconnected"},
    ],
)
def test_another_connection_confirms_nothing(registered, changes):
    assert run(registered, event("presence_connected", **changes)).status is Status.PROVISIONING


def test_a_connection_is_of_no_interest_where_things_confirm(registered):
    after = run(registered, event("presence_connected"), **BY_THING)
    assert after.status is Status.PROVISIONING


@pytest.mark.parametrize("status", [Status.SUSPENDED, Status.REVOKED, Status.ENROLLED])
@pytest.mark.parametrize("environ", [{}, BY_THING])
@pytest.mark.failure_mode("S1")
def test_a_device_that_was_cut_off_stays_so(registered, capsys, status, environ):
    before = registered.enrol(**{**CLAIM, "status": status})
    name = "thing_created" if environ else "presence_connected"
    assert run(registered, event(name), **environ) == before
    (line,) = lines(capsys)
    told = (line["event"], line["outcome"], line["reason"])
    assert told == ("activation", "unchanged", status)


def test_the_thing_of_a_finished_registration(registered, capsys):
    after = run(registered, event("thing_created", operation="UPDATED"), **BY_THING)
    assert (after.status, after.status_reason) == (Status.ACTIVE, "thing registered")
    assert registered.pauses == []


def test_the_thing_comes_before_its_certificate_is_activated(registered):
    registered.aws.certificates[CERTIFICATE] = "PENDING_ACTIVATION"

    def activated(operation, _):
        if registered.pauses:
            registered.aws.certificates[CERTIFICATE] = "ACTIVE"

    registered.aws.before = activated
    assert run(registered, event("thing_created"), **BY_THING).status is Status.ACTIVE
    assert len(registered.pauses) == 1


@pytest.mark.parametrize("missing", ["certificate", "thing", "principal", "activation"])
def test_a_registration_that_is_not_over_is_looked_at_again_later(registered, missing):
    if missing == "certificate":
        del registered.aws.certificates[CERTIFICATE]
    elif missing == "thing":
        del registered.aws.things[THING]
    elif missing == "principal":
        registered.aws.things[THING] = []
    else:
        registered.aws.certificates[CERTIFICATE] = "PENDING_ACTIVATION"
    with pytest.raises(RetryError, match="not ACTIVE and attached yet"):
        run(registered, event("thing_created"), **BY_THING)
    assert registered.pauses == [0.5, 1.5, 3.0]
    assert registered.stored().status is Status.PROVISIONING


def test_a_refusal_of_aws_is_no_answer(registered):
    for operation in ("DescribeCertificate", "ListThingPrincipals"):
        registered.aws.answers = {operation: "ThrottlingException"}
        with pytest.raises(ClientError):
            run(registered, event("thing_created"), **BY_THING)


def test_a_thing_is_of_no_interest_where_connections_confirm(registered, capsys):
    assert run(registered, event("thing_created")).status is Status.PROVISIONING
    assert registered.aws.calls == []
    assert lines(capsys) == []


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        {"eventType": "THING_EVENT"},
        {"eventType": "THING_EVENT", "operation": "DELETED", "thingName": THING},
        {"eventType": "THING_EVENT", "operation": "CREATED", "thingName": "a b"},
        {"eventType": "THING_EVENT", "operation": "CREATED"},
        {"eventType": "connected"},
        {"eventType": "connected", "clientId": THING, "principalIdentifier": "us-east-1:cognito"},
    ],
)
def test_anything_else_is_no_event(told):
    assert events.read(told) is None


@pytest.mark.parametrize(
    ("thing_name", "serial"),
    [(THING, "SN-0001"), ("SN-0001", None), ("acme2-SN-0001", None), ("acme-", None)],
)
def test_a_serial_number_is_read_from_names_of_this_prefix_only(thing_name, serial):
    assert events.serial_number("acme", thing_name) == serial


def test_a_claim_that_changes_between_reading_and_writing_is_read_again(registered):
    registered.enrol(**{**CLAIM, "claimed_at": NOW - 60})
    changes = iter([NOW - 50])

    def claimed_anew(_):
        for claimed_at in changes:
            registered.enrol(**{**CLAIM, "claimed_at": claimed_at})

    registered.table.before = claimed_anew
    after = run(registered, event("presence_connected"))
    assert (after.status, after.claimed_at) == (Status.ACTIVE, NOW - 50)


def test_a_claim_that_keeps_changing_is_left_for_later(registered):
    moments = iter(range(NOW - 50, NOW))
    registered.table.before = lambda _: registered.enrol(**{**CLAIM, "claimed_at": next(moments)})
    with pytest.raises(RetryError, match=r"^the record kept changing$"):
        run(registered, event("presence_connected"))


def test_a_refusal_of_the_table_is_none_of_the_condition(registered):
    refused = ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")

    def refuse(_):
        raise refused

    registered.table.before = refuse
    with pytest.raises(ClientError):
        run(registered, event("presence_connected"))


def test_a_record_without_a_thing_waits_for_its_claim(world, capsys):
    before = world.enrol()
    assert run(world, event("thing_created"), **BY_THING) == before
    assert run(world, event("presence_connected")) == before
    assert lines(capsys) == []


def test_the_first_shadow_that_an_earlier_run_did_not_come_to(registered, capsys):
    registered.enrol(**{**CLAIM, "status": Status.ACTIVE})
    registered.aws.parameters[PARAMETER] = '{"name": null, "desired": {"interval": 60}}'
    assert run(registered, event("presence_connected")).shadow_written_at == NOW
    assert [line["event"] for line in lines(capsys)] == ["first-shadow"]
