"""The operator's commands against the endpoint: what DynamoDB, AWS IoT and the logs make of it."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from device_registry.claim import ClaimRequest, claim_update
from device_registry.decision_log import EVENT
from device_registry.record import Status, from_item, to_item
from device_registry.regions import Regions
from tests.support.endpoint import client, using
from tests.unit.builders import record
from tools.cli.main import cli

decommissioning = importlib.import_module("tools.cli.decommission")

pytestmark = pytest.mark.endpoint

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "acme"
TABLE = f"{PREFIX}-registry"
LOG_GROUP = f"/aws/lambda/{PREFIX}-hook"
CLAIM = "c1a1" * 16
HEADER = "serialNumber,deviceType,manufacturer,batch,enrolmentExpiresAt,reprovisionPolicy\n"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
    }
)


class Stack:
    """What Terraform would have made, and an operator in front of it."""

    def __init__(self, account, folder):
        self.account, self.folder = account, folder
        self.dynamodb = client(account, "dynamodb")
        self.iot = client(account, "iot")
        self.logs = client(account, "logs")
        self._table()
        self.iot.create_thing_group(thingGroupName=f"{PREFIX}-devices")
        for prefix in (PREFIX, f"{PREFIX}-prod"):
            self._device_type(prefix)
        self.file = folder / "stack.json"
        self.file.write_text(json.dumps({k: {"value": v} for k, v in self._outputs().items()}))

    def _table(self):
        keys = {"serialNumber": "S", "claimCertificateId": "S", "claimedAt": "N"}
        keys |= {"certificateId": "S", "statusShard": "S", "statusChangedAt": "N"}

        def schema(partition, sort=None):
            sorted_by = [{"AttributeName": sort, "KeyType": "RANGE"}] if sort else []
            return [{"AttributeName": partition, "KeyType": "HASH"}, *sorted_by]

        indexes = {
            "by-claim-certificate": schema("claimCertificateId", "claimedAt"),
            "by-certificate": schema("certificateId"),
            "by-status": schema("statusShard", "statusChangedAt"),
        }
        self.dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            DeletionProtectionEnabled=True,
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": kind} for name, kind in keys.items()
            ],
            KeySchema=schema("serialNumber"),
            GlobalSecondaryIndexes=[
                {"IndexName": name, "KeySchema": key, "Projection": {"ProjectionType": "ALL"}}
                for name, key in indexes.items()
            ],
        )

    def _device_type(self, prefix):
        name = f"{prefix}-gateway"
        self.iot.create_thing_type(thingTypeName=name)
        parents = {"parentGroupName": f"{PREFIX}-devices"} if prefix == PREFIX else {}
        self.iot.create_thing_group(thingGroupName=name, **parents)
        self.iot.create_policy(policyName=name, policyDocument=POLICY)

    def _outputs(self):
        name = f"{PREFIX}-gateway"
        return {
            "registry_table_name": TABLE,
            "name_prefix": PREFIX,
            "hook_log_group_name": LOG_GROUP,
            "parent_thing_group_name": f"{PREFIX}-devices",
            "templates": {"fleet": {"name": f"{PREFIX}-fleet", "claim_certificates": {}}},
            "device_types": {
                "gateway": {
                    "reprovision_policy": "never",
                    "thing_type_name": name,
                    "thing_group_name": name,
                    "policy_name": name,
                }
            },
        }

    def run(self, *arguments, stdin=""):
        with using(self.account):
            os.environ["IOT_PROVISIONING_STACK"] = str(self.file)
            return CliRunner().invoke(cli, [str(a) for a in arguments], input=stdin)

    def enrol(self, *rows, name="devices.csv"):
        path = self.folder / name
        path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
        result = self.run("enrol", path, "--json")
        counts = json.loads(result.stdout) if result.exit_code < 2 else None
        return result.exit_code, counts

    def record(self, serial):
        return from_item(self.item(serial))

    def item(self, serial):
        key = {"serialNumber": {"S": serial}}
        return self.dynamodb.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")

    def claim(self, serial, certificate_id, home=None):
        request = ClaimRequest(
            serial_number=serial,
            device_type="gateway",
            manufacturer="",
            certificate_id=certificate_id,
            claim_certificate_id=CLAIM,
            template_name=f"{PREFIX}-fleet",
            thing_name=f"{PREFIX}-{serial}",
        )
        regions = Regions(self.account.region, home)
        update = claim_update(request, int(time.time()), 3600, regions)
        self.dynamodb.update_item(TableName=TABLE, **update)

    def provision(self, serial, *, prefix=PREFIX, thing=True):
        """Do what the hook and the provisioning template do; return the certificate's id."""
        certificate = self.iot.create_keys_and_certificate(setAsActive=True)
        arn, certificate_id = certificate["certificateArn"], certificate["certificateId"]
        if prefix == PREFIX:
            self.claim(serial, certificate_id)
        kind, name = f"{prefix}-gateway", f"{prefix}-{serial}"
        self.iot.attach_policy(policyName=kind, target=arn)
        if thing:
            self.iot.create_thing(thingName=name, thingTypeName=kind)
            self.iot.add_thing_to_thing_group(thingName=name, thingGroupName=kind)
            self.iot.attach_thing_principal(thingName=name, principal=arn)
        return certificate_id

    def certificate_status(self, certificate_id):
        described = self.iot.describe_certificate(certificateId=certificate_id)
        return described["certificateDescription"]["status"]

    def refuse(self, age, **entry):
        """Write what the hook logs when it refuses, ``age`` seconds ago."""
        moment = int((time.time() - age) * 1000)
        entry = {"event": EVENT, "outcome": "denied", **entry}
        self.logs.put_log_events(
            logGroupName=LOG_GROUP,
            logStreamName="hook",
            logEvents=[{"timestamp": moment, "message": json.dumps(entry)}],
        )


