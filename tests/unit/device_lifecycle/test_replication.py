"""A device that came in through another Region gets what it has there, and nothing more."""

import hashlib
import ssl

import pytest

from device_lifecycle import activation, confirm, enforce, sweep
from device_registry.record import Status, to_item
from tests.unit.builders import CLAIM_CERTIFICATE, NOW, OTHER_CERTIFICATE, record
from tests.unit.device_lifecycle.fakes import (
    ARN,
    PARAMETER,
    SHARED,
    THING,
    World,
    event,
    lines,
    stream_record,
)
from tests.unit.device_lifecycle.memory import Memory

HOME, OTHER = "us-east-1", "eu-west-1"
PEM = ssl.DER_cert_to_PEM_cert(b"a certificate")
CERTIFICATE = hashlib.sha256(b"a certificate").hexdigest()
BOTH = frozenset({CERTIFICATE, OTHER_CERTIFICATE})
STEPS = [
    "DescribeCertificate",
    "ListThingPrincipals",
    "DescribeCACertificate",
    "RegisterCertificateWithoutCA",
    "DescribeCertificate",
    "CreateThing",
    "AddThingToThingGroup",
    "AttachPolicy",
    "AttachThingPrincipal",
]
OK = {"batchItemFailures": []}
AGAIN = {"batchItemFailures": [{"itemIdentifier": "0"}]}


def device(status=Status.ACTIVE, **changes):
    """A device that was granted at home."""
    values = {
        "certificate_id": CERTIFICATE,
        "certificate_ids": frozenset({CERTIFICATE}),
        "certificate_pem": PEM,
        "claimed_in": HOME,
        "thing_name": THING,
    }
    return record(status=status, **{"claimed_at": NOW - 60, **values, **changes})


CLAIMED = device(Status.PROVISIONING, lease_expires_at=NOW + 60, claim_certificate_id="c1a1" * 16)


@pytest.fixture
def other():
    """The account in the other Region, without first shadows."""
    return region(OTHER)


def region(name, **environ):
    settings = {"AWS_REGION": name, "DEFAULT_HOME_REGION": HOME, "SHADOW_PARAMETERS": ""}
    world = World(Memory(), **{**settings, **environ})
    world.aws.groups = {SHARED: []}
    return world


def turn(world, before, after):
    """Store a record, and hand the function its change."""
    if after is not None:
        world.table.put_item(TableName="registry", Item=to_item(after))
    images = [None if each is None else to_item(each) for each in (before, after)]
    event = {"Records": [stream_record(*images)]}
    return enforce.run(event, world.config(), world.runtime())


def assert_copied(aws, status="ACTIVE"):
    assert aws.certificates == {CERTIFICATE: status}
    assert aws.things == {THING: [ARN + CERTIFICATE]}
    assert aws.groups[SHARED] == [THING]
    assert aws.policies == {SHARED: [ARN + CERTIFICATE]}
    type_name, attributes = aws.attributes[THING]
    assert type_name == SHARED
    assert attributes == {
        "serialNumber": "SN-0001",
        "deviceType": "temperature-sensor",
        "manufacturer": "AcmeIoT",
        "provisionedAt": "2026-09-21T14:12:20Z",
    }


@pytest.mark.failure_mode("O10")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (record(), CLAIMED),
        (record(), device()),
        (None, device()),
        (CLAIMED, device()),
        (device(certificate_id=OTHER_CERTIFICATE), device(certificate_ids=BOTH)),
        (device(Status.SUSPENDED), device(last_suspended_at=NOW)),
    ],
    ids=["claimed", "several steps in one", "new", "confirmed", "replaced", "resumed"],
)
def test_a_device_that_another_region_granted_is_copied(other, capsys, before, after):
    assert turn(other, before, after) == OK
    assert_copied(other.aws)
    assert other.aws.exclusive == {ARN + CERTIFICATE}
    assert other.aws.calls[: len(STEPS)] == STEPS
    (line,) = lines(capsys, "certificate-replicated")
    told = [line[name] for name in ("serialNumber", "thingName", "certificateId", "from", "to")]
    assert told == ["SN-0001", THING, CERTIFICATE, "none", "ACTIVE"]
    assert other.stored() == after


def test_a_canary_of_another_region_is_not_copied(other):
    """It is removed in its own Region alone, so that a copy would be left here for good."""
    serial = "canary-0000000000000001"
    canary = device(serial_number=serial, thing_name=f"acme-{serial}", enrolled_by="canary")
    assert turn(other, None, canary) == OK
    assert swept(other, canary).replicated == 0
    assert turn(other, canary, None) == OK
    assert (other.aws.certificates, other.aws.things) == ({}, {})


