"""From an event to what AWS IoT holds in the end."""

import datetime as dt
import itertools
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from device_registry.dynamodb import RegistryUnavailableError
from device_registry.reasons import Denial, Grant
from device_registry.record import ReprovisionPolicy, Status
from device_registry.table import Refused
from jitr_gate import gate
from jitr_gate.request import Reason
from tests.unit.builders import CERTIFICATE, OTHER_CERTIFICATE
from tests.unit.jitr_gate.fakes import (
    CA,
    CRL_ENVIRONMENT,
    GATE_ENVIRONMENT,
    SHARED,
    THING,
    arn,
    clients,
    device_pem,
    maker,
    registered,
)

STEPS = [
    "DescribeCertificate",
    "CreateThing",
    "AddThingToThingGroup",
    "AttachPolicy",
    "AttachThingPrincipal",
    "DescribeCertificate",
    "UpdateCertificate",
]
REFUSED = ["DescribeCertificate", "DescribeCertificate", "UpdateCertificate"]


def crl(*numbers, **options):
    return maker().revocation_list(numbers, **options).public_bytes(Encoding.DER)


def assert_provisioned(world):
    held = world.stored()
    claimed_at = dt.datetime.fromtimestamp(held.claimed_at, dt.UTC)
    assert (held.status, held.certificate_id) == (Status.PROVISIONING, CERTIFICATE)
    assert (held.claim_certificate_id, held.template_name) == (CA, "acme-maker")
    assert (held.thing_name, held.provision_count) == (THING, 1)
    assert world.aws.certificates[CERTIFICATE]["policies"] == [SHARED]
    assert world.aws.status == "ACTIVE"
    assert world.aws.groups == {SHARED: [THING]}
    assert world.aws.things[THING]["type"] == SHARED
    assert world.aws.things[THING]["principals"] == [arn(CERTIFICATE)]
    assert world.aws.things[THING]["attributes"] == {
        "serialNumber": "SN-0001",
        "deviceType": "temperature-sensor",
        "manufacturer": "AcmeIoT",
        "provisionedAt": claimed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def test_an_enrolled_device_is_let_in(world):
    world = world()
    outcome = world.run()
    assert (outcome.verdict, outcome.detail) == (Grant.FIRST_CLAIM, None)
    assert (outcome.device.serial_number, outcome.device.device_type) == (
        "SN-0001",
        "temperature-sensor",
    )
    assert outcome.thing_name == THING
    assert not outcome.is_fault
    assert world.aws.calls == STEPS
    assert world.claims.connection.requests == 2
    assert_provisioned(world)


def test_a_replayed_event_changes_nothing(world):
    world = world()
    world.run()
    before, writes = (world.aws.state(), world.stored()), list(world.aws.writes)
    for _ in range(3):
        outcome = world.run()
        assert (outcome.verdict, outcome.detail) == (Reason.NOT_PENDING, "ACTIVE")
        assert not outcome.is_fault
    assert (world.aws.state(), world.stored()) == before
    assert world.aws.writes == writes
    assert world.aws.calls == [*STEPS, *["DescribeCertificate"] * 3]
    assert world.claims.connection.requests == 2 + 3


@pytest.mark.parametrize("refused_status", ["INACTIVE", "REVOKED"])
@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"serial_number": "SN-0002"}, Denial.UNKNOWN_SERIAL),
        ({"device_type": "gateway"}, Denial.WRONG_DEVICE_TYPE),
        ({"manufacturer": "Other"}, Denial.WRONG_MANUFACTURER),
        ({"required_claim_certificate_id": OTHER_CERTIFICATE}, Denial.WRONG_CLAIM),
        ({"status": Status.SUSPENDED}, Denial.SUSPENDED),
        ({"status": Status.REVOKED}, Denial.REVOKED),
        ({"status": Status.ACTIVE}, Denial.ALREADY_ACTIVE),
        ({"enrolment_expires_at": 1}, Denial.ENROLMENT_EXPIRED),
    ],
)
def test_a_refused_certificate_is_shut_out_and_stays_so(world, changes, verdict, refused_status):
    world = world()
    world.forget()
    world.enrol(**changes)
    environ = {**GATE_ENVIRONMENT, "REFUSED_CERTIFICATE_STATUS": refused_status}
    outcome = world.run(environ=environ)
    assert (outcome.verdict, outcome.is_fault) == (verdict, False)
    assert outcome.device.serial_number == "SN-0001"
    assert outcome.thing_name is None
    assert world.aws.status == refused_status
    assert world.aws.calls == REFUSED
    world.enrol()
    again = world.run(environ=environ)
    assert (again.verdict, again.detail) == (Reason.NOT_PENDING, refused_status)
    assert world.aws.writes == ["UpdateCertificate"]
    assert world.stored().status is Status.ENROLLED


