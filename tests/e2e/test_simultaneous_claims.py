"""One serial number, claimed in both Regions at the same moment.

`make drills` repeats it many times.
"""

import random
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import pytest

from device_registry.certificates import ACTIVE
from device_registry.record import Status
from tests.e2e.drills import ONCE, ROUNDS, TYPE
from tests.support.waiting import until
from tools.device.failures import Rejected

pytestmark = [pytest.mark.endpoint, pytest.mark.drill]

SLOWEST_SECONDS = 1.5
SPREAD = random.SystemRandom()
BOARDS = ("one", "other")


def claim_in_both(drill, serial_number):
    """Let two devices claim a serial number, one in each Region.

    Returns:
        What each got: its result, or how it was refused.
    """
    together = threading.Barrier(len(BOARDS))

    def claim(number):
        together.wait()
        try:
            return drill.provision(serial_number, number, board=BOARDS[number], retry=ONCE)
        except Rejected as refused:
            return refused

    with ThreadPoolExecutor(len(BOARDS)) as pool:
        return list(pool.map(claim, range(len(BOARDS))))


@pytest.mark.failure_mode("S16")
@pytest.mark.parametrize("number", range(ROUNDS))
def test_the_home_region_alone_lets_one_in(drill, number):
    serial_number = f"SN-{secrets.token_hex(4)}"
    home = number % 2
    region = drill.stacks[home].endpoint.region
    drill.stacks[0].enrol(serial_number, device_type=TYPE, home_region=region)
    drill.agreed(serial_number)
    with drill.delayed(SPREAD.uniform(0, SLOWEST_SECONDS)):
        results = claim_in_both(drill, serial_number)
        refused, won = results[1 - home], results[home].certificate_id
        assert isinstance(refused, Rejected)
        assert (refused.operation, refused.status_code) == ("RegisterThing", HTTPStatus.FORBIDDEN)
        assert drill.active() == {won}
    decided = drill.stacks[1 - home].decisions(serial_number)
    assert [decision["reason"] for decision in decided] == ["NOT_HOME_REGION"]
    record = drill.agreed(serial_number)
    assert record.certificate_ids == {won}

    def copied():
        """The certificate is ACTIVE in both Regions."""
        return drill.statuses(won) == [ACTIVE, ACTIVE]

    until(copied)
    assert drill.active() == drill.active_for(serial_number) == {won}


@pytest.mark.failure_mode("S16")
@pytest.mark.parametrize("number", range(ROUNDS))
def test_where_both_were_home_one_certificate_remains(drill, number):
    """The lost Region lived on, and both let a device in: what no condition can prevent."""
    serial_number = f"SN-{secrets.token_hex(4)}"
    first, second = drill.stacks
    first.enrol(serial_number, device_type=TYPE)
    drill.agreed(serial_number)
    with drill.apart():
        drill.operate(second, "take-over", "--from", first.endpoint.region, "--yes")
        results = claim_in_both(drill, serial_number)
        ids = [result.certificate_id for result in results]
        assert len(set(ids)) == len(BOARDS), "both were let in, which is what this is about"
        assert drill.active() == set(ids)

    def converged():
        """At most one certificate is ACTIVE, in any Region."""
        return len(drill.active()) <= 1

    until(converged)

    def remembered():
        """The record knows both certificates, and holds one."""
        return drill.agreed(serial_number).certificate_ids == set(ids)

    until(remembered)
    record = drill.agreed(serial_number)
    (loser,) = set(ids) - {record.certificate_id}
    assert record.status in (Status.PROVISIONING, Status.ACTIVE)
    assert record.retired_certificate_ids == {loser}

    def settled():
        """The winner is ACTIVE in both Regions, the loser in none."""
        winner = drill.statuses(record.certificate_id) == [ACTIVE, ACTIVE]
        return winner and ACTIVE not in drill.statuses(loser)

    until(settled)
    assert drill.active() == drill.active_for(serial_number) == {record.certificate_id}
    functions = [
        stack.outputs["device_lifecycle"]["functions"]["enforcement"] for stack in drill.stacks
    ]

    def told():
        """A function's log tells of the conflict."""
        return [
            entry["certificateId"]
            for stack, function in zip(drill.stacks, functions, strict=True)
            for entry in stack.log_entries(function["log_group_name"])
            if entry.get("event") == "registry-conflict"
            and entry.get("serialNumber") == serial_number
            # What one Region wrote of it may have undone the winner's confirmation in the other.
            and entry["detail"] == "a certificate was forgotten"
        ]

    assert until(told) == [loser]