def test_a_second_time_nothing_is_written(other, capsys):
    turn(other, record(), CLAIMED)
    other.aws.calls.clear()
    lines(capsys)
    assert turn(other, record(), CLAIMED) == OK
    assert other.aws.calls == ["DescribeCertificate", "ListThingPrincipals"]
    assert lines(capsys, "certificate-replicated") == []


@pytest.mark.parametrize("stopped", range(len(STEPS)))
def test_what_was_stopped_half_way_is_finished(other, stopped):
    step, calls = STEPS[stopped], []

    def stop(operation, _):
        calls.append(operation)
        other.aws.answers = {step: "ThrottlingException"} if len(calls) == stopped + 1 else {}

    other.aws.before = stop
    assert turn(other, record(), CLAIMED) == AGAIN
    other.aws.before, other.aws.answers = lambda *_: None, {}
    assert turn(other, record(), CLAIMED) == OK
    assert_copied(other.aws)


@pytest.mark.parametrize(
    "missing", [{"policies": {}}, {"groups": {}}], ids=["no policy", "no group"]
)
def test_what_terraform_has_not_made_yet_comes_again_with_a_line(other, capsys, missing):
    vars(other.aws).update(missing)
    assert turn(other, record(), CLAIMED) == AGAIN
    (fault,) = lines(capsys, "lifecycle-fault")
    assert fault["level"] == "WARN"
    assert fault["detail"].endswith("ResourceNotFoundException")


@pytest.mark.parametrize(
    ("name", "after"),
    [
        (HOME, device()),
        (OTHER, device(claimed_in=OTHER)),
        (OTHER, device(claimed_in=None)),
        (OTHER, device(certificate_pem=None)),
        (OTHER, device(Status.SUSPENDED)),
        (OTHER, device(Status.REVOKED)),
    ],
    ids=["at home", "granted here", "nobody knows where", "no PEM", "suspended", "revoked"],
)
def test_what_is_not_copied(name, after):
    world = region(name)
    turn(world, record(), after)
    assert world.aws.things == world.aws.certificates == {}


def test_one_region_copies_nothing(world):
    turn(world, record(), device(claimed_in=OTHER))
    assert world.aws.things == world.aws.certificates == {}


def test_a_change_that_asks_nothing_costs_nothing(other, capsys):
    reads = []
    other.table.reading = reads.append
    assert turn(other, device(), device(shadow_written_at=NOW)) == OK
    assert (other.aws.calls, reads, lines(capsys)) == ([], [], [])


def test_the_record_as_it_is_now_decides(other):
    other.table.put_item(TableName="registry", Item=to_item(device(Status.REVOKED)))
    told = stream_record(to_item(record()), to_item(device()))
    enforce.run({"Records": [told]}, other.config(), other.runtime())
    assert other.aws.certificates == {}
    other.table.delete_item(TableName="registry", Key={"serialNumber": {"S": "SN-0001"}})
    enforce.run({"Records": [told]}, other.config(), other.runtime())
    assert other.aws.certificates == {}


@pytest.mark.parametrize(
    ("status", "expected"), [(Status.SUSPENDED, "INACTIVE"), (Status.REVOKED, "REVOKED")]
)
def test_cut_off_while_it_is_copied(other, status, expected):
    def cut_off(operation, _):
        if operation == "AttachPolicy":
            other.table.put_item(TableName="registry", Item=to_item(device(status)))

    other.aws.before = cut_off
    turn(other, record(), CLAIMED)
    assert other.aws.certificates == {CERTIFICATE: expected}


def test_a_copy_comes_back_with_the_resumption_whatever_the_record_noted(other):
    turn(other, CLAIMED, device())
    turn(other, device(), device(Status.SUSPENDED))
    assert other.aws.certificates == {CERTIFICATE: "INACTIVE"}
    turn(other, device(Status.SUSPENDED), device(last_suspended_at=NOW))
    assert other.aws.certificates == {CERTIFICATE: "ACTIVE"}


def test_what_is_switched_off_is_attached_and_stays_off(other):
    other.aws.certificates = {CERTIFICATE: "INACTIVE"}
    turn(other, CLAIMED, device())
    assert_copied(other.aws, "INACTIVE")
    other.aws.calls.clear()
    turn(other, CLAIMED, device())
    assert "CreateThing" not in other.aws.calls


def test_what_is_revoked_is_left_alone(other):
    other.aws.certificates = {CERTIFICATE: "REVOKED"}
    assert turn(other, CLAIMED, device()) == OK
    assert other.aws.things == {}


