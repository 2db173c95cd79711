"""Serial numbers are guessed, one after the other, and somebody notices."""

import datetime as dt
import secrets

import pytest

from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.protections import Protection
from tests.support.capabilities import Capability, requires
from tests.support.waiting import in_time, until

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

GUESSES = 5
COUNTED_SECONDS = 2
REASON = [{"Name": "Reason", "Value": "UNKNOWN_SERIAL"}]


def counted(stack):
    """How often an unknown serial number was refused, as Amazon CloudWatch has it."""
    metric, now = stack.outputs["hook_metrics"], dt.datetime.now(dt.UTC)
    points = stack.client("cloudwatch").get_metric_statistics(
        Namespace=metric["namespace"],
        MetricName=metric["denials"]["name"],
        Dimensions=REASON,
        StartTime=now - dt.timedelta(hours=1),
        EndTime=now + dt.timedelta(minutes=1),
        Period=86_400,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def logged(stack, client_id):
    """How many decisions on a connection's requests the log has."""
    entries = stack.log_entries(stack.outputs["hook_log_group_name"])
    return sum(one.get("clientId") == client_id for one in entries)


@against(Protection.COUNTED)
def test_serial_numbers_are_guessed_unnoticed(
    guarded, claimant, register, spare_token, claim_client_id
):
    before = counted(guarded)
    for _ in range(GUESSES):
        refused(register, claimant, f"SN-{secrets.token_hex(4)}", token=spare_token)
    until(lambda: logged(guarded, claim_client_id) == GUESSES)
    # A line is counted right after it was written.
    found = in_time(lambda: counted(guarded) >= before + GUESSES, COUNTED_SECONDS)
    held(found, "nobody counts")

    metric = guarded.outputs["hook_metrics"]
    alarms = guarded.client("cloudwatch").describe_alarms_for_metric(
        Namespace=metric["namespace"],
        MetricName=metric["denials"]["name"],
        Dimensions=REASON,
    )["MetricAlarms"]
    assert alarms, "nobody is told"
