"""A Region is lost, devices go on through the other, and both agree afterwards.

`make drills` repeats it with more devices.
"""

import contextlib
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from device_registry.certificates import ACTIVE, status_of
from device_registry.record import Status
from tests.e2e.drills import DEVICES, HEARTBEAT, ONCE, PATIENT, TIMEOUTS, TYPE
from tests.support.waiting import until
from tools.device.failures import Rejected

pytestmark = [pytest.mark.endpoint, pytest.mark.drill]

WHY = ("--reason", "the drill")
YES = (*WHY, "--yes")
# Their goodbye, the wait before the first round, one wait of the policy, and a round in which both
# endpoints take their time.
WITHIN_SECONDS = (
    TIMEOUTS.disconnection + PATIENT.first_delay + PATIENT.max_delay + 2 * TIMEOUTS.connection
)


@contextlib.contextmanager
def staying(devices):
    """Devices that stay connected, each in a thread of its own."""
    threads = [threading.Thread(target=device.stay) for device in devices]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for device in devices:
            device.stop()
        for thread in threads:
            thread.join()


def serial_numbers(count):
    return [f"SN-{secrets.token_hex(4)}" for _ in range(count)]


def is_copied(drill, certificate_id):
    def copied():
        """The certificate is ACTIVE in both Regions."""
        return drill.statuses(certificate_id) == [ACTIVE, ACTIVE]

    until(copied)


@pytest.mark.failure_mode("O9", "O10")
def test_devices_and_records_survive_the_loss_of_a_region(drill):
    first, second = drill.stacks
    lost = first.endpoint.region
    known, waiting, fresh = serial_numbers(DEVICES), serial_numbers(2), serial_numbers(2)
    first.enrol(*known, *waiting, device_type=TYPE)
    second.enrol(*fresh, device_type=TYPE, home_region=second.endpoint.region)
    certificates = {each: drill.provision(each, 0, 1).certificate_id for each in known}
    for certificate_id in certificates.values():
        is_copied(drill, certificate_id)
    devices = [drill.standing(each) for each in known]
    with staying(devices):

        def everywhere(way):
            def connected():
                """Every device is connected."""
                return {device.connected_to for device in devices} == {way.name}

            return connected

        until(everywhere(drill.ways[0]))
        with drill.apart():
            drill.lines[0].cut()
            cut_at = time.monotonic()
            until(everywhere(drill.ways[1]), WITHIN_SECONDS + HEARTBEAT.seconds)
            back = time.monotonic() - cut_at
            print(f"{len(devices)} devices were back through the second Region in {back:.1f} s")

            # At home in the second Region: nothing else is needed.
            certificates[fresh[0]] = drill.provision(fresh[0], 0, 1).certificate_id
            # At home in the lost one: not before somebody says so.
            with pytest.raises(Rejected):
                drill.provision(waiting[0], 1, retry=ONCE)
            assert second.decisions(waiting[0])[-1]["reason"] == "NOT_HOME_REGION"
            drill.operate(second, "take-over", "--from", lost, "--yes")
            certificates[waiting[0]] = drill.provision(waiting[0], 0, 1).certificate_id
        drill.lines[0].heal()
        assert all(device.losses for device in devices)
    certificates[waiting[1]] = drill.provision(waiting[1], 0, 1).certificate_id
    certificates[fresh[1]] = drill.provision(fresh[1], 0, 1).certificate_id

    for serial_number, certificate_id in certificates.items():

        def in_service(serial_number=serial_number):
            """The record is ACTIVE in both Regions."""
            return drill.agreed(serial_number).status is Status.ACTIVE

        until(in_service)
        record = drill.agreed(serial_number)
        assert record.certificate_id == certificate_id
        assert record.certificate_ids == {certificate_id}
        is_copied(drill, certificate_id)
        assert drill.active_for(serial_number) == {certificate_id}, "no serial number has two"
    assert drill.active() == set(certificates.values()), "nor did anybody else get one"
    homes = {drill.agreed(each).home_region for each in waiting}
    assert homes == {second.endpoint.region}


@pytest.mark.failure_mode("O10")
def test_a_device_that_came_in_by_its_maker_s_certificate_connects_in_both(drill):
    first, second = drill.stacks
    (serial_number,) = serial_numbers(1)
    first.enrol(serial_number, device_type="gateway")
    thing_name = f"{first.name_prefix}-{serial_number}"
    credentials = drill.regions.maker.device({"SerialNumber": serial_number})
    first.come_up(credentials, thing_name, device_type="gateway")
    certificate_id = drill.agreed(serial_number).certificate_id
    is_copied(drill, certificate_id)
    second.come_up(credentials, thing_name, device_type="gateway")
    (ca,) = (one["certificate_id"] for one in second.outputs["certificate_authorities"].values())
    described = second.client("iot").describe_certificate(certificateId=certificate_id)
    assert described["certificateDescription"]["caCertificateId"] == ca


@pytest.mark.parametrize("seconds", [0.0, 1.0], ids=["at-once", "after-a-second"])
@pytest.mark.parametrize("revoked_in", [0, 1], ids=["first", "second"])
def test_a_revocation_in_one_region_takes_effect_in_the_other(drill, revoked_in, seconds):
    (serial_number,) = serial_numbers(1)
    drill.stacks[0].enrol(serial_number, device_type=TYPE)
    result = drill.provision(serial_number, 0, 1)
    is_copied(drill, result.certificate_id)
    here, there = revoked_in, 1 - revoked_in
    identity = drill.standing(serial_number).identity
    session = drill.ways[there].transport.connect(identity.credentials, result.thing_name)

    def revoked(number):
        iot = drill.stacks[number].client("iot")
        return status_of(iot, result.certificate_id) == "REVOKED"

    def written():
        """The Region of the command has the record."""
        nonlocal began
        looked = time.monotonic()
        if drill.stacks[here].record(serial_number).status is Status.REVOKED:
            return True
        began = looked
        return False

    # At the last look that did not see the write: rather a hundredth too early than too late.
    began = time.monotonic()
    with contextlib.closing(session), drill.delayed(seconds), ThreadPoolExecutor(1) as pool:
        command = pool.submit(drill.operate, drill.stacks[here], "revoke", serial_number, *YES)
        until(written, pause=0.01)
        until(lambda: revoked(there), pause=0.01)
        effect = time.monotonic() - began
        assert session.lost_within(30)
        ended = time.monotonic() - began
        command.result()
    assert effect >= seconds, "replication took its time"
    assert revoked(here)
    print(
        f"replication of {seconds:g} s: from the record to a REVOKED certificate in the other"
        f" Region {effect:.2f} s, to a closed connection {ended:.2f} s"
    )


def test_a_suspension_and_its_end_reach_both_regions(drill):
    (serial_number,) = serial_numbers(1)
    drill.stacks[0].enrol(serial_number, device_type=TYPE)
    certificate_id = drill.provision(serial_number, 0, 1).certificate_id
    is_copied(drill, certificate_id)
    for command, status in (("suspend", "INACTIVE"), ("resume", ACTIVE)):
        drill.operate(drill.stacks[1], command, serial_number, *WHY)

        def reached(status=status):
            """The status is the same in both Regions."""
            return drill.statuses(certificate_id) == [status, status]

        until(reached)