@pytest.mark.parametrize("attached", [False, True])
def test_what_came_by_itself_is_activated(other, capsys, attached):
    """Its CA is registered here, and it connected before its home granted it."""
    other.aws.certificates = {CERTIFICATE: "PENDING_ACTIVATION"}
    other.aws.registered = {CERTIFICATE: CLAIM_CERTIFICATE}
    other.aws.things = {THING: [ARN + CERTIFICATE]} if attached else {}
    turn(other, record(), CLAIMED)
    assert other.aws.certificates == {CERTIFICATE: "ACTIVE"}
    assert other.aws.exclusive == set()
    assert ("CreateThing" in other.aws.calls) is not attached
    (line,) = lines(capsys, "certificate-replicated")
    assert (line["from"], line["to"]) == ("PENDING_ACTIVATION", "ACTIVE")


def test_the_same_ca_vouches_for_it_where_it_is_registered(other):
    other.aws.authorities = {CLAIM_CERTIFICATE: "the CA"}
    turn(other, record(), CLAIMED)
    assert_copied(other.aws)
    assert other.aws.registered == {CERTIFICATE: CLAIM_CERTIFICATE}
    assert other.aws.exclusive == set()


@pytest.mark.parametrize("step", ["DescribeCACertificate", "RegisterCertificateWithoutCA"])
def test_another_run_was_faster(other, step):
    def register(operation, _):
        if operation == step:
            other.aws.certificates[CERTIFICATE] = "ACTIVE"

    other.aws.before = register
    assert turn(other, record(), CLAIMED) == OK
    assert_copied(other.aws)


def test_a_thing_of_another_kind_is_brought_up_to_date(other):
    other.aws.things[THING], other.aws.attributes[THING] = [], ("acme-gateway", {})
    turn(other, record(), CLAIMED)
    assert_copied(other.aws)


def test_a_pem_that_is_another_certificates_is_told_of_once(other, capsys):
    other.aws.certificates[OTHER_CERTIFICATE] = "ACTIVE"
    wrong = device(
        certificate_pem=ssl.DER_cert_to_PEM_cert(b"another"),
        certificate_ids=BOTH,
    )
    assert turn(other, CLAIMED, wrong) == OK
    (fault,) = lines(capsys, "lifecycle-fault")
    assert (fault["level"], fault["detail"]) == ("ERROR", "MalformedRecordError: certificatePem")
    assert other.aws.certificates == {OTHER_CERTIFICATE: "INACTIVE"}


def test_a_copy_that_fails_does_not_keep_the_earlier_one_in(other):
    other.aws.certificates[OTHER_CERTIFICATE] = "ACTIVE"
    other.aws.policies = {}
    assert turn(other, CLAIMED, device(certificate_ids=BOTH)) == AGAIN
    assert other.aws.certificates[OTHER_CERTIFICATE] == "INACTIVE"


def test_a_pem_that_comes_later(other):
    turn(other, device(certificate_pem=None), device())
    assert_copied(other.aws)


def test_a_certificate_that_is_retired_in_another_region_is_switched_off_here(other):
    other.aws.certificates = {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "ACTIVE"}
    both = {"certificate_ids": BOTH, "lease_expires_at": NOW}
    before = device(Status.PROVISIONING, **both)
    retired = frozenset({OTHER_CERTIFICATE})
    turn(other, before, device(Status.PROVISIONING, retired_certificate_ids=retired, **both))
    assert other.aws.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}


@pytest.mark.parametrize(("name", "expected"), [(OTHER, "INACTIVE"), (HOME, "ACTIVE")])
def test_a_copy_of_a_record_that_is_gone(name, expected, capsys):
    world = region(name)
    world.aws.certificates = {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "PENDING_ACTIVATION"}
    assert turn(world, device(certificate_ids=BOTH), None) == OK
    pending = {OTHER_CERTIFICATE: "PENDING_ACTIVATION"}
    assert world.aws.certificates == {CERTIFICATE: expected} | pending
    assert len(lines(capsys, "certificate-switched")) == (name == OTHER)


def test_a_record_that_is_there_again_keeps_its_copy(other):
    other.aws.certificates = {CERTIFICATE: "ACTIVE"}
    other.table.put_item(TableName="registry", Item=to_item(device()))
    assert turn(other, device(), None) == OK
    assert other.aws.certificates == {CERTIFICATE: "ACTIVE"}


# The first shadow is a Region's own.

SHADOW = '{"name": null, "desired": {"interval": 60}}'


@pytest.fixture
def shadows():
    world = region(OTHER, SHADOW_PARAMETERS="/iot-provisioning/acme/device-types")
    world.aws.parameters[PARAMETER] = SHADOW
    return world


def test_a_copy_gets_its_first_shadow_and_the_record_no_note_of_it(shadows):
    turn(shadows, record(), CLAIMED)
    assert shadows.aws.shadows[THING, None]["state"]["desired"] == {"interval": 60}
    assert shadows.stored().shadow_written_at is None


