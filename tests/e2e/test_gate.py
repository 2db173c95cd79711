"""Gateways at their gate: the registry decides, whatever the CA signed, and each run ends the same.

Real connections, the event that AWS IoT publishes, the deployed function with its role's rights.
"""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from device_registry.reasons import Denial
from device_registry.record import Status
from tests.e2e.just_in_time import GATEWAY, GATEWAYS, OTHER_GATEWAYS, SENSOR
from tests.support.capabilities import Capability, requires
from tests.support.terraform import ROOT
from tests.support.waiting import until
from tools.device.failures import ConnectionRefused, DeviceError

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

CONNECTIONS = 100
KILLED = -9
ANY_NUMBER = 1000

ADMITTED = {
    "thing type": "acme-gateway",
    "thing version": 1,
    "attributes": {"serialNumber", "deviceType", "manufacturer", "provisionedAt"},
    "serial number": True,
    "since the claim": True,
    "attached": True,
    "groups": {"acme-gateway"},
    "policies": ["acme-gateway"],
    "certificate": "ACTIVE",
    "status": Status.ACTIVE,
    "turned so by": "device-lifecycle",
    "claims": 1,
    "claimed by": True,
    "all that ever claimed": True,
    "under": True,
    "by the CA": True,
    "by the gate": "acme-northwind-gw",
}
# Before its device has connected for the first time.
REGISTERED = {**ADMITTED, "status": Status.PROVISIONING, "turned so by": None}


def outcome(stack, device):
    """What a gateway that was let in, and connected, comes to in the end."""
    stack.in_service(device.serial_number)
    return stack.outcome(device)


def refused(stack, device, denial, ca=GATEWAYS):
    """A device is turned away for good: no thing, a certificate switched off, and a reason."""
    stack.turned_away(device)
    entry = stack.decision(device, ca)
    assert (entry["outcome"], entry["reason"]) == ("denied", denial)
    assert entry["claimCertificateId"] == stack.ca(ca)["certificate_id"]
    assert entry["gate"] == stack.ca(ca)["name"]
    until(lambda: stack.status(device) == "INACTIVE")
    assert not stack.has_thing(device)
    return entry


# --- who gets in


def test_an_enrolled_gateway_comes_up(just_in_time):
    device = just_in_time.enrolled_gateway(manufacturer="Northwind")
    result = just_in_time.admit(device)
    assert result.attempts >= 2
    assert outcome(just_in_time, device) == ADMITTED
    # A second connection may have come while the first one's event was being decided.
    until(lambda: "FIRST_CLAIM" in just_in_time.verdicts(device))
    assert Counter(just_in_time.verdicts(device)) - Counter(REPEAT=ANY_NUMBER) == {"FIRST_CLAIM": 1}
    assert just_in_time.admit(device).attempts == 1


@pytest.mark.failure_mode("P8")
def test_a_stranger_stays_out_whatever_happens_later(just_in_time):
    device = just_in_time.gateway()
    entry = refused(just_in_time, device, Denial.UNKNOWN_SERIAL)
    assert entry["serialNumber"] == device.serial_number
    assert just_in_time.item(device) is None

    just_in_time.enrol(device.serial_number, device_type=GATEWAY)
    before = just_in_time.describe(device), just_in_time.item(device)
    just_in_time.turned_away(device)
    just_in_time.replay(device)
    assert (just_in_time.describe(device), just_in_time.item(device)) == before
    assert not just_in_time.has_thing(device)
    assert set(just_in_time.verdicts(device)) == {Denial.UNKNOWN_SERIAL}

    # As the module's README says: until somebody deletes its certificate.
    iot = just_in_time.client("iot")
    iot.delete_certificate(certificateId=device.certificate_id)
    just_in_time.admit(device)
    assert outcome(just_in_time, device) == ADMITTED