@pytest.fixture
def stack(account, tmp_path):
    return Stack(account, tmp_path)


def test_a_file_is_enrolled_once_changed_where_it_differs_and_free_when_it_does_not(stack):
    rows = ["SN-1,gateway,Acme,spring,,", "SN-2,gateway,,,2100-01-01T00:00:00Z,replace"]
    assert stack.enrol(*rows)[1]["new"] == 2
    before = stack.item("SN-1")
    assert stack.enrol(*rows)[1]["unchanged"] == 2
    assert stack.item("SN-1") == before
    code, counts = stack.enrol("SN-1,gateway,,summer,,", rows[1])
    assert (code, counts["changed"], counts["unchanged"]) == (0, 1, 1)
    changed = stack.record("SN-1")
    assert (changed.manufacturer, changed.batch) == (None, "summer")
    assert changed.status_changed_at == int(before["statusChangedAt"]["N"])
    assert stack.record("SN-2").enrolment_expires_at == 4_102_444_800


@pytest.mark.failure_mode("S16", "O9")
def test_what_a_lost_region_would_have_granted_is_granted_here_after_the_take_over(stack):
    lost, own = "us-east-1", stack.account.region
    stack.enrol(*(f"SN-{n:03d},gateway,,,," for n in range(150)))
    stack.enrol("SN-A,gateway,,,,replace", "SN-S,gateway,,,,", name="more.csv")
    stack.claim("SN-A", "a0" * 32)
    for serial in ("SN-A", "SN-S"):
        assert stack.run("suspend", serial, "--reason", "x").exit_code == 0
    assert stack.run("resume", "SN-A", "--reason", "x").exit_code == 0
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        stack.claim("SN-001", "de" * 32, home=lost)

    command = ("take-over", "--from", lost, "--default-home-region", lost, "--json", "--yes")
    assert json.loads(stack.run(*command, "--dry-run").stdout)["moved"] == 151
    counts = json.loads(stack.run(*command).stdout)
    assert (counts["moved"], counts["here"], counts["failed"]) == (151, 0, 0)
    assert json.loads(stack.run(*command).stdout)["here"] == 151
    moved, held = stack.record("SN-001"), stack.record("SN-S")
    assert (moved.home_region, held.home_region) == (own, None)
    assert moved.home_changed_by.startswith("arn:aws:")
    stack.claim("SN-001", "de" * 32, home=lost)
    assert json.loads(stack.run(*command, "--all").stdout)["moved"] == 1
    assert stack.record("SN-S").home_region == own


