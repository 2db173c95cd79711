"""What is left in a warm function after it let a device in: nothing for the next."""

import secrets

import pytest

from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.protections import TYPE, Protection
from tests.support.capabilities import Capability, requires

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]


@pytest.fixture
def admitted(guarded, serial_number):
    """The serial number of an enrolled device; the test lets it in."""
    guarded.enrol(serial_number, device_type=TYPE)
    return serial_number


@against(Protection.FRESH_ANSWER)
def test_an_unknown_device_comes_right_after_one_that_was_let_in(
    guarded, claimant, register, admitted
):
    tokens = [claimant.create_keys_and_certificate().ownership_token for _ in range(4)]
    before = register(claimant, admitted, token=tokens.pop()).thing_name
    for token in tokens:
        refused(register, claimant, f"SN-{secrets.token_hex(4)}", token=token)
    held(len(guarded.client("iot").list_thing_principals(thingName=before)["principals"]) == 1, "")


@against(Protection.FRESH_ANSWER)
def test_a_device_gets_the_names_of_the_one_before(guarded, claimant, register, admitted):
    register(claimant, admitted)
    second = f"SN-{secrets.token_hex(4)}"
    guarded.enrol(second, device_type="gateway")
    thing = register(claimant, second, "gateway")
    held(thing.thing_name == f"{guarded.name_prefix}-{second}", "it has the first one's thing")
    found = guarded.thing(second)
    held(found["thingTypeName"] == f"{guarded.name_prefix}-gateway", "it has the first one's type")
    held(found["attributes"]["serialNumber"] == second, "it has the first one's number")
