"""A claim certificate leaks: who came in through it is cut off, exactly those, whatever happens."""

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from device_registry.decision_log import EVENT
from device_registry.record import Status, from_item, to_item
from tests.e2e.killed import CommandLine
from tests.e2e.test_operator_tools import LOG_GROUP, PREFIX, TABLE, Stack
from tests.unit.builders import record
from tools.claims import csr
from tools.device.failures import ConnectionRefused
from tools.device.model import ClientCredentials
from tools.device.session import Endpoint as DeviceEndpoint
from tools.device.session import SdkTransport

pytestmark = pytest.mark.endpoint

GROUP = f"{PREFIX}-quarantine"
TEMPLATE = f"{PREFIX}-fleet"
LEAKED, SOUND = "fleet/line-1", "fleet/line-2"
HOUR = 3_600


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    """The endpoint's index is never behind."""
    monkeypatch.setattr("tools.incident.run._PAUSE_SECONDS", 0)


class Fleet(Stack):
    """Devices that came in through two claim certificates, before a moment and after.

    Attributes:
        since: The moment.
        leaked: The serial numbers of those that came in through the leaked one since.
    """

    def __init__(self, account, folder):
        super().__init__(account, folder)
        self.since = int(time.time()) - 2 * HOUR
        self.key, self.request = csr.create(csr.KeyType.EC_P256, "device")
        self.claims = {name: self.certificate() for name in (LEAKED, SOUND)}
        self.leaked: list[str] = []
        self.certificates: dict[str, dict] = {}
        self.iot.create_thing_group(thingGroupName=GROUP)
        self._template()
        self.logs.create_log_group(logGroupName=LOG_GROUP)
        self.logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="hook")
        certificates = {
            key.partition("/")[2]: {"id": made["certificateId"]}
            for key, made in self.claims.items()
        }
        outputs = self._outputs()
        outputs["templates"]["fleet"]["claim_certificates"] = certificates
        self.file.write_text(json.dumps({k: {"value": v} for k, v in outputs.items()}))

    def _template(self):
        certificate = {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}
        resources = {"certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate}}
        self.iot.create_provisioning_template(
            templateName=TEMPLATE,
            templateBody=json.dumps({"Parameters": {}, "Resources": resources}),
            provisioningRoleArn=f"arn:aws:iam::{self.account.account_id}:role/provisioning",
            enabled=True,
        )

    def certificate(self):
        return self.iot.create_certificate_from_csr(
            certificateSigningRequest=self.request.decode(), setAsActive=True
        )

    def admit(self, serial, claim, claimed_at, *, status=Status.ACTIVE, before=None):
        """Write what the hook and AWS IoT would have made of a device; return its certificate."""
        made = self.certificate()
        earlier = {before} if before else set()
        self.certificates[serial] = made
        changes = {"suspended_from": Status.ACTIVE} if status is Status.SUSPENDED else {}
        item = to_item(
            record(
                serial_number=serial,
                device_type="gateway",
                status=status,
                batch="spring",
                claim_certificate_id=self.claims[claim]["certificateId"],
                certificate_id=made["certificateId"],
                certificate_ids=frozenset({made["certificateId"], *earlier}),
                claimed_at=claimed_at,
                lease_expires_at=claimed_at + HOUR,
                thing_name=f"{PREFIX}-{serial}",
                template_name=TEMPLATE,
                **changes,
            )
        )
        self.dynamodb.put_item(TableName=TABLE, Item=item)
        arn, kind, thing = made["certificateArn"], f"{PREFIX}-gateway", f"{PREFIX}-{serial}"
        self.iot.attach_policy(policyName=kind, target=arn)
        self.iot.create_thing(thingName=thing, thingTypeName=kind)
        self.iot.attach_thing_principal(thingName=thing, principal=arn)
        if claim == LEAKED and claimed_at >= self.since:
            self.leaked.append(serial)
        return made["certificateId"]

    def admit_all(self, claim, times, **more):
        """Admit several, by serial number and time."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda each: self.admit(each[0], claim, each[1], **more), times.items()))

    def moved_on(self, serial):
        """Let a device come in through the leaked claim, and be replaced through the other."""
        former = self.certificate()["certificateId"]
        entry = {
            "event": EVENT,
            "outcome": "allowed",
            "serialNumber": serial,
            "certificateId": former,
            "claimCertificateId": self.claims[LEAKED]["certificateId"],
        }
        moment = (self.since + 60) * 1000
        self.logs.put_log_events(
            logGroupName=LOG_GROUP,
            logStreamName="hook",
            logEvents=[{"timestamp": moment, "message": json.dumps(entry)}],
        )
        self.admit(serial, SOUND, self.since + HOUR, before=former)
        return former

    def drill(self, *more):
        return ["incident", "claim", LEAKED, "--since", iso(self.since), "--yes", *more]

    def state(self):
        """All that the drill may change, and all that it may not."""
        items = self.dynamodb.scan(TableName=TABLE, ConsistentRead=True)["Items"]
        pages = self.iot.get_paginator("list_certificates").paginate(pageSize=250)
        described = self.iot.describe_provisioning_template(templateName=TEMPLATE)
        members = self.iot.list_things_in_thing_group(thingGroupName=GROUP, maxResults=250)
        for item in items:
            # When it was, not what.
            item.pop("statusChangedAt", None)
        return {
            "records": {item["serialNumber"]["S"]: item for item in items},
            "certificates": {
                each["certificateId"]: each["status"]
                for page in pages
                for each in page["certificates"]
            },
            "group": sorted(members["things"]),
            "template": described["enabled"],
        }

    def restore(self, state):
        """Undo a drill."""
        for item in state["records"].values():
            stamped = {"statusChangedAt": {"N": str(self.since)}, **item}
            self.dynamodb.put_item(TableName=TABLE, Item=stamped)
        for certificate_id, status in state["certificates"].items():
            if self.certificate_status(certificate_id) != status:
                self.iot.update_certificate(certificateId=certificate_id, newStatus=status)
        for thing in set(self.state()["group"]) - set(state["group"]):
            self.iot.remove_thing_from_thing_group(thingGroupName=GROUP, thingName=thing)
        self.iot.update_provisioning_template(templateName=TEMPLATE, enabled=state["template"])


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@pytest.fixture
def fleet(account, tmp_path):
    return Fleet(account, tmp_path)


@pytest.fixture
def ends(fleet):
    """`ends(*arguments, after=3)`: how the command ends that is killed after three requests."""
    environment = {**fleet.account.environment(), "IOT_PROVISIONING_STACK": str(fleet.file)}
    processes = CommandLine(environment)
    yield lambda *arguments, after=None: processes.run(list(arguments), requests=after)
    processes.close()


@pytest.fixture
def connects(fleet):
    """`connects(serial)`: whether a device with its certificate gets a connection."""
    account = fleet.account
    endpoint = DeviceEndpoint(account.mqtt_host, account.mqtt_port, None, account.ca_file)
    with SdkTransport(endpoint) as transport:

        def connect(serial):
            pem = fleet.certificates[serial]["certificatePem"]
            credentials = ClientCredentials(pem, fleet.key.decode())
            try:
                transport.connect(credentials, f"{PREFIX}-{serial}").close()
            except ConnectionRefused:
                return False
            return True

        yield connect


def test_exactly_those_are_cut_off_that_came_through_the_leaked_claim(fleet, connects, ends):
    since = fleet.since
    numbers = [f"SN-{n:02d}" for n in range(50)]
    fleet.admit_all(LEAKED, {serial: since + 60 * n for n, serial in enumerate(numbers[:14])})
    fleet.admit_all(LEAKED, dict.fromkeys(numbers[14:20], since), status=Status.PROVISIONING)
    fleet.admit_all(LEAKED, dict.fromkeys(numbers[20:30], since - 1))
    fleet.admit_all(SOUND, dict.fromkeys(numbers[30:43], since + 60))
    former = list(map(fleet.moved_on, numbers[43:45]))
    fleet.enrol(*(f"{serial},gateway,,spring,," for serial in numbers[45:]))
    leaked = sorted(fleet.leaked)
    assert len(leaked) == 20
    online = ["SN-00", "SN-13", "SN-19", "SN-20", "SN-30"]
    assert all(map(connects, online))
    before = fleet.state()
    assert (len(before["records"]), before["group"]) == (50, [])

    rehearsal = json.loads(fleet.run(*fleet.drill("--dry-run", "--json")).stdout)
    assert sorted(each["serialNumber"] for each in rehearsal["devices"]) == leaked
    assert sorted(each["certificateId"] for each in rehearsal["movedOn"]) == sorted(former)
    assert fleet.state() == before

    # Each dies further on, somewhere among devices that are dealt with side by side.
    killed = [ends(*fleet.drill("--template-off"), after=n) for n in (2, 24, 65, 110)]
    assert set(killed) == {-signal.SIGKILL}
    assert fleet.state()["records"] != before["records"]

    result = fleet.run(*fleet.drill("--template-off", "--json"))
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert sorted(each["serialNumber"] for each in answer["devices"]) == leaked
    assert {each["result"] for each in answer["devices"]} == {"already", "changed"}
    after = fleet.state()
    claims = {key: made["certificateId"] for key, made in fleet.claims.items()}
    off = {fleet.certificates[serial]["certificateId"] for serial in leaked}
    off |= {claims[LEAKED], *former}
    assert {id_ for id_, status in after["certificates"].items() if status == "INACTIVE"} == off
    assert after["group"] == [f"{PREFIX}-{serial}" for serial in leaked]
    assert not after["template"]
    retired = {
        serial: {"retiredCertificateIds": {"SS": [certificate_id]}}
        for serial, certificate_id in zip(numbers[43:45], former, strict=True)
    }
    for serial, item in after["records"].items():
        if serial in leaked:
            quarantined = fleet.record(serial)
            assert quarantined.status is Status.SUSPENDED
            assert "leaked" in quarantined.status_reason
            assert quarantined.suspended_certificate_ids == {quarantined.certificate_id}
        else:
            assert item == before["records"][serial] | retired.get(serial, {})
    assert list(map(connects, online)) == [False, False, False, True, True]


def test_a_kill_after_any_request_and_a_second_run_end_in_the_same_state(fleet, ends):
    fleet.admit("SN-1", LEAKED, fleet.since)
    fleet.moved_on("SN-2")
    fleet.moved_on("SN-3")
    suspension = fleet.run("incident", "device", "SN-3", "--reason", "lost", "--yes")
    assert suspension.exit_code == 0, suspension.output
    drill = fleet.drill("--template-off")
    before = fleet.state()
    assert ends(*drill) == 0
    after = fleet.state()
    assert after != before

    fleet.restore(before)
    kills = 0
    while ends(*drill, after=kills + 1) == -signal.SIGKILL:
        kills += 1
        assert ends(*drill) == 0
        assert fleet.state() == after, f"killed after request {kills}"
        fleet.restore(before)
        assert fleet.state() == before
    assert kills > 15


def test_a_device_that_is_resumed_after_the_drill_is_so_without_what_leaked(fleet):
    """It was suspended before, with both certificates on."""
    former = fleet.moved_on("SN-1")
    present = fleet.certificates["SN-1"]["certificateId"]
    assert fleet.run("incident", "device", "SN-1", "--reason", "lost", "--yes").exit_code == 0
    assert fleet.record("SN-1").suspended_certificate_ids == {former, present}
    result = fleet.run(*fleet.drill("--json"))
    assert result.exit_code == 0, result.output
    assert fleet.record("SN-1").suspended_certificate_ids == {present}
    assert fleet.run("incident", "lift", "SN-1", "--reason", "found").exit_code == 0
    assert fleet.record("SN-1").retired_certificate_ids == {former}
    statuses = [fleet.certificate_status(each) for each in (former, present)]
    assert statuses == ["INACTIVE", "ACTIVE"]


def test_devices_and_batches_are_cut_off_and_let_go_on(fleet, connects):
    fleet.admit("SN-1", SOUND, fleet.since)
    fleet.admit("SN-2", SOUND, fleet.since)
    fleet.enrol("SN-3,gateway,,spring,,", "SN-4,gateway,,summer,,")
    before = fleet.state()
    assert fleet.run("incident", "device", "SN-1", "--reason", "lost", "--yes").exit_code == 0
    assert not connects("SN-1")
    assert connects("SN-2")
    assert fleet.state()["group"] == [f"{PREFIX}-SN-1"]

    result = fleet.run("incident", "batch", "spring", "--reason", "bad keys", "--yes", "--json")
    assert result.exit_code == 0, result.output
    named = {each["serialNumber"] for each in json.loads(result.stdout)["devices"]}
    assert named == {"SN-1", "SN-2", "SN-3"}
    suspended = {n for n in range(1, 5) if fleet.record(f"SN-{n}").status is Status.SUSPENDED}
    assert suspended == {1, 2, 3}

    serials = [f"SN-{n}" for n in range(1, 4)]
    assert fleet.run("incident", "lift", *serials, "--reason", "checked").exit_code == 0
    after = fleet.state()
    assert (after["group"], after["certificates"]) == ([], before["certificates"])
    assert connects("SN-1")

    fleet.run("incident", "device", "SN-1", "--reason", "a stranger's", "--yes")
    result = fleet.run("incident", "lift", "SN-1", "--release", "--reason", "given back")
    assert result.exit_code == 0, result.output
    assert from_item(fleet.item("SN-1")).status is Status.ENROLLED
    stranger = fleet.certificates["SN-1"]["certificateId"]
    assert fleet.certificate_status(stranger) == "REVOKED"
    assert fleet.state()["group"] == []