def test_what_was_enrolled_can_be_claimed(stack):
    stack.enrol("SN-1,gateway,,,,")
    stack.claim("SN-1", "de" * 32)
    assert stack.record("SN-1").status is Status.PROVISIONING


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.ENROLLED])
def test_a_device_that_left_enrolled_is_neither_changed_nor_revived(stack, status):
    item = to_item(record(serial_number="SN-1", device_type="gateway", status=status))
    stack.dynamodb.put_item(TableName=TABLE, Item=item)
    code, counts = stack.enrol("SN-1,gateway,Other,new,,")
    assert (code, counts["refused"]) == (1, 1)
    assert stack.item("SN-1") == item
    problem = json.loads((stack.folder / "devices.csv.problems.jsonl").read_text())
    assert (problem["line"], problem["serialNumber"]) == (2, "SN-1")
    assert status in problem["problem"]


def test_two_runs_that_disagree_leave_each_device_to_one_of_them(stack):
    serials = [f"SN-{n:04d}" for n in range(600)]

    def enrol(batch):
        path = stack.folder / f"{batch}.csv"
        path.write_text(HEADER + "".join(f"{s},gateway,,{batch},,\n" for s in serials))
        return subprocess.run(
            [sys.executable, "-m", "tools", "enrol", path, "--json", "--stack", stack.file],
            cwd=ROOT,
            env=stack.account.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(enrol, ["one", "two"]))
    counts = [json.loads(each.stdout) for each in done]
    assert sum(each["new"] for each in counts) == 600
    assert sum(each["failed"] for each in counts) == 0
    assert {stack.record(serial).batch for serial in serials} <= {"one", "two"}


def test_a_killed_run_goes_on_and_enrols_every_device_once(stack):
    path = stack.folder / "many.csv"
    path.write_text(HEADER + "".join(f"SN-{n:05d},gateway,,,,\n" for n in range(6_000)))
    arguments = [sys.executable, "-m", "tools", "enrol", path, "--stack", stack.file, "--json"]
    environment = stack.account.environment()
    checkpoint = stack.folder / "many.csv.enrol-checkpoint.json"
    with subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as first:
        deadline = time.monotonic() + 60
        while not checkpoint.exists() and first.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        first.send_signal(signal.SIGKILL)
    assert first.returncode == -signal.SIGKILL
    done_before = json.loads(checkpoint.read_text())["counts"]["new"]
    assert 0 < done_before < 6_000
    result = stack.run("enrol", path, "--json")
    counts = json.loads(result.stdout)
    assert (result.exit_code, counts["rows"], counts["refused"]) == (0, 6_000, 0)
    assert f"{done_before:,} rows were done before" in result.stderr
    scanned = stack.dynamodb.get_paginator("scan").paginate(TableName=TABLE, Select="COUNT")
    assert sum(page["Count"] for page in scanned) == 6_000
    assert not checkpoint.exists()


def test_a_device_is_held_back_let_go_on_and_shut_out(stack):
    stack.enrol("SN-1,gateway,,,,")
    certificate = stack.provision("SN-1")

    result = stack.run("suspend", "SN-1", "--reason", "ticket 4711")
    assert result.exit_code == 0
    assert stack.record("SN-1").suspended_from is Status.PROVISIONING
    assert stack.certificate_status(certificate) == "INACTIVE"
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        stack.claim("SN-1", "ee" * 32)
    assert "already" in stack.run("suspend", "SN-1", "--reason", "again").stdout

    assert stack.run("resume", "SN-1", "--reason", "done").exit_code == 0
    assert stack.record("SN-1").status is Status.PROVISIONING
    assert stack.certificate_status(certificate) == "ACTIVE"

    assert stack.run("revoke", "SN-1", "--reason", "stolen", "--yes").exit_code == 0
    assert stack.certificate_status(certificate) == "REVOKED"
    for action in ("resume", "suspend", "release"):
        assert stack.run(action, "SN-1", "--reason", "please").exit_code == 1
    assert stack.record("SN-1").status is Status.REVOKED
    assert stack.record("SN-1").status_reason == "stolen"