def test_a_device_bound_to_this_ca_gets_in(world):
    world = world()
    world.enrol(required_claim_certificate_id=CA)
    assert world.run().verdict is Grant.FIRST_CLAIM


def test_a_replacement_brings_the_thing_up_to_date(world):
    world = world()
    world.enrol(status=Status.ACTIVE, reprovision_policy=ReprovisionPolicy.REPLACE)
    world.aws.things[THING] = {
        "type": None,
        "attributes": {"serialNumber": "SN-0001", "site": "7"},
        "version": 4,
        "principals": [arn(OTHER_CERTIFICATE)],
    }
    assert world.run().verdict is Grant.REPLACEMENT
    thing = world.aws.things[THING]
    assert (thing["type"], thing["version"]) == (SHARED, 5)
    assert thing["attributes"].keys() == {
        "serialNumber",
        "deviceType",
        "manufacturer",
        "provisionedAt",
        "site",
    }
    assert thing["attributes"]["site"] == "7"
    assert thing["principals"] == [arn(OTHER_CERTIFICATE), arn(CERTIFICATE)]
    assert world.aws.status == "ACTIVE"


@pytest.mark.parametrize("attributes", [{"site": "7"}, {}])
def test_a_thing_that_is_as_it_should_be_is_not_written(world, attributes):
    world = world()
    world.aws.answers = {"AddThingToThingGroup": "ThrottlingException"}
    assert world.run().is_fault
    world.aws.things[THING]["attributes"] |= attributes
    # As for a thing that differs in what this is not about: a billing group, say.
    world.aws.answers = {"CreateThing": "ResourceAlreadyExistsException"}
    assert world.run().verdict is Grant.REPEAT
    assert world.aws.things[THING]["version"] == 1
    assert "UpdateThing" not in world.aws.calls


def test_a_thing_of_another_type_with_the_right_attributes_is_written(world):
    world = world()
    world.aws.answers = {"AddThingToThingGroup": "ThrottlingException"}
    assert world.run().is_fault
    world.aws.things[THING]["type"] = "other"
    world.aws.answers = {}
    assert world.run().verdict is Grant.REPEAT
    assert world.aws.things[THING]["type"] == SHARED


@pytest.mark.parametrize(
    ("event", "verdict", "detail"),
    [
        (None, Reason.NOT_THE_EVENT, "event"),
        ([], Reason.NOT_THE_EVENT, "event"),
        ({}, Reason.NOT_THE_EVENT, "certificateId"),
        (registered(certificateId="DE" * 32), Reason.NOT_THE_EVENT, "certificateId"),
        (registered(certificateId=7), Reason.NOT_THE_EVENT, "certificateId"),
        (registered(caCertificateId=OTHER_CERTIFICATE), Reason.OTHER_CA, None),
    ],
)
def test_an_event_that_is_not_for_this_gate_asks_nothing_of_anyone(world, event, verdict, detail):
    world = world()
    outcome = gate.run(event, GATE_ENVIRONMENT, None, None, time.time())
    assert (outcome.verdict, outcome.detail, outcome.is_fault) == (verdict, detail, False)


