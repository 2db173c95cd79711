"""Serial numbers are guessed, one after the other, and somebody notices."""

import datetime as dt
import secrets
import time

import pytest

from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.protections import Protection
from tests.support.capabilities import Capability, requires

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

GUESSES = 5
COUNTED_SECONDS = 3
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


@against(Protection.COUNTED)
def test_serial_numbers_are_guessed_unnoticed(guarded, claimant, register):
    before = counted(guarded)
    token = claimant.create_keys_and_certificate().ownership_token
    for _ in range(GUESSES):
        refused(register, claimant, f"SN-{secrets.token_hex(4)}", token=token)
    deadline = time.monotonic() + COUNTED_SECONDS
    while counted(guarded) < before + GUESSES and time.monotonic() < deadline:
        time.sleep(0.1)
    held(counted(guarded) >= before + GUESSES, "nobody counts")

    metric = guarded.outputs["hook_metrics"]
    alarms = guarded.client("cloudwatch").describe_alarms_for_metric(
        Namespace=metric["namespace"],
        MetricName=metric["denials"]["name"],
        Dimensions=REASON,
    )["MetricAlarms"]
    assert alarms, "nobody is told"