def test_a_released_device_may_be_claimed_by_another_certificate(stack):
    stack.enrol("SN-1,gateway,,,,")
    certificate = stack.provision("SN-1")
    assert stack.run("release", "SN-1", "--reason", "new board").exit_code == 0
    assert stack.certificate_status(certificate) == "INACTIVE"
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        stack.claim("SN-1", certificate)
    stack.claim("SN-1", "ee" * 32)
    assert stack.record("SN-1").certificate_ids == {certificate, "ee" * 32}
    assert stack.run("revoke", "SN-1", "--reason", "gone", "--yes").exit_code == 0
    assert stack.certificate_status(certificate) == "REVOKED"


def test_a_lost_key_stays_dead_through_release_suspend_and_resume(stack):
    stack.enrol("SN-1,gateway,,,,")
    lost = stack.provision("SN-1")
    stack.run("release", "SN-1", "--reason", "stolen board")
    present = stack.iot.create_keys_and_certificate(setAsActive=True)["certificateId"]
    stack.claim("SN-1", present)
    assert stack.run("suspend", "SN-1", "--reason", "x").exit_code == 0
    assert stack.item("SN-1")["suspendedCertificateIds"] == {"SS": [present]}
    assert stack.run("resume", "SN-1", "--reason", "x").exit_code == 0
    assert stack.certificate_status(present) == "ACTIVE"
    assert stack.certificate_status(lost) == "INACTIVE"
    assert "suspendedCertificateIds" not in stack.item("SN-1")


def test_a_device_with_a_damaged_record_can_be_shown_and_cut_off(stack):
    stack.enrol("SN-1,gateway,,,,")
    certificate = stack.provision("SN-1")
    item = stack.item("SN-1") | {"claimedAt": {"N": "1.5"}, "batch": {"L": [{"NULL": True}]}}
    stack.dynamodb.put_item(TableName=TABLE, Item=item)
    assert "malformed" in stack.run("show", "SN-1").stdout
    shown = json.loads(stack.run("show", "SN-1", "--json").stdout)
    assert (shown["record"]["claimedAt"], shown["record"]["batch"]) == ("1.5", [None])
    result = stack.run("revoke", "SN-1", "--reason", "stolen", "--yes")
    assert result.exit_code == 0
    assert stack.item("SN-1")["status"] == {"S": "REVOKED"}
    assert stack.certificate_status(certificate) == "REVOKED"
    assert stack.run("decommission", "--all", "--yes").exit_code == 0
    assert stack.iot.list_certificates()["certificates"] == []


def test_show_tells_what_is_known_and_why_it_was_refused(stack):
    stack.logs.create_log_group(logGroupName=LOG_GROUP)
    stack.logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="hook")
    stack.enrol("SN-1,gateway,,,,")
    certificate = stack.provision("SN-1")
    stack.refuse(90_000, serialNumber="SN-1", reason="WRONG_CLAIM")
    stack.refuse(60, serialNumber="SN-1", reason="ALREADY_ACTIVE", clientId="x\x1b[31m")
    stack.refuse(30, serialNumber="SN-2", reason="UNKNOWN_SERIAL")

    result = stack.run("show", "SN-1")
    assert result.exit_code == 0
    for part in ("PROVISIONING", certificate, "ALREADY_ACTIVE", "release", f"{PREFIX}-SN-1"):
        assert part in result.output
    assert "\x1b" not in result.output

    shown = json.loads(stack.run("show", "SN-1", "--json").stdout)
    assert shown["record"]["certificateIds"] == [certificate]
    assert shown["awsIot"]["certificates"][0]["status"] == "ACTIVE"
    assert shown["lastDenial"]["reason"] == "ALREADY_ACTIVE"

    stranger = stack.run("show", "SN-2")
    assert stranger.exit_code == 1
    assert "UNKNOWN_SERIAL" in stranger.output
    assert "Nobody enrolled" in stranger.output
    none = stack.run("show", "SN-1", "--since", "30s")
    assert "None since" in none.output


