import threading
import time

import pytest

from tools.device.failures import Rejected
from tools.device.fleet import provision_many, read_devices
from tools.device.model import DeviceSpec

REFUSED = Rejected("RegisterThing", 403, "AccessDenied", "")


class FakeProvisioner:
    def __init__(self, concurrency=1):
        self.barrier = threading.Barrier(concurrency)
        self.begun = []

    def provision(self, device):
        self.begun.append(device)
        if device.serial_number in set("abcdef") and self.barrier.parties == 1:
            time.sleep(0.1)
        self.barrier.wait(timeout=10)
        if device.serial_number == "bad":
            raise REFUSED
        if device.serial_number == "bug":
            raise RuntimeError("bug")
        return f"result of {device.serial_number}"


def devices(*serials):
    return [DeviceSpec(serial, "temperature") for serial in serials]


def test_devices_are_provisioned_at_once_and_reported_in_order():
    seen = []
    outcomes = provision_many(
        FakeProvisioner(4), devices("a", "bad", "c", "d"), concurrency=4, on_outcome=seen.append
    )
    assert [outcome.device.serial_number for outcome in outcomes] == ["a", "bad", "c", "d"]
    assert [outcome.result for outcome in outcomes] == [
        "result of a", None, "result of c", "result of d",
    ]  # fmt: skip
    assert all((o.result is None) != (o.error is None) for o in outcomes)
    assert [outcome.error for outcome in outcomes] == [None, REFUSED, None, None]
    assert all(outcome.seconds >= 0 for outcome in outcomes)
    assert sorted(map(id, seen)) == sorted(map(id, outcomes))


def test_no_device_is_no_outcome():
    assert provision_many(FakeProvisioner(), []) == []


def test_a_failure_that_is_no_devices_ends_the_run():
    provisioner = FakeProvisioner()
    with pytest.raises(RuntimeError, match="bug"):
        provision_many(provisioner, devices("bug", *"abcdef"), concurrency=1)
    # The device under way may have made room for one more before the rest was called off.
    assert len(provisioner.begun) <= 3


def test_one_device_cannot_be_provisioned_twice_at_once():
    with pytest.raises(ValueError, match="serial number b, c"):
        provision_many(FakeProvisioner(), devices("a", "b", "b", "c", "c"))


def test_concurrency_must_be_positive():
    with pytest.raises(ValueError, match="greater than 0"):
        provision_many(FakeProvisioner(), devices("a"), concurrency=0)


def write(tmp_path, text):
    file = tmp_path / "devices.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_an_enrolment_file_can_be_used_as_it_is(tmp_path):
    file = write(
        tmp_path,
        "\ufeffserialNumber,batch,deviceType,manufacturer,parameter.Location,parameter.X\n"
        'SN-1,b1,temperature,"Acme, Inc",Hall-1,\n'
        "SN-2,,gateway,,,y,surplus\n"
        "SN-3,,gateway\n",
    )
    assert list(read_devices(file)) == [
        DeviceSpec("SN-1", "temperature", "Acme, Inc", {"Location": "Hall-1"}),
        DeviceSpec("SN-2", "gateway", None, {"X": "y"}),
        DeviceSpec("SN-3", "gateway"),
    ]


def test_a_file_without_the_manufacturer_column_will_do(tmp_path):
    file = write(tmp_path, "deviceType,serialNumber\ngateway,SN-1\n")
    assert list(read_devices(file)) == [DeviceSpec("SN-1", "gateway")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks the column serialNumber and deviceType"),
        ("serialNumber\nSN-1\n", "lacks the column deviceType"),
        ("serialNumber,deviceType\nSN-1,t\n,t\n", "line 3: serialNumber and deviceType"),
        ("serialNumber,deviceType\nSN-1\n", "line 2: serialNumber and deviceType"),
    ],
)
def test_what_is_missing_from_a_file_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        list(read_devices(write(tmp_path, text)))