@pytest.mark.parametrize(
    ("enrolment", "denial"),
    [
        ({"manufacturer": "Fabrikam"}, Denial.WRONG_MANUFACTURER),
        ({"device_type": SENSOR}, Denial.WRONG_DEVICE_TYPE),
        ({"status": Status.REVOKED}, Denial.REVOKED),
        ({"status": Status.SUSPENDED}, Denial.SUSPENDED),
        ({"enrolment_expires_at": 1}, Denial.ENROLMENT_EXPIRED),
    ],
    ids=lambda value: str(value) if isinstance(value, Denial) else "",
)
def test_an_enrolment_that_does_not_fit(just_in_time, enrolment, denial):
    device = just_in_time.gateway()
    just_in_time.enrol(device.serial_number, **{"device_type": GATEWAY, **enrolment})
    before = just_in_time.item(device)
    refused(just_in_time, device, denial)
    assert just_in_time.item(device) == before


def test_a_device_comes_in_by_the_ca_that_its_enrolment_demands(just_in_time):
    number = just_in_time.gateway().serial_number
    demanded = just_in_time.ca(GATEWAYS)["certificate_id"]
    just_in_time.enrol(number, device_type=GATEWAY, required_claim_certificate_id=demanded)
    impostor = just_in_time.gateway(number, ca=OTHER_GATEWAYS)
    entry = refused(just_in_time, impostor, Denial.WRONG_CLAIM, OTHER_GATEWAYS)
    assert entry["claimCertificateId"] != demanded
    # Nobody asked the gate of the other CA, and the device itself still may come.
    assert just_in_time.gate_log(impostor) == []
    device = just_in_time.gateway(number)
    just_in_time.admit(device)
    assert outcome(just_in_time, device) == ADMITTED


def test_a_second_certificate_for_the_same_serial_number(just_in_time):
    first = just_in_time.enrolled_gateway()
    just_in_time.admit(first)
    just_in_time.in_service(first.serial_number)
    before = just_in_time.everything(first)
    second = just_in_time.gateway(first.serial_number)
    just_in_time.turned_away(second)
    entry = just_in_time.decision(second)
    assert entry["reason"] == Denial.ALREADY_ACTIVE
    until(lambda: just_in_time.status(second) == "INACTIVE")
    assert just_in_time.everything(first) == before


def test_a_certificate_without_the_field_that_names_the_device(just_in_time):
    device = just_in_time.gateway(SerialNumber=None)
    entry = refused(just_in_time, device, Denial.INVALID_PARAMETER)
    assert entry["detail"] == "SerialNumber: missing"


# --- revocation lists


def test_a_certificate_on_its_cas_revocation_list(just_in_time):
    device = just_in_time.enrolled_gateway()
    before = just_in_time.item(device)
    listed = device.certificate.serial_number
    with just_in_time.crl(GATEWAYS, [listed, listed + 1]):
        refused(just_in_time, device, Denial.CERTIFICATE_REVOKED)
        other = just_in_time.enrolled_gateway()
        just_in_time.admit(other)
    assert just_in_time.item(device) == before


def test_a_list_out_of_date_lets_nobody_in_and_refuses_nobody(just_in_time):
    device = just_in_time.enrolled_gateway()
    before = just_in_time.item(device)
    with just_in_time.crl(GATEWAYS, days=0):
        just_in_time.knock(device)
        # AWS Lambda tries it three times, and gives it to the queue.
        message = dead_letter(just_in_time, device)
        log = just_in_time.gate_log(device)
        assert just_in_time.status(device) == "PENDING_ACTIVATION"
        assert just_in_time.item(device) == before
        assert not just_in_time.has_thing(device)
    assert [entry["reason"] for entry in log] == [Denial.CRL_UNAVAILABLE] * 3
    assert {entry["level"] for entry in log} == {"ERROR"}
    assert {entry["detail"] for entry in log} == {"the revocation list is out of date"}
    assert just_in_time.ca(GATEWAYS)["certificate_id"] in message

    just_in_time.admit(device)
    assert outcome(just_in_time, device) == ADMITTED


def dead_letter(stack, device):
    """The message about a device in its gate's queue."""
    queues, url = stack.client("sqs"), stack.ca(GATEWAYS)["dead_letter_queue_url"]

    def look():
        """The message is in the queue."""
        answer = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        bodies = [message["Body"] for message in answer.get("Messages", [])]
        return next((body for body in bodies if device.certificate_id in body), None)

    return until(look)


# --- any number of events, in any order, and runs that are stopped