def test_show_shows_the_rest_where_there_is_no_log_group(stack):
    stack.enrol("SN-1,gateway,,,,")
    result = stack.run("show", "SN-1")
    assert result.exit_code == 0
    assert f"Not shown: the decision log {LOG_GROUP}." in result.stderr
    assert "may be provisioned now" in result.stdout


def test_list_finds_by_status_and_by_certificate(stack):
    stack.enrol(*(f"SN-{n:02d},gateway,,,," for n in range(40)))
    certificate = stack.provision("SN-07", thing=False)
    stack.run("suspend", "SN-01", "SN-02", "--reason", "x")

    def serials(*arguments):
        lines = stack.run("list", "--json", *arguments).stdout.splitlines()
        return [json.loads(line)["serialNumber"] for line in lines]

    assert sorted(serials("--status", "suspended")) == ["SN-01", "SN-02"]
    assert len(serials()) == 40
    assert len(serials("--status", "ENROLLED", "--limit", "5")) == 5
    assert serials("--claim-certificate", CLAIM) == ["SN-07"]
    assert serials("--certificate", certificate) == ["SN-07"]
    assert serials("--certificate", certificate, "--status", "ACTIVE") == []
    table = stack.run("list", "--limit", "3")
    assert len(table.stdout.splitlines()) == 5
    assert "There are more than 3" in table.stderr


def test_decommissioning_a_stack_leaves_nothing_of_it_and_everything_of_others(stack):
    stack.enrol(*(f"SN-{n},gateway,,,," for n in range(1, 6)))
    for serial in ("SN-1", "SN-2", "SN-3"):
        stack.provision(serial)
    stack.provision("SN-4", thing=False)
    neighbour = stack.provision("SN-1", prefix=f"{PREFIX}-prod")

    with pytest.raises(ClientError, match="DeleteConflict"):
        stack.iot.delete_policy(policyName=f"{PREFIX}-gateway")
    dry = stack.run("decommission", "--all", "--dry-run")
    assert "3 things and 4 certificates." in dry.stderr
    assert "Records: 4 records are left as they are." in dry.stderr
    wrong = stack.run("decommission", "--all", stdin="other\n")
    assert (wrong.exit_code, len(stack.iot.list_things()["things"])) == (1, 4)

    result = stack.run("decommission", "--all", stdin=f"{PREFIX}\n")
    assert result.exit_code == 0
    assert "`terraform destroy` can now run" in result.stderr
    assert "protected from deletion" in result.stderr
    assert [t["thingName"] for t in stack.iot.list_things()["things"]] == [f"{PREFIX}-prod-SN-1"]
    left = stack.iot.list_certificates()["certificates"]
    assert [each["certificateId"] for each in left] == [neighbour]
    stack.iot.delete_policy(policyName=f"{PREFIX}-gateway")
    for serial in ("SN-1", "SN-4"):
        assert stack.record(serial).status is Status.PROVISIONING
    assert stack.record("SN-5").status is Status.ENROLLED
    assert "nothing to remove" in stack.run("decommission", "--all").stderr


def test_decommissioning_a_stack_revokes_records_where_that_is_asked_for(stack):
    stack.enrol("SN-1,gateway,,,,", "SN-2,gateway,,,,")
    stack.provision("SN-1")
    result = stack.run("decommission", "--all", "--records", "revoke", "--yes")
    assert result.exit_code == 0
    assert "Records: 1 record is REVOKED for good." in result.stderr
    assert "PROVISIONING, then REVOKED" in result.stdout
    assert stack.record("SN-1").status_reason == "decommissioned"
    assert stack.record("SN-2").status is Status.ENROLLED


