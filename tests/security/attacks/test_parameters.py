"""What a device cannot get by what it says in RegisterThing."""

import secrets

import pytest

from device_registry.record import Status
from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.protections import TYPE, Protection
from tests.support.capabilities import Capability, requires

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]


def identity(stack, name, certificate_id):
    """What a device has in the end."""
    iot = stack.client("iot")
    certificate = iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
    policies = iot.list_attached_policies(target=certificate["certificateArn"])["policies"]
    groups = iot.list_thing_groups_for_thing(thingName=name)["thingGroups"]
    return {
        "ThingTypeName": iot.describe_thing(thingName=name).get("thingTypeName"),
        "ThingGroupName": [one["groupName"] for one in groups],
        "PolicyName": [one["policyName"] for one in policies],
    }


@against(Protection.OVERRIDES)
@pytest.mark.parametrize(
    "parameter", ["ThingName", "ThingTypeName", "ThingGroupName", "PolicyName"]
)
def test_a_device_chooses_its_own_names(guarded, claimant, register, serial_number, parameter):
    """The other names are the right ones, so that only this choice could be what is refused."""
    guarded.enrol(serial_number, device_type=TYPE)
    own, shared = f"{guarded.name_prefix}-{serial_number}", f"{guarded.name_prefix}-{TYPE}"
    chosen = f"{guarded.name_prefix}-camera"
    if parameter == "ThingName":
        chosen = f"{guarded.name_prefix}-{secrets.token_hex(4)}"
        guarded.client("iot").create_thing(thingName=chosen)
    honest = dict.fromkeys(("ThingTypeName", "ThingGroupName", "PolicyName"), shared)
    issued = claimant.create_keys_and_certificate()
    said = {"ThingName": own, **honest, parameter: chosen}
    thing = register(claimant, serial_number, token=issued.ownership_token, **said)
    held(thing.thing_name == own, "the device has somebody else's thing")
    held(
        identity(guarded, own, issued.certificate_id)
        == {"ThingTypeName": shared, "ThingGroupName": [shared], "PolicyName": [shared]},
        f"the device chose its {parameter}",
    )


@against(Protection.REGISTERED_TYPE)
def test_a_sensor_says_that_it_is_a_gateway(guarded, claimant, register, serial_number):
    guarded.enrol(serial_number, device_type=TYPE)
    refused(register, claimant, serial_number, "gateway")
    held(guarded.record(serial_number).status is Status.ENROLLED, "the claim was taken")


@against(Protection.CLAIM_BINDING)
def test_a_claim_of_another_batch_takes_an_enrolment(guarded, stranger, register, serial_number):
    demanded = guarded.template()["claim_certificates"]["line-1"]["id"]
    guarded.enrol(serial_number, device_type=TYPE, required_claim_certificate_id=demanded)
    refused(register, stranger, serial_number)
    held(guarded.record(serial_number).status is Status.ENROLLED, "the claim was taken")


@against(Protection.ONE_IDENTITY)
def test_a_claim_connection_takes_over_a_device_in_service(
    guarded, claimant, register, serial_number
):
    guarded.enrol(serial_number, device_type=TYPE)
    guarded.provision(serial_number, TYPE, claim=guarded.claim)
    before = guarded.in_service(serial_number)
    refused(register, claimant, serial_number)
    held(guarded.record(serial_number) == before, "the claim was taken")


@against(Protection.LEASE)
def test_a_claim_connection_takes_a_claim_over_that_another_holds(
    guarded, claimant, register, serial_number
):
    guarded.enrol(serial_number, device_type=TYPE)
    register(claimant, serial_number)
    before = guarded.record(serial_number)
    refused(register, claimant, serial_number)
    held(guarded.record(serial_number) == before, "the claim was taken")


@against(Protection.STATUS)
@pytest.mark.parametrize("status", [Status.SUSPENDED, Status.REVOKED])
def test_a_device_that_was_shut_out_claims_again(
    guarded, claimant, register, serial_number, status
):
    guarded.enrol(serial_number, device_type=TYPE, status=status)
    refused(register, claimant, serial_number)
    held(guarded.record(serial_number).status is status, "the claim was taken")