def test_a_hundred_connections_of_one_certificate_make_one_device(just_in_time):
    device = just_in_time.enrolled_gateway()
    start = threading.Barrier(CONNECTIONS)

    def connect(_):
        start.wait(60)
        try:
            just_in_time.own_name.connect(device.credentials, device.thing_name).close()
        except ConnectionRefused:
            return "turned away"
        except DeviceError as error:
            return type(error).__name__
        return "let in"

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        answers = Counter(pool.map(connect, range(CONNECTIONS)))
    just_in_time.admit(device)
    # Each of those that were turned away made an event.
    until(lambda: len(just_in_time.gate_log(device)) >= answers["turned away"])
    said = quiet_log(just_in_time, device)

    assert answers.keys() <= {"turned away", "let in"}
    # One run took the claim. Those that were under way with it found it to be theirs, and those
    # that a busy machine began later found nothing left to do.
    assert {"FIRST_CLAIM"} < said.keys() <= {"FIRST_CLAIM", "REPEAT", "NOT_PENDING"}
    assert said["FIRST_CLAIM"] == 1
    assert outcome(just_in_time, device) == ADMITTED
    assert changes_of_the_record(just_in_time, device) == ["INSERT", *["MODIFY"] * 3]


def quiet_log(stack, device):
    """How often each reason was given, once the last run has had its say."""
    said = None
    while True:
        now = Counter(entry["reason"] for entry in stack.gate_log(device))
        if said == now:
            return said
        said = now
        time.sleep(2)


def changes_of_the_record(stack, device):
    """What the table's stream tells of a device's record, in order."""
    table = stack.client("dynamodb").describe_table(TableName=stack.outputs["registry_table_name"])
    streams, arn = stack.client("dynamodbstreams"), table["Table"]["LatestStreamArn"]
    found = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            found += answer["Records"]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
    key = {"serialNumber": {"S": device.serial_number}}
    return [one["eventName"] for one in found if one["dynamodb"]["Keys"] == key]


def test_a_replayed_event_changes_nothing(just_in_time):
    device = just_in_time.enrolled_gateway()
    just_in_time.admit(device)
    just_in_time.in_service(device.serial_number)
    before = just_in_time.everything(device)
    for _ in range(3):
        just_in_time.replay(device)
    assert just_in_time.everything(device) == before
    ignored = [one for one in just_in_time.gate_log(device) if one["reason"] == "NOT_PENDING"]
    assert len(ignored) >= 3
    assert ignored[-1]["detail"] == "ACTIVE"


def test_a_function_killed_after_any_step_leaves_what_the_next_event_completes(just_in_time):
    environment = just_in_time.gate_environment()

    def run(device, limit):
        """The function's own code in a process of its own, killed before its next request."""
        return subprocess.run(
            [sys.executable, "-m", "tests.e2e.gate_process", str(limit)],
            cwd=ROOT,
            env=environment | {"PYTHONPATH": "lambda_src:."},
            input=json.dumps(just_in_time.event(device)),
            capture_output=True,
            text=True,
            check=False,
        )

    with just_in_time.events_kept_from(GATEWAYS):
        unharmed = just_in_time.enrolled_gateway()
        just_in_time.knock(unharmed)
        done = run(unharmed, CONNECTIONS)
        assert done.returncode == 0, done.stderr
        requests = json.loads(done.stdout.splitlines()[-1])["requests"]
        # The certificate, the list, the claim; thing, group, attachment, policy; the certificate,
        # its activation, and the claim once more.
        assert len(requests) == 10
        assert just_in_time.outcome(unharmed) == REGISTERED

        devices = [just_in_time.enrolled_gateway() for _ in requests]
        for device in devices:
            just_in_time.knock(device)
        with ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(run, devices, range(len(devices))))
        assert {one.returncode for one in runs} == {KILLED}
        left = [just_in_time.status(device) for device in devices]
        assert Counter(left) == {"PENDING_ACTIVATION": len(left) - 1, "ACTIVE": 1}

    for device in devices:
        just_in_time.admit(device)
    assert [outcome(just_in_time, device) for device in devices] == [ADMITTED] * len(devices)