def test_a_device_of_a_stack_with_a_longer_prefix_is_never_removed(stack):
    """The thing "acme-prod-SN-1" is SN-1 of the stack "acme-prod", not prod-SN-1 of "acme"."""
    neighbour = stack.provision("SN-1", prefix=f"{PREFIX}-prod")
    thing = f"{PREFIX}-prod-SN-1"
    stack.iot.add_thing_to_thing_group(thingName=thing, thingGroupName=f"{PREFIX}-devices")
    result = stack.run("decommission", "--all", "--yes")
    assert f"{thing} is in a group of the stack" in result.stderr
    result = stack.run("decommission", "prod-SN-1", "--yes")
    assert result.exit_code == 1
    assert "left alone" in result.stderr
    assert [each["thingName"] for each in stack.iot.list_things()["things"]] == [thing]
    assert stack.certificate_status(neighbour) == "ACTIVE"


def test_what_a_device_got_after_the_listing_is_removed_too(stack):
    stack.enrol("SN-1,gateway,,,,")
    stack.provision("SN-1")
    looked_at = decommissioning.look_at
    looks = []

    def meanwhile(iot, unit, ours):
        details = looked_at(iot, unit, ours)
        if not looks:
            made = stack.iot.create_keys_and_certificate(setAsActive=True)
            arn = made["certificateArn"]
            stack.iot.attach_thing_principal(thingName=f"{PREFIX}-SN-1", principal=arn)
        looks.append(unit)
        return details

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decommissioning, "look_at", meanwhile)
        assert stack.run("decommission", "SN-1", "--yes").exit_code == 0
    assert stack.iot.list_certificates()["certificates"] == []
    assert stack.iot.list_things()["things"] == []


@pytest.mark.parametrize("answer", ["n\n", "y\n"])
def test_the_question_says_what_becomes_of_the_record(stack, answer):
    stack.enrol("SN-1,gateway,,,,")
    stack.provision("SN-1")
    result = stack.run("decommission", "SN-1", stdin=answer)
    assert "1 record is REVOKED for good" in result.stderr
    removed = answer == "y\n"
    assert stack.record("SN-1").status is (Status.REVOKED if removed else Status.PROVISIONING)


@pytest.mark.parametrize(
    ("records", "status"), [("release", Status.ENROLLED), ("delete", None), ("keep", "as it was")]
)
def test_decommissioning_one_device_leaves_its_record_as_chosen(stack, records, status):
    stack.enrol("SN-1,gateway,,,,", "SN-2,gateway,,,,")
    stack.provision("SN-1")
    other = stack.provision("SN-2")
    result = stack.run("decommission", "SN-1", "--records", records, "--yes")
    assert result.exit_code == 0
    assert [t["thingName"] for t in stack.iot.list_things()["things"]] == [f"{PREFIX}-SN-2"]
    assert stack.certificate_status(other) == "ACTIVE"
    if status is None:
        assert stack.item("SN-1") is None
    else:
        expected = Status.PROVISIONING if records == "keep" else status
        assert stack.record("SN-1").status is expected
    assert stack.run("decommission", "SN-9", "--yes").exit_code == 1


def test_old_versions_of_a_template_are_pruned(stack):
    name = f"{PREFIX}-fleet"
    role = f"arn:aws:iam::{stack.account.account_id}:role/provisioning"
    certificate = {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}
    resources = {"certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate}}
    body = json.dumps({"Parameters": {}, "Resources": resources})
    stack.iot.create_provisioning_template(
        templateName=name, templateBody=body, provisioningRoleArn=role
    )
    for _ in range(4):
        stack.iot.create_provisioning_template_version(
            templateName=name, templateBody=body, setAsDefault=True
        )
    dry = stack.run("prune-template-versions", "fleet", "--dry-run")
    assert dry.stdout == f"{name}: version 3, 2, 1 would be deleted, version 5, 4 kept.\n"
    assert stack.run("prune-template-versions", "fleet").exit_code == 0
    versions = stack.iot.list_provisioning_template_versions(templateName=name)["versions"]
    assert sorted(version["versionId"] for version in versions) == [4, 5]
    assert stack.run("prune-template-versions", "other").exit_code == 1
