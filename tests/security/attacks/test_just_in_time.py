"""What a certificate from a factory does not get, whatever its maker wrote into it."""

import secrets
from unittest import mock

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type

from tests.e2e.just_in_time import GATEWAY, GATEWAYS, KNOCK
from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.log_lines import INJECTIONS, INVISIBLE, decisions, watch
from tests.security.attacks.protections import Protection
from tests.support.capabilities import Capability, requires
from tests.support.stack import IN_VAIN
from tests.support.waiting import until
from tools.device import maker as makers
from tools.device.maker import Maker

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]


# --- whose certificate it is


@against(Protection.REGISTERED_CA)
@pytest.mark.parametrize("subject", ["Nobody's", "Northwind sensors"])
def test_a_certificate_of_a_ca_that_is_not_registered_comes_up(just_in_time, subject):
    """Also of one that only calls itself like a registered one."""
    other = Maker({"CommonName": subject, "Organization": "Northwind"})
    # It cannot even say its name.
    assert unregistered(just_in_time, just_in_time.sensor(maker=other)).unheard


@against(Protection.REGISTERED_CA)
def test_a_certificate_of_another_accounts_ca_comes_up(just_in_time, elsewhere):
    """The gateways' CA is registered in one account, and their certificates go to the other."""
    device = just_in_time.gateway()
    for stack in (just_in_time, elsewhere):
        stack.enrol(device.serial_number, device_type=GATEWAY)
    unregistered(elsewhere, device)


def turned_away(stack, device):
    """Let a device connect a few times, and return how the last of its connections ended."""
    refusal = refused(stack.come_up, device.credentials, device.thing_name, retry=IN_VAIN)
    return refusal.last


def unregistered(stack, device):
    """A device is turned away, and leaves no trace."""
    last = turned_away(stack, device)
    held(stack.status(device) is None, "its certificate is registered")
    held(not stack.has_thing(device), "it has a thing")
    return last


# --- whose thing it names


@pytest.fixture
def victim(just_in_time):
    """The name of somebody else's thing."""
    name = f"{just_in_time.name_prefix}-{secrets.token_hex(4)}"
    just_in_time.client("iot").create_thing(
        thingName=name, attributePayload={"attributes": {"owner": "somebody"}}
    )
    return name


def untouched(stack, thing_name):
    thing = stack.client("iot").describe_thing(thingName=thing_name)
    held(thing["attributes"] == {"owner": "somebody"}, "it was changed")
    held(stack.principals(thing_name) == [], "it has a certificate")


@pytest.mark.failure_mode("S14")
@against(Protection.JITP_ROLE)
def test_a_sensors_certificate_names_a_thing_of_somebody_else(just_in_time, victim):
    """The maker's certificates get hold of its own things only, whatever it writes into them."""
    thief = just_in_time.sensor(victim)
    turned_away(just_in_time, thief)
    untouched(just_in_time, victim)
    held(just_in_time.status(thief) == "PENDING_ACTIVATION", "it may connect")
    held(just_in_time.policies(thief) == [], "it has a policy")


@against(Protection.GATE_NAMES)
def test_a_gateways_certificate_names_a_thing_of_somebody_else(just_in_time, victim):
    thief = just_in_time.gateway(CommonName=victim)
    just_in_time.enrol(thief.serial_number, device_type=GATEWAY)
    just_in_time.knock(thief)
    just_in_time.decision(thief)
    untouched(just_in_time, victim)
    until(lambda: just_in_time.status(thief) == "ACTIVE")
    assert just_in_time.principals(thief.thing_name) == [thief.certificate_id]


# --- what the gate's log tells


def forged_subject(fields):
    """The text as a UTF8String, which a CA may use for any field."""
    return x509.Name(
        [
            x509.NameAttribute(makers.SUBJECT_FIELDS[field], text, _ASN1Type.UTF8String)
            for field, text in fields.items()
        ]
    )


@pytest.fixture
def told(just_in_time):
    """`told(text)`: the decision on a certificate that says it where the gate looks, and beside."""
    written = watch(just_in_time, just_in_time.ca(GATEWAYS)["log_group_name"])

    def entry(text):
        with mock.patch.object(makers, "_name", forged_subject):
            device = just_in_time.gateway(text, CommonName=text[:64])
        just_in_time.turned_away(device, "somebody", retry=KNOCK)
        (found,) = decisions(written())
        return found

    return entry


@against(Protection.GATE_LOG_ESCAPED)
@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_a_certificates_subject_ends_a_line_of_the_log(told, just_in_time, text):
    held(told(text)["serialNumber"] == text, "it was not told as it was said")


@against(Protection.GATE_LOG_ASCII)
def test_a_certificates_subject_hides_what_a_line_says(told, just_in_time):
    held(told(INVISIBLE)["serialNumber"] == INVISIBLE, "it was not told as it was said")