@pytest.mark.parametrize(
    ("options", "verdict", "detail"),
    [
        ({"status": "INACTIVE"}, Reason.NOT_PENDING, "INACTIVE"),
        ({"status": "REVOKED"}, Reason.NOT_PENDING, "REVOKED"),
        ({"ca": OTHER_CERTIFICATE}, Reason.OTHER_CA, None),
        ({"ca": None}, Reason.OTHER_CA, None),
    ],
)
def test_what_aws_iot_says_counts_and_not_the_event(world, options, verdict, detail):
    world = world(**options)
    outcome = world.run()
    assert (outcome.verdict, outcome.detail, outcome.is_fault) == (verdict, detail, False)
    assert world.aws.calls == ["DescribeCertificate"]
    assert world.claims.connection.requests == 0


def test_a_certificate_that_is_gone_is_left_alone(world):
    world = world()
    outcome = world.run(registered(certificateId=OTHER_CERTIFICATE))
    assert (outcome.verdict, outcome.detail) == (Reason.UNKNOWN_CERTIFICATE, None)
    assert world.claims.connection.requests == 0


def test_a_certificate_that_is_removed_meanwhile_is_not_activated(world):
    world = world()

    def remove(operation):
        if operation == "AttachPolicy":
            del world.aws.certificates[CERTIFICATE]

    world.aws.after = remove
    outcome = world.run()
    assert (outcome.verdict, outcome.is_fault) == (Reason.UNKNOWN_CERTIFICATE, False)
    assert "UpdateCertificate" not in world.aws.calls


@pytest.mark.parametrize("operation", sorted(set(STEPS)))
def test_a_call_that_fails_is_a_fault_and_the_next_event_goes_on(world, operation):
    world = world()
    world.aws.answers = {operation: "ThrottlingException"}
    outcome = world.run()
    assert outcome.verdict is Denial.INTERNAL_ERROR
    assert outcome.detail == f"{operation}: ThrottlingException"
    assert outcome.is_fault
    assert world.aws.status == "PENDING_ACTIVATION"
    world.aws.answers = {}
    assert world.run().verdict in {Grant.FIRST_CLAIM, Grant.REPEAT}
    assert_provisioned(world)


@pytest.mark.parametrize("missing", ["types", "groups", "policies"])
def test_a_catalog_without_the_device_type_is_a_fault(world, missing):
    world = world()
    getattr(world.aws, missing).clear()
    outcome = world.run()
    assert outcome.verdict is Denial.INTERNAL_ERROR
    assert outcome.detail.endswith(": ResourceNotFoundException")
    assert outcome.device.serial_number == "SN-0001"
    assert world.aws.status == "PENDING_ACTIVATION"


def test_a_thing_that_vanishes_meanwhile_is_a_fault(world):
    world = world()
    world.aws.answers = {"CreateThing": "ResourceAlreadyExistsException"}
    assert world.run().detail == "DescribeThing: ResourceNotFoundException"


