"""How long a decision may take."""

import time
from types import SimpleNamespace

import pytest

from device_registry.dynamodb import ATTEMPT_SECONDS, ATTEMPTS, PAUSE_SECONDS
from provisioning_hook.budget import DECISION_SECONDS, RESERVE_SECONDS, deadline

HOOK_LIMIT_SECONDS = 5


def context(milliseconds):
    return SimpleNamespace(get_remaining_time_in_millis=lambda: milliseconds)


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(60_000, 3.5), (3_750, 3.5), (2_000, 1.75), (0, -0.25)]
)
def test_the_deadline(monkeypatch, milliseconds, seconds):
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    assert deadline(context(milliseconds)) == pytest.approx(100 + seconds)


@pytest.mark.failure_mode("B11")
def test_the_sums_work_out():
    assert DECISION_SECONDS + RESERVE_SECONDS < HOOK_LIMIT_SECONDS
    assert ATTEMPTS * ATTEMPT_SECONDS + PAUSE_SECONDS < DECISION_SECONDS
    assert 2 - RESERVE_SECONDS > ATTEMPT_SECONDS, "a timeout of 2 s leaves time for one attempt"
