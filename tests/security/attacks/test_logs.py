"""What a device writes into the log: nothing but the fields it is asked for, escaped and cut."""

import pytest

from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.log_lines import FIELD, INJECTIONS, INVISIBLE, decisions, watch
from tests.security.attacks.protections import Protection
from tests.support.capabilities import Capability, requires

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]


@pytest.fixture
def written(guarded):
    """`written()`: what was written into the hook's log meanwhile."""
    return watch(guarded, guarded.outputs["hook_log_group_name"])


def say(register, session, where, text):
    """Let a device that nobody expects say something."""
    said = {
        "serial number": {"serial_number": text},
        "device type": {"serial_number": "SN-1", "device_type": text},
        "parameter": {"serial_number": "SN-1", text: "\n"},
        "manufacturer": {"serial_number": "SN-1", "Manufacturer": text},
    }[where]
    refused(register, session, **said)


LOGGED = {"serial number": "serialNumber", "device type": "deviceType", "parameter": "detail"}


@against(Protection.LOG_ESCAPED)
@pytest.mark.parametrize("where", LOGGED)
@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_a_device_ends_a_line_of_the_log(guarded, claimant, register, written, where, text):
    say(register, claimant, where, text)
    (entry,) = decisions(written())
    held(entry[LOGGED[where]] == text, "it was not told as it was said")


@against(Protection.LOG_ASCII)
@pytest.mark.parametrize("where", LOGGED)
def test_a_device_hides_what_a_line_says(guarded, claimant, register, written, where):
    say(register, claimant, where, INVISIBLE)
    (entry,) = decisions(written())
    held(entry[LOGGED[where]] == INVISIBLE, "it was not told as it was said")


@against(Protection.LOG_CUT)
@pytest.mark.parametrize("where", LOGGED)
def test_a_device_fills_the_log(guarded, claimant, register, written, where):
    say(register, claimant, where, "x" * 100_000)
    (entry,) = decisions(written())
    held(len(entry[LOGGED[where]]) == 128, "it was not cut")


# MQTT has no control characters in a client id: the quotation mark is what remains.
@pytest.mark.parametrize("text", [FIELD, "\\"])
@against(Protection.LOG_ESCAPED)
def test_a_client_id_ends_a_field_of_the_log(guarded, register, written, claim_client_id, text):
    connect_and_ask(guarded, register, claim_client_id + text)
    (entry,) = decisions(written())
    held(entry["clientId"] == claim_client_id + text, "it was not told as it was said")


@against(Protection.LOG_ASCII)
def test_a_client_id_hides_what_a_line_says(guarded, register, written, claim_client_id):
    client_id = f"{claim_client_id}\u2028\u202e"
    connect_and_ask(guarded, register, client_id)
    (entry,) = decisions(written())
    held(entry["clientId"] == client_id, "it was not told as it was said")


def connect_and_ask(stack, register, client_id):
    with stack.session(stack.claim.credentials(), client_id) as session:
        refused(register, session, "SN-1")


@against(Protection.LOG_FIELDS)
def test_a_device_writes_what_nobody_asked_for(guarded, claimant, register, written):
    say(register, claimant, "manufacturer", "PRIVATE")
    messages = written()
    held(not [one for one in messages if "PRIVATE" in one], "it was told")
    assert len(list(decisions(messages))) == 1
