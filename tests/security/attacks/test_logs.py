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


@pytest.fixture
def say(claimant, register, spare_token):
    """`say(where, text)`: a device that nobody expects says something."""

    def run(where, text):
        said = {
            "serial number": {"serial_number": text},
            "device type": {"serial_number": "SN-1", "device_type": text},
            "parameter": {"serial_number": "SN-1", text: "\n"},
            "manufacturer": {"serial_number": "SN-1", "Manufacturer": text},
        }[where]
        refused(register, claimant, **said, token=spare_token)

    return run


@pytest.fixture
def ask_as(guarded, register, spare_token):
    """`ask_as(client_id)`: a device that nobody expects asks in a session of that name."""

    def run(client_id):
        with guarded.session(guarded.claim.credentials(), client_id) as session:
            refused(register, session, "SN-1", token=spare_token)

    return run


LOGGED = {"serial number": "serialNumber", "device type": "deviceType", "parameter": "detail"}


@against(Protection.LOG_ESCAPED)
@pytest.mark.parametrize("where", LOGGED)
@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_a_device_ends_a_line_of_the_log(say, written, where, text):
    say(where, text)
    (entry,) = decisions(written())
    held(entry[LOGGED[where]] == text, "it was not told as it was said")


@against(Protection.LOG_ASCII)
@pytest.mark.parametrize("where", LOGGED)
def test_a_device_hides_what_a_line_says(say, written, where):
    say(where, INVISIBLE)
    (entry,) = decisions(written())
    held(entry[LOGGED[where]] == INVISIBLE, "it was not told as it was said")


@against(Protection.LOG_CUT)
@pytest.mark.parametrize("where", LOGGED)
def test_a_device_fills_the_log(say, written, where):
    say(where, "x" * 100_000)
    (entry,) = decisions(written())
    held(len(entry[LOGGED[where]]) == 128, "it was not cut")


# MQTT has no control characters in a client id: the quotation mark is what remains.
@pytest.mark.parametrize("text", [FIELD, "\\"])
@against(Protection.LOG_ESCAPED)
def test_a_client_id_ends_a_field_of_the_log(ask_as, written, claim_client_id, text):
    ask_as(claim_client_id + text)
    (entry,) = decisions(written())
    held(entry["clientId"] == claim_client_id + text, "it was not told as it was said")


@against(Protection.LOG_ASCII)
def test_a_client_id_hides_what_a_line_says(ask_as, written, claim_client_id):
    client_id = f"{claim_client_id}\u2028\u202e"
    ask_as(client_id)
    (entry,) = decisions(written())
    held(entry["clientId"] == client_id, "it was not told as it was said")


@against(Protection.LOG_FIELDS)
def test_a_device_writes_what_nobody_asked_for(say, written):
    say("manufacturer", "PRIVATE")
    messages = written()
    held(not [one for one in messages if "PRIVATE" in one], "it was told")
    assert len(list(decisions(messages))) == 1