FAULTS = {
    "no answer": (RegistryUnavailableError("ReadTimeoutError"), Denial.REGISTRY_UNAVAILABLE),
    "damaged": (Refused(denial=Denial.MALFORMED_RECORD, detail="x"), Denial.MALFORMED_RECORD),
    "contradiction": (Refused(denial=Denial.INTERNAL_ERROR, detail="x"), Denial.INTERNAL_ERROR),
    "unforeseen": (KeyError("secret"), Denial.INTERNAL_ERROR),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_registry_that_cannot_answer_leaves_the_certificate_pending(world, name):
    world = world()
    answer, verdict = FAULTS[name]
    world.claims.answers = [answer]
    outcome = world.run()
    assert (outcome.verdict, outcome.is_fault) == (verdict, True)
    assert outcome.detail in {"ReadTimeoutError", "x", "KeyError"}
    assert outcome.device.serial_number == "SN-0001"
    assert world.aws.calls == ["DescribeCertificate"]
    assert world.run().verdict is Grant.FIRST_CLAIM


@pytest.mark.parametrize("name", FAULTS)
def test_a_registry_that_cannot_confirm_is_a_fault(world, name):
    world = world()
    answer, verdict = FAULTS[name]
    world.claims.answers = [None, answer]
    outcome = world.run()
    assert (outcome.verdict, outcome.is_fault) == (verdict, True)
    assert outcome.device.serial_number == "SN-0001"
    assert world.aws.status == "ACTIVE"
    if name == "no answer":
        assert outcome.detail == "ReadTimeoutError, after the activation"
    again = world.run()
    assert (again.verdict, again.detail) == (Reason.NOT_PENDING, "ACTIVE")


@pytest.mark.parametrize("refused_status", ["INACTIVE", "REVOKED"])
@pytest.mark.parametrize(
    ("status", "verdict"),
    [(Status.SUSPENDED, Denial.SUSPENDED), (Status.REVOKED, Denial.REVOKED)],
)
def test_a_device_cut_off_while_nobody_could_confirm_is_shut_out_by_the_next_event(
    world, status, verdict, refused_status
):
    world = world()
    world.claims.answers = [None, RegistryUnavailableError("ReadTimeoutError")]
    assert world.run().is_fault
    assert world.aws.status == "ACTIVE"
    world.enrol(status=status, certificate_id=CERTIFICATE)
    environ = {**GATE_ENVIRONMENT, "REFUSED_CERTIFICATE_STATUS": refused_status}
    outcome = world.run(environ=environ)
    assert (outcome.verdict, outcome.is_fault) == (verdict, False)
    assert world.aws.status == refused_status


def test_a_registry_that_still_cannot_confirm_is_a_fault_again(world):
    world = world()
    world.claims.answers = [None, *[RegistryUnavailableError("ReadTimeoutError")] * 2]
    assert world.run().is_fault
    assert world.run().is_fault
    assert world.aws.status == "ACTIVE"


def test_an_enrolled_device_whose_certificate_somebody_activated_gets_what_it_needs(world):
    world = world(status="ACTIVE")
    assert world.run().verdict is Grant.FIRST_CLAIM
    assert_provisioned(world)
    assert "UpdateCertificate" not in world.aws.calls


def test_a_stranger_whose_certificate_somebody_activated_is_shut_out(world):
    world = world(status="ACTIVE")
    world.forget()
    assert world.run().verdict is Denial.UNKNOWN_SERIAL
    assert world.aws.status == "INACTIVE"


def test_a_certificate_that_came_onto_the_list_during_the_activation_is_shut_out(world):
    world = world(status="ACTIVE", crl=crl(serial_of(device_pem())))
    assert world.run(environ=CRL_ENVIRONMENT).verdict is Denial.CERTIFICATE_REVOKED
    assert world.aws.status == "INACTIVE"


@pytest.mark.parametrize("refused_status", ["INACTIVE", "REVOKED"])
def test_a_device_cut_off_during_the_activation_is_shut_out(world, refused_status):
    world = world()

    def cut_off(operation):
        if operation == "UpdateCertificate" and world.aws.status == "ACTIVE":
            world.enrol(status=Status.REVOKED)

    world.aws.after = cut_off
    outcome = world.run(environ={**GATE_ENVIRONMENT, "REFUSED_CERTIFICATE_STATUS": refused_status})
    assert (outcome.verdict, outcome.thing_name) == (Denial.REVOKED, None)
    assert world.aws.status == refused_status


def test_a_certificate_that_an_operator_revoked_is_not_made_inactive(world):
    world = world()

    def cut_off(operation):
        if operation == "UpdateCertificate" and world.aws.status == "ACTIVE":
            world.enrol(status=Status.REVOKED)
            world.aws.certificates[CERTIFICATE]["status"] = "REVOKED"

    world.aws.after = cut_off
    assert world.run().verdict is Denial.REVOKED
    assert world.aws.status == "REVOKED"


@pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
def test_a_certificate_switched_off_meanwhile_is_not_activated(world, status):
    world = world()

    def switch_off(operation):
        if operation == "AttachPolicy":
            world.aws.certificates[CERTIFICATE]["status"] = status

    world.aws.after = switch_off
    outcome = world.run()
    assert (outcome.verdict, outcome.detail) == (Reason.NOT_PENDING, status)
    assert outcome.device.serial_number == "SN-0001"
    assert world.aws.status == status
    assert "UpdateCertificate" not in world.aws.calls


def test_a_certificate_let_in_by_another_run_meanwhile_is_not_shut_out_by_an_old_verdict(world):
    world = world()
    world.claims.answers = [Refused(denial=Denial.UNKNOWN_SERIAL)]
    world.claims.before = lambda _: world.aws.certificates[CERTIFICATE].update(status="ACTIVE")
    assert world.run().verdict is Denial.UNKNOWN_SERIAL
    assert world.aws.status == "ACTIVE"


def test_a_certificate_activated_by_another_run_meanwhile_is_confirmed(world):
    world = world()

    def activate(operation):
        if operation == "AttachPolicy":
            world.aws.certificates[CERTIFICATE]["status"] = "ACTIVE"

    world.aws.after = activate
    assert world.run().verdict is Grant.FIRST_CLAIM
    assert "UpdateCertificate" not in world.aws.calls
    assert world.claims.connection.requests == 2


# --- what the certificate says --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "detail"),
    [
        ({"Organization": "AcmeIoT"}, "CommonName: missing"),
        ({"CommonName": "SN-0001"}, "Organization: missing"),
        (
            {"CommonName": "SN 0001", "Organization": "AcmeIoT"},
            "CommonName: characters or a length that cannot be used",
        ),
        (
            {"CommonName": "SN-0001", "Organization": "Acme IoT"},
            "Organization: characters or a length that cannot be used",
        ),
        (
            {"CommonName": "SN-0001\n", "Organization": "AcmeIoT"},
            "CommonName: characters or a length that cannot be used",
        ),
    ],
)
def test_a_subject_that_cannot_be_used_is_refused_and_asks_nothing(world, subject, detail):
    world = world(pem=device_pem(**subject))
    outcome = world.run()
    assert (outcome.verdict, outcome.detail) == (Denial.INVALID_PARAMETER, detail)
    assert outcome.device.serial_number == subject.get("CommonName")
    assert world.aws.status == "INACTIVE"
    assert world.claims.connection.requests == 0


