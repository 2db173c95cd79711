"""What ``why`` prints; how it comes to its answer is tested with ``diagnose``."""

import json

import pytest

from device_registry.record import Status
from tests.unit.builders import CLAIM_CERTIFICATE
from tests.unit.tools.cli.test_just_in_time import (  # noqa: F401 - fixtures
    GATE,
    GATED_CA,
    HOOK,
    IDS,
    Logs,
    iot,
    refusal,
    registry,
    run,
)
from tests.unit.tools.fakes import client_error
from tools.cli.errors import PARTLY


def why(run, *arguments, code=0, **more):  # noqa: F811
    result = run("why", *arguments, **more)
    assert result.exit_code == code, result.output
    return result


def test_one_screen_says_why_a_device_was_refused(run):  # noqa: F811
    logs = Logs(**{HOOK: [refusal(5, reason="WRONG_CLAIM", claimCertificateId="c1" * 32)]})
    result = why(run, "GW-1", logs=logs)
    head, reason, advice, *_ = result.stdout.splitlines()
    assert head == "GW-1  refused  PROVISIONING"
    assert "ties the device to one claim certificate or CA" in reason
    assert "Find out how the device got the other one" in advice
    assert result.stdout.count("ties the device") == 1
    for part in ("Last refusal", "WRONG_CLAIM", "At AWS IoT", "acme-GW-1", "Status since"):
        assert part in result.stdout
    assert "Re-provisioning" not in result.stdout
    assert len(result.stdout.splitlines()) < 40


def test_json_has_the_answer_and_all_that_show_has(run):  # noqa: F811
    logs = Logs(**{GATE: [refusal(5, reason="CERTIFICATE_NOT_VALID", gate="acme-northwind-gw")]})
    answer = json.loads(why(run, "GW-1", "--json", logs=logs).stdout)
    shown = json.loads(run("show", "GW-1", "--json", logs=logs).stdout)
    assert answer.pop("verdict") == "refused"
    assert answer.pop("why") == shown["lastDenial"]["explanation"]["why"]
    assert answer.pop("advice") == shown["lastDenial"]["explanation"]["advice"]
    assert answer == shown


@pytest.mark.parametrize(
    ("certificate", "part"), [("ACTIVE", "nothing has confirmed"), ("REVOKED", "is REVOKED")]
)
def test_a_device_that_was_never_refused(run, iot, certificate, part):  # noqa: F811
    iot.certificates[IDS[0]] = certificate
    result = why(run, "GW-1")
    assert part in result.stdout
    assert "None since" in result.stdout


def test_a_claim_that_a_gate_left_half_way_points_at_the_gate(run, iot, registry):  # noqa: F811
    iot.certificates[IDS[0]] = "PENDING_ACTIVATION"
    registry.items["GW-1"]["claimedAt"] = {"N": "1000"}
    assert "dead-letter queue" in why(run, "GW-1").stdout
    registry.items["GW-1"]["claimCertificateId"] = {"S": CLAIM_CERTIFICATE}
    assert "RegisterThing failed" in why(run, "GW-1").stdout


@pytest.mark.parametrize("refused", [True, False])
def test_a_stranger_is_explained_and_ends_with_1(run, refused):  # noqa: F811
    line = refusal(5, serialNumber="XX-1", reason="UNKNOWN_SERIAL")
    result = why(run, "XX-1", code=PARTLY, logs=Logs(**{HOOK: [line] if refused else []}))
    assert result.stdout.startswith(f"XX-1  {'refused' if refused else 'not-enrolled'}\n")
    assert "Record" not in result.stdout


def test_what_is_no_serial_number_is_looked_up_in_the_log_alone(run):  # noqa: F811
    answer = why(run, "a b\x1b", "--json", code=PARTLY).stdout
    assert json.loads(answer)["verdict"] == "not-enrolled"
    assert "\x1b" not in why(run, "a b\x1b", code=PARTLY).output


def test_a_damaged_record_is_named(run, registry):  # noqa: F811
    registry.items["GW-1"]["deviceType"] = {"N": "1"}
    assert why(run, "GW-1").stdout.startswith("GW-1  malformed\n")


def test_an_operator_s_word_stands_whatever_was_refused_since(run, registry):  # noqa: F811
    registry.items["GW-1"] |= {
        "status": {"S": Status.SUSPENDED},
        "statusReason": {"S": "ticket 4711"},
    }
    logs = Logs(**{HOOK: [refusal(5, reason="SUSPENDED")]})
    result = why(run, "GW-1", logs=logs)
    assert "half-cut-off" in result.stdout
    assert "ticket 4711" in result.stdout


def test_an_unknown_reason_is_shown_and_what_cannot_be_read_is_named(run):  # noqa: F811
    logs = Logs(**{HOOK: [refusal(5, reason="NEW")], GATE: client_error("AccessDeniedException")})
    result = why(run, "GW-1", logs=logs)
    assert "does not know the reason" in result.stdout
    assert f"Not shown: the decision log {GATE}" in result.stderr
    assert GATED_CA in result.stdout


def test_a_device_that_asked_away_from_home_is_told_which_region_decides(run, registry):  # noqa: F811
    registry.items["GW-1"]["homeRegion"] = {"S": "ap-southeast-4"}
    logs = Logs(**{HOOK: [refusal(5, reason="NOT_HOME_REGION")]})
    told = why(run, "GW-1", logs=logs).stdout
    assert "ap-southeast-4 decides on this serial number" in told
    assert "`take-over --from ap-southeast-4`" in told
    assert "Home Region" in told.partition("\nRecord\n")[2]