def test_a_type_without_first_shadow(shadows):
    shadows.aws.parameters.clear()
    turn(shadows, record(), CLAIMED)
    assert shadows.aws.shadows == {}
    assert_copied(shadows.aws)


def test_a_first_shadow_that_cannot_be_used_stops_no_copy(shadows, capsys):
    shadows.aws.parameters[PARAMETER] = "{"
    assert turn(shadows, record(), CLAIMED) == OK
    assert_copied(shadows.aws)
    (fault,) = lines(capsys, "lifecycle-fault")
    assert (fault["level"], fault["detail"]) == ("ERROR", f"FirstShadowError: {PARAMETER}")


def test_the_granting_regions_first_shadow_is_left_to_it(shadows):
    shadows.enrol()
    activation.ensure_first_shadow(shadows.runtime(), shadows.config(), device())
    assert shadows.aws.shadows == {}
    own = device(claimed_in=OTHER)
    shadows.table.put_item(TableName="registry", Item=to_item(own))
    activation.ensure_first_shadow(shadows.runtime(), shadows.config(), own)
    assert (THING, None) in shadows.aws.shadows
    assert shadows.stored().shadow_written_at == NOW


# Confirmation.


def test_a_connection_here_confirms_what_was_granted_there(other):
    other.table.put_item(TableName="registry", Item=to_item(CLAIMED))
    told = event("presence_connected", principalIdentifier=CERTIFICATE)
    confirm.run(told, other.config(), other.runtime())
    assert other.stored().status is Status.ACTIVE


@pytest.mark.parametrize(
    ("claimed_in", "expected"), [(HOME, Status.PROVISIONING), (OTHER, Status.ACTIVE)]
)
def test_a_copys_thing_confirms_nothing(other, claimed_in, expected):
    claimed = device(Status.PROVISIONING, lease_expires_at=NOW + 60, claimed_in=claimed_in)
    turn(other, record(), CLAIMED)
    other.table.put_item(TableName="registry", Item=to_item(claimed))
    config = other.config(CONFIRM_BY="THING_EVENT")
    confirm.run(event("thing_created"), config, other.runtime())
    assert other.stored().status is expected
    other.now += 61
    sweep.run(config, 3600, other.runtime())
    assert other.stored().status is expected


# The sweep makes up for what the stream did not bring.


def swept(world, stored, seconds=61):
    world.table.put_item(TableName="registry", Item=to_item(stored))
    world.now = stored.status_changed_at + seconds
    return sweep.run(world.config(), 3600, world.runtime())


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.ACTIVE])
def test_the_sweep_copies_what_the_stream_did_not_bring(other, status):
    counts = swept(other, device(status, lease_expires_at=NOW + 600))
    assert (counts.replicated, counts.failed) == (1, 0)
    assert_copied(other.aws)
    assert swept(other, device(status, lease_expires_at=NOW + 600)).replicated == 0


def test_the_sweep_leaves_the_stream_its_time(other):
    assert swept(other, device(), seconds=59).replicated == 0
    assert swept(region(HOME), device()).replicated == 0


def test_the_sweep_sees_what_was_cut_off_while_it_copied(other):
    def revoke(operation, _):
        if operation == "AttachPolicy":
            other.table.put_item(TableName="registry", Item=to_item(device(Status.REVOKED)))

    other.aws.before = revoke
    assert swept(other, device()).replicated == 1
    assert other.aws.certificates == {CERTIFICATE: "REVOKED"}


def test_the_sweep_sees_that_too_where_the_copy_fails(other):
    def revoke(operation, _):
        if operation == "AttachPolicy":
            other.aws.policies = {}
            other.table.put_item(TableName="registry", Item=to_item(device(Status.REVOKED)))

    other.aws.before = revoke
    counts = swept(other, device())
    assert (counts.replicated, counts.failed) == (0, 1)
    assert other.aws.certificates == {CERTIFICATE: "REVOKED"}


def test_the_sweep_gives_up_no_claim_of_another_region(other):
    other.aws.certificates = {CERTIFICATE: "PENDING_ACTIVATION"}
    lapsed = device(Status.PROVISIONING, lease_expires_at=NOW - 86_400 + 30)
    counts = swept(other, lapsed)
    assert (counts.lapsed, counts.replicated) == (0, 1)
    assert other.aws.certificates == {CERTIFICATE: "ACTIVE"}


def test_the_sweep_leaves_the_first_shadow_to_the_granting_region(shadows):
    swept(shadows, device(certificate_pem=None))
    assert shadows.aws.shadows == {}