def test_the_device_type_can_come_from_the_subject(world):
    subject = {"CommonName": "x", "SerialNumber": "SN-0001", "OrganizationalUnit": "gateway"}
    world = world(pem=device_pem(**subject))
    world.aws.types.add("acme-gateway")
    world.aws.policies.add("acme-gateway")
    world.aws.groups["acme-gateway"] = []
    environ = {
        **{k: v for k, v in GATE_ENVIRONMENT.items() if k != "DEVICE_TYPE"},
        "SERIAL_NUMBER_FIELD": "SerialNumber",
        "DEVICE_TYPE_FIELD": "OrganizationalUnit",
        "MANUFACTURER": "AcmeIoT",
    }
    del environ["MANUFACTURER_FIELD"]
    world.enrol(device_type="gateway")
    assert world.run(environ=environ).verdict is Grant.FIRST_CLAIM
    assert world.aws.groups["acme-gateway"] == [THING]


def test_a_gate_without_a_manufacturer_refuses_where_the_record_names_one(world):
    world = world()
    environ = {k: v for k, v in GATE_ENVIRONMENT.items() if k != "MANUFACTURER_FIELD"}
    assert world.run(environ=environ).verdict is Denial.WRONG_MANUFACTURER


def test_a_device_without_a_manufacturer(world):
    world = world()
    world.enrol(manufacturer=None)
    environ = {k: v for k, v in GATE_ENVIRONMENT.items() if k != "MANUFACTURER_FIELD"}
    assert world.run(environ=environ).verdict is Grant.FIRST_CLAIM
    assert world.aws.things[THING]["attributes"]["manufacturer"] == "unknown"


@pytest.mark.parametrize("pem", ["x", "-----BEGIN CERTIFICATE-----\nMAA=\n"])
def test_what_is_no_certificate_is_refused(world, pem):
    world = world(pem=pem)
    outcome = world.run()
    assert outcome.verdict is Denial.INVALID_PARAMETER
    assert outcome.detail == "certificate: not exactly one PEM block"
    assert outcome.device.serial_number is None
    assert world.aws.status == "INACTIVE"


