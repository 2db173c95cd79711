"""What a replayed ownership token, or one of somebody else's, is good for: nothing new."""

import secrets

import pytest

from device_registry.record import Status
from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.protections import TYPE, Protection
from tests.support.capabilities import Capability, requires

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]


def attached(stack, certificate_id):
    """The things that a certificate is good for."""
    iot = stack.client("iot")
    arn = iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
    return iot.list_principal_things(principal=arn["certificateArn"])["things"]


@pytest.fixture
def used(guarded, claimant, register, serial_number):
    """A certificate whose token has been used for the device `serial_number`."""
    guarded.enrol(serial_number, device_type=TYPE)
    issued = claimant.create_keys_and_certificate()
    register(claimant, serial_number, token=issued.ownership_token)
    return issued


@against(Protection.EXCLUSIVE_THING)
def test_a_used_token_registers_another_serial_number(guarded, claimant, register, serial_number):
    """Both are enrolled, so the hook has nothing against either."""
    second = f"SN-{secrets.token_hex(4)}"
    guarded.enrol(serial_number, second, device_type=TYPE)
    issued = claimant.create_keys_and_certificate()
    own = register(claimant, serial_number, token=issued.ownership_token).thing_name
    refused(register, claimant, second, token=issued.ownership_token)
    held(attached(guarded, issued.certificate_id) == [own], "one certificate, two things")
    held(f"{guarded.name_prefix}-{second}" not in guarded.thing_names(), "there is a thing")


@against(Protection.CLAIM_BINDING)
def test_a_token_of_another_claim_registers_a_bound_enrolment(
    guarded, claimant, stranger, register, serial_number
):
    """The token was issued to the right claim, and comes from the wrong one."""
    demanded = guarded.template()["claim_certificates"]["line-1"]["id"]
    guarded.enrol(serial_number, device_type=TYPE, required_claim_certificate_id=demanded)
    token = claimant.create_keys_and_certificate().ownership_token
    refused(register, stranger, serial_number, token=token)
    held(guarded.record(serial_number).status is Status.ENROLLED, "the claim was taken")


@against(Protection.STATUS)
def test_a_used_token_brings_a_revoked_device_back(
    guarded, claimant, register, used, serial_number
):
    guarded.enrol(serial_number, device_type=TYPE, status=Status.REVOKED)
    guarded.client("iot").update_certificate(
        certificateId=used.certificate_id, newStatus="INACTIVE"
    )
    refused(register, claimant, serial_number, token=used.ownership_token)
    found = guarded.client("iot").describe_certificate(certificateId=used.certificate_id)
    held(found["certificateDescription"]["status"] == "INACTIVE", "it may connect")


def test_a_used_token_from_another_connection_changes_nothing(
    guarded, stranger, register, used, serial_number
):
    """A device whose answer was lost asks so: it is answered, and gets what it has."""
    before, thing = guarded.record(serial_number), guarded.thing(serial_number)["attributes"]
    for _ in range(2):
        register(stranger, serial_number, token=used.ownership_token)
    assert guarded.record(serial_number) == before
    assert guarded.thing(serial_number)["attributes"] == thing
    assert attached(guarded, used.certificate_id) == [guarded.record(serial_number).thing_name]


@against(Protection.OWNERSHIP_TOKEN)
@pytest.mark.parametrize("token", ["", "made-up", "A" * 512, "null", "../../1"])
def test_a_made_up_token_registers_a_device(guarded, claimant, register, serial_number, token):
    guarded.enrol(serial_number, device_type=TYPE)
    refused(claimant.register_thing, register.template, token, register.said(serial_number))
    held(guarded.record(serial_number).status is Status.ENROLLED, "the claim was taken")
