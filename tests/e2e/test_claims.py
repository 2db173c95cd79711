"""How a device may come in, and how often."""

import json

import pytest

from device_registry.record import ReprovisionPolicy, Status
from tests.support.capabilities import Capability, requires
from tools.device.failures import ConnectionRefused, DeviceError, Rejected
from tools.device.model import (
    ClientCredentials,
    DeviceSpec,
    KeyFlow,
    registration_parameters,
)
from tools.device.provisioner import Provisioner, RetryPolicy

pytestmark = pytest.mark.endpoint

TYPE = "temperature-sensor"
CLIENT_ID = "claim-acme-factory-"


@pytest.fixture
def claim_session(fleet, serial_number):
    """A connection with a claim certificate, as a device makes it."""
    with fleet.session(fleet.claims["line-1"].credentials(), CLIENT_ID + serial_number) as session:
        yield session


def register(session, certificate, serial_number, device_type=TYPE):
    """Send RegisterThing once."""
    parameters = registration_parameters(DeviceSpec(serial_number, device_type))
    return session.register_thing("acme-factory", certificate.ownership_token, parameters)


def test_a_repeat_after_a_lost_answer_gets_the_same_yes(fleet, serial_number, claim_session):
    fleet.enrol(serial_number, device_type=TYPE)
    certificate = claim_session.create_keys_and_certificate()
    first = register(claim_session, certificate, serial_number)
    thing, record = fleet.thing(serial_number), fleet.record(serial_number)
    assert register(claim_session, certificate, serial_number) == first
    assert fleet.reasons(serial_number, 2) == ["FIRST_CLAIM", "REPEAT"]
    assert fleet.record(serial_number) == record
    assert fleet.thing(serial_number)["attributes"] == thing["attributes"]
    assert fleet.attached(serial_number) == [certificate.certificate_id]


def test_a_device_goes_on_where_aws_iot_failed_after_the_yes(fleet, serial_number):
    """The claim was taken and the thing was not made: the same certificate gets in later."""
    fleet.enrol(serial_number, device_type=TYPE)
    iam = fleet.client("iam")
    role = fleet.describe_template()["provisioningRoleArn"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        fleet.refused(serial_number, TYPE)
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=_text(document))
    assert not fleet.has_thing(serial_number)
    certificate_id = fleet.store.load(serial_number).certificate_id
    result = fleet.admit(serial_number, TYPE)
    assert result.certificate_id == certificate_id
    assert fleet.reasons(serial_number, 2) == ["FIRST_CLAIM", "REPEAT"]


def _text(document):
    return document if isinstance(document, str) else json.dumps(document)


def test_once_the_lease_is_over_another_certificate_may_claim(fleet, serial_number, claim_session):
    """The device never connected with the first one: that would have put it into service."""
    fleet.enrol(serial_number, device_type=TYPE)
    certificate = claim_session.create_keys_and_certificate()
    register(claim_session, certificate, serial_number)
    first = certificate.certificate_id
    fleet.rewrite(serial_number, leaseExpiresAt={"N": "1"})
    claim_session.close()
    second = fleet.admit(serial_number, TYPE).certificate_id
    assert fleet.reasons(serial_number, 2) == ["FIRST_CLAIM", "LEASE_EXPIRED"]
    record = fleet.record(serial_number)
    assert record.certificate_id == second
    assert record.certificate_ids == {first, second}
    assert record.provision_count == 2


def test_a_certificate_that_lost_the_claim_does_not_get_it_back(
    fleet, serial_number, claim_session
):
    fleet.enrol(serial_number, device_type=TYPE)
    loser = claim_session.create_keys_and_certificate()
    register(claim_session, loser, serial_number)
    fleet.rewrite(serial_number, leaseExpiresAt={"N": "1"})
    winner = claim_session.create_keys_and_certificate()
    register(claim_session, winner, serial_number)
    fleet.rewrite(serial_number, leaseExpiresAt={"N": "1"})
    with pytest.raises(Rejected):
        register(claim_session, loser, serial_number)
    assert fleet.reasons(serial_number, 3)[2] == "CLAIMED_BY_OTHER_CERTIFICATE"
    assert fleet.record(serial_number).certificate_id == winner.certificate_id