@pytest.mark.parametrize(
    ("at", "detail"), [("not_valid_before_utc", "notBefore"), ("not_valid_after_utc", "notAfter")]
)
def test_the_limits_of_validity(world, at, detail):
    limit = getattr(x509.load_pem_x509_certificate(device_pem().encode()), at).timestamp()
    outside = -1 if detail == "notBefore" else 1
    for offset, denied in ((0, False), (outside, True)):
        here = world()
        outcome = gate.run(
            registered(), GATE_ENVIRONMENT, clients(here.aws), here.claims, limit + offset
        )
        assert (outcome.verdict is Denial.CERTIFICATE_NOT_VALID) is denied
        assert here.aws.status == ("INACTIVE" if denied else "ACTIVE")
        if denied:
            assert (outcome.detail, outcome.device.serial_number) == (detail, "SN-0001")
        here.enrol()


# --- the revocation list --------------------------------------------------------------------------


def serial_of(pem):
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def test_a_certificate_that_is_not_on_the_list_gets_in(world):
    world = world(crl=crl(1, 2, 3))
    assert world.run(environ=CRL_ENVIRONMENT).verdict is Grant.FIRST_CLAIM
    assert world.aws.calls == [STEPS[0], "GetObject", *STEPS[1:]]


def test_a_revoked_certificate_is_refused_and_asks_nothing_of_the_registry(world):
    world = world(crl=crl(1, serial_of(device_pem()), 3))
    outcome = world.run(environ=CRL_ENVIRONMENT)
    assert outcome.verdict is Denial.CERTIFICATE_REVOKED
    assert (outcome.detail, outcome.is_fault) == ("on the revocation list", False)
    assert world.aws.status == "INACTIVE"
    assert world.claims.connection.requests == 0


def test_without_a_list_in_the_settings_none_is_asked_for(world):
    world = world(crl=crl(serial_of(device_pem())))
    assert world.run().verdict is Grant.FIRST_CLAIM
    assert "GetObject" not in world.aws.calls


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (None, "NoSuchKey"),
        (b"", "not exactly one PEM block"),
        (b"0", "truncated"),
    ],
)
def test_a_list_that_cannot_be_used_lets_nobody_in_and_refuses_nobody(world, content, detail):
    world = world(crl=content)
    outcome = world.run(environ=CRL_ENVIRONMENT)
    assert (outcome.verdict, outcome.detail) == (Denial.CRL_UNAVAILABLE, detail)
    assert outcome.is_fault
    assert outcome.device.serial_number == "SN-0001"
    assert world.aws.status == "PENDING_ACTIVATION"
    assert world.claims.connection.requests == 0
    world.aws.crl = crl()
    assert world.run(environ=CRL_ENVIRONMENT).verdict is Grant.FIRST_CLAIM


@pytest.mark.parametrize("name", ["DEVICE_REGISTRY_TABLE", "GATE_NAME", "SERIAL_NUMBER_FIELD"])
def test_a_missing_variable_is_a_fault(world, name):
    world = world()
    environ = {key: value for key, value in GATE_ENVIRONMENT.items() if key != name}
    outcome = world.run(environ=environ)
    assert (outcome.verdict, outcome.detail) == (Denial.MISCONFIGURED, name)
    assert outcome.is_fault
    assert world.aws.calls == []


# --- stopped between two steps --------------------------------------------------------------------


class Killed(BaseException):
    """The function's process ends here."""


def kill_at(world, number, moment):
    """Stop the run before or after its n-th call of any kind."""
    count = itertools.count(1)

    def strike(_):
        if next(count) == number:
            raise Killed

    for source in (world.aws, world.claims):
        setattr(source, moment, strike)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, len(STEPS) + 3))