def test_a_device_in_service_that_may_replace_its_certificate(fleet, serial_number):
    fleet.enrol(serial_number, device_type="gateway", reprovision_policy=ReprovisionPolicy.REPLACE)
    first = fleet.admit(serial_number, "gateway").certificate_id
    fleet.in_service(serial_number)
    fleet.forget(serial_number)
    second = fleet.admit(serial_number, "gateway").certificate_id
    assert fleet.reasons(serial_number, 2) == ["FIRST_CLAIM", "REPLACEMENT"]
    record = fleet.record(serial_number)
    assert record.certificate_id == second
    assert record.certificate_ids == {first, second}


def test_a_device_in_service_that_may_not(fleet, serial_number):
    fleet.enrol(serial_number, device_type=TYPE)
    fleet.admit(serial_number, TYPE)
    fleet.in_service(serial_number)
    fleet.forget(serial_number)
    fleet.refused(serial_number, TYPE)
    assert fleet.reasons(serial_number, 2) == ["FIRST_CLAIM", "ALREADY_ACTIVE"]


def test_a_repeat_of_a_device_in_service(fleet, serial_number, claim_session):
    fleet.enrol(serial_number, device_type=TYPE)
    certificate = claim_session.create_keys_and_certificate()
    register(claim_session, certificate, serial_number)
    credentials = ClientCredentials(certificate.certificate_pem, certificate.private_key_pem)
    with fleet.session(credentials, f"acme-{serial_number}"):
        fleet.in_service(serial_number)
    register(claim_session, certificate, serial_number)
    assert fleet.reasons(serial_number, 2) == ["FIRST_CLAIM", "REPEAT"]
    assert fleet.record(serial_number).status is Status.ACTIVE


def test_a_trusted_users_temporary_claim(fleet, serial_number):
    fleet.enrol(serial_number, device_type="gateway")
    claim = fleet.trusted_user("field-service")
    result = fleet.admit(serial_number, "gateway", claim=claim, key="field-service")
    record = fleet.record(serial_number)
    assert record.template_name == "acme-field-service"
    assert record.certificate_id == result.certificate_id
    known = {c["id"] for c in fleet.template()["claim_certificates"].values()}
    assert record.claim_certificate_id not in known
    (entry,) = fleet.decisions(serial_number)
    assert entry["claimCertificateId"] == record.claim_certificate_id


def test_a_temporary_claim_is_for_its_template_only(fleet, serial_number):
    fleet.enrol(serial_number, device_type="gateway")
    claim = fleet.trusted_user("field-service")
    with pytest.raises(DeviceError):
        fleet.admit(serial_number, "gateway", claim=claim, key="factory")
    assert not fleet.has_thing(serial_number)
    assert fleet.record(serial_number).status is Status.ENROLLED


def test_an_inactive_claim_certificate_lets_nobody_in(fleet, serial_number):
    fleet.enrol(serial_number, device_type=TYPE)
    iot = fleet.client("iot")
    claim_id = fleet.template()["claim_certificates"]["line-2"]["id"]
    iot.update_certificate(certificateId=claim_id, newStatus="INACTIVE")
    try:
        with pytest.raises(ConnectionRefused):
            fleet.admit(serial_number, TYPE, line="line-2")
    finally:
        iot.update_certificate(certificateId=claim_id, newStatus="ACTIVE")
    fleet.admit(serial_number, TYPE, line="line-2")


@requires(Capability.CREATE_CERTIFICATE_FROM_CSR)
def test_a_device_that_makes_its_own_key(fleet, auth_endpoint, serial_number):
    fleet.enrol(serial_number, device_type=TYPE)
    result = Provisioner(
        transport=fleet.transport,
        template_name="acme-factory",
        claim=fleet.claims["line-1"],
        store=fleet.store,
        key_flow=KeyFlow.CSR,
        retry=RetryPolicy(attempts=1),
    ).provision(DeviceSpec(serial_number, TYPE))
    assert fleet.certificate_status(result.certificate_id) == "ACTIVE"