def test_what_a_stopped_run_leaves_the_next_event_completes(world, number, moment):
    reference = world()
    reference.run()
    reference_state = reference.aws.state()
    reference_at = reference.stored().claimed_at
    reference.enrol()
    world = world()
    kill_at(world, number, moment)
    with pytest.raises(Killed):
        world.run()
    for source in (world.aws, world.claims):
        source.before = source.after = lambda _: None
    outcome = world.run()
    completed = {Grant.FIRST_CLAIM, Grant.REPEAT, Reason.NOT_PENDING}
    assert outcome.verdict in completed
    assert_provisioned(world)
    before = world.aws.state(), world.stored()
    assert world.run().verdict is Reason.NOT_PENDING
    assert (world.aws.state(), world.stored()) == before
    if world.stored().claimed_at == reference_at:
        assert world.aws.state() == reference_state


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, len(REFUSED) + 2))
def test_what_a_stopped_refusal_leaves_the_next_event_completes(world, number, moment):
    world = world()
    world.enrol(status=Status.REVOKED)
    kill_at(world, number, moment)
    with pytest.raises(Killed):
        world.run()
    for source in (world.aws, world.claims):
        source.before = source.after = lambda _: None
    assert world.run().verdict in {Denial.REVOKED, Reason.NOT_PENDING}
    assert world.aws.status == "INACTIVE"
    assert world.aws.writes == ["UpdateCertificate"]
    assert world.aws.things == {}


# Several Regions: the gate away from the device's home.

AWAY = {**GATE_ENVIRONMENT, "DEFAULT_HOME_REGION": "eu-west-1"}
HOLDS = {
    "status": Status.ACTIVE,
    "certificate_id": CERTIFICATE,
    "certificate_ids": frozenset({CERTIFICATE}),
}


def test_away_from_home_nothing_is_refused_for_good(world):
    world = world()
    before = world.stored()
    outcome = world.run(environ=AWAY)
    assert outcome.verdict is Denial.NOT_HOME_REGION
    assert not outcome.is_fault
    assert outcome.device.serial_number == "SN-0001"
    assert world.aws.status == "PENDING_ACTIVATION"
    assert (world.aws.writes, world.stored()) == ([], before)


@pytest.mark.parametrize("home", ["eu-west-1", "us-east-1"])
def test_among_several_regions_an_unknown_device_waits_for_its_record(world, home):
    world = world()
    world.forget()
    environ = AWAY | {"DEFAULT_HOME_REGION": home}
    outcome = world.run(environ=environ)
    assert (outcome.verdict, outcome.is_fault) == (Denial.UNKNOWN_SERIAL, False)
    assert (world.aws.status, world.aws.writes) == ("PENDING_ACTIVATION", [])
    # It was enrolled in another Region, and this one had not heard of it.
    world.enrol(home_region="us-east-1")
    assert world.run(environ=environ).verdict is Grant.FIRST_CLAIM


@pytest.mark.parametrize(
    ("enrolled", "verdict"), [(True, Denial.NOT_HOME_REGION), (False, Denial.UNKNOWN_SERIAL)]
)
def test_what_is_active_although_another_region_decides_is_switched_off(world, enrolled, verdict):
    """A run that let it in was stopped before it asked for the claim again."""
    world = world(status="ACTIVE")
    if not enrolled:
        world.forget()
    assert world.run(environ=AWAY).verdict is verdict
    assert world.aws.status == "INACTIVE"


def test_a_device_that_its_home_granted_is_let_in_away_from_it(world):
    world = world()
    world.enrol(**HOLDS)
    assert world.run(environ=AWAY).verdict is Grant.REPEAT
    assert world.aws.status == "ACTIVE"


def test_a_claim_that_moved_away_while_it_was_let_in_shuts_it_out(world):
    world = world()
    world.claims.answers = [None, Refused(denial=Denial.NOT_HOME_REGION)]
    assert world.run().verdict is Denial.NOT_HOME_REGION
    assert world.aws.status == "INACTIVE"


def test_the_claim_keeps_the_certificate_for_the_other_regions(world):
    world = world()
    asked = []
    claim = world.claims
    outcome = gate.run(
        registered(),
        AWAY | {"DEFAULT_HOME_REGION": "us-east-1"},
        clients(world.aws),
        lambda config, request: asked.append(request) or claim(config, request),
        time.time(),
    )
    assert outcome.verdict is Grant.FIRST_CLAIM
    assert asked[0].certificate_pem == device_pem()
