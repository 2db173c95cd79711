"""Rollouts from a manifest, with Terraform, checkov and roles in other accounts.

The command runs as an operator's does, from the environment of an account that holds the states.
"""

import json
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.support.endpoint import client, new_account
from tests.support.terraform import ROOT
from tools.cli import errors

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]

REGIONS = ["eu-west-1", "eu-west-2"]
HANDSHAKE = "a-handshake"
FIXTURE = ROOT / "tests/terraform/fixtures/one-policy"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class Manifest:
    """A manifest in a directory, and the runs of it."""

    def __init__(self, directory, owner, accounts, **content):
        self.directory, self.owner = directory, owner
        self.accounts = {name: new_account(owner) for name in accounts}
        self.path = directory / "rollout.yaml"
        self.report_file = directory / "rollout.json"
        whole = {
            "version": 1,
            "accounts": {name: each.account_id for name, each in self.accounts.items()},
            **content,
        }
        self.path.write_text(yaml.safe_dump(whole, sort_keys=False))

    def run(self, *options):
        """Run it; returns the exit code, and all that it printed."""
        command = ["-m", "tools", "rollout", "run", self.path, "--report", self.report_file]
        done = subprocess.run(
            [sys.executable, *command, *options],
            cwd=ROOT,
            env={**self.owner.environment(), "PYTHONPATH": f"{ROOT}:{ROOT / 'lambda_src'}"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def make_roles(self):
        """Let the owner of the states become `rollout` in each account, with the handshake."""
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{self.owner.account_id}:root"},
            "Condition": {"StringEquals": {"sts:ExternalId": HANDSHAKE}},
        }
        rights = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        for account in self.accounts.values():
            iam = client(account, "iam")
            iam.create_role(RoleName="rollout", AssumeRolePolicyDocument=document(trust))
            iam.put_role_policy(
                RoleName="rollout", PolicyName="everything", PolicyDocument=document(rights)
            )

    @property
    def devices_connect(self):
        """Options that say where."""
        trusted = [f"--ca-file={self.owner.ca_file}"] if self.owner.ca_file else []
        return [f"--address={self.owner.mqtt_host}", f"--port={self.owner.mqtt_port}", *trusted]

    def records(self):
        report = json.loads(self.report_file.read_text())
        return {record["key"]: record for record in report["records"]}

    def iot(self, key):
        name, _, region = key.partition("/")
        return client(self.accounts[name].in_region(region), "iot")

    def policies(self, key):
        return {each["policyName"] for each in self.iot(key).list_policies()["policies"]}


def defaults(**variables):
    return {
        "role_arn": "arn:aws:iam::{account_id}:role/rollout",
        "external_id": HANDSHAKE,
        "variables": variables,
    }


@pytest.fixture
def two(tmp_path, account):
    """Two accounts of one Region, each a wave, with their states in a bucket of the owner's."""
    client(account, "s3").create_bucket(
        Bucket="states", CreateBucketConfiguration={"LocationConstraint": account.region}
    )
    # A configuration from elsewhere: it needs nothing outside of its directory.
    shutil.copytree(FIXTURE, tmp_path / "stack")
    settings = {
        "bucket": "states",
        "key": "{account_name}/{region}.tfstate",
        "region": account.region,
        "use_path_style": True,
    }
    return Manifest(
        tmp_path,
        account,
        ["first", "second"],
        configuration="stack",
        packages={"directory": str(ROOT / "build")},
        backend={"type": "s3", "settings": settings},
        regions=REGIONS[:1],
        defaults=defaults(topic="telemetry"),
        overrides=[{"accounts": ["second"], "variables": {"topic": "*"}}],
        waves=[{"name": name, "accounts": [name]} for name in ("first", "second")],
    )


def test_what_policies_refuse_is_not_applied_and_what_is_mended_goes_on(two):
    """A policy that lets its device publish everywhere is refused in the second wave."""
    code, output = two.run("--no-verify")
    assert code == errors.PARTLY, output
    assert "Wave second stopped: 1 of 1 failed, and none may. second/eu-west-1 in gate" in output
    assert two.policies("first/eu-west-1") == {"rollout"}
    assert two.policies("second/eu-west-1") == set()

    content = yaml.safe_load(two.path.read_text())
    del content["overrides"]
    two.path.write_text(yaml.safe_dump(content))
    code, output = two.run("--no-verify", "--resume")
    assert code == errors.DONE, output
    assert "first/eu-west-1: prepare" not in output
    assert two.policies("second/eu-west-1") == {"rollout"}
    # Neither where states are, nor what else the owner of the states has.
    assert not client(two.owner, "iot").list_policies()["policies"]
    assert set(two.records()) == {"first/eu-west-1", "second/eu-west-1"}


@pytest.fixture
def six(tmp_path, auth_account):
    """Three accounts in two Regions, each account a wave, with the smallest stack that is one.

    Where policies are enforced: the verification sees to it that a device cannot be another.
    """
    accounts = ["north", "south", "west"]
    made = Manifest(
        tmp_path,
        auth_account,
        accounts,
        configuration=str(ROOT / "terraform/examples/multi-account"),
        backend={"type": "local", "settings": {"path": "states/{account_name}-{region}.tfstate"}},
        regions=REGIONS,
        defaults=defaults(
            device_types={"temperature-sensor": {}},
            device_lifecycle={"enabled": False},
            monitoring={"enabled": False},
        ),
        waves=[{"name": name, "accounts": [name], "max_parallel": 2} for name in accounts],
    )
    made.make_roles()
    return made


@pytest.mark.rollout
@pytest.mark.timeout(1200)
def test_three_accounts_in_two_regions_in_three_waves(six):
    code, output = six.run("--dry-run")
    assert code == errors.DONE, output
    assert not six.report_file.exists()
    assert all(not six.policies(f"north/{region}") for region in REGIONS)

    # Somebody made by hand, in one Region of the second wave, what the stack is to make.
    nobody = document({"Effect": "Deny", "Action": "iot:Connect", "Resource": "*"})
    six.iot("south/eu-west-2").create_policy(
        policyName="acme-temperature-sensor", policyDocument=nobody
    )
    code, output = six.run(*six.devices_connect)
    assert code == errors.PARTLY, output
    records = six.records()
    assert {key: record["status"] for key, record in records.items()} == {
        "north/eu-west-1": "SUCCEEDED",
        "north/eu-west-2": "SUCCEEDED",
        "south/eu-west-1": "SUCCEEDED",
        "south/eu-west-2": "FAILED",
    }
    assert "Wave south stopped" in output
    assert "south/eu-west-2 in apply: " in output
    reason = records["south/eu-west-2"]["reason"]
    assert 'aws_iot_policy.this["temperature-sensor"]' in reason
    assert "ResourceAlreadyExists" in reason
    assert all(not six.policies(f"west/{region}") for region in REGIONS)

    six.iot("south/eu-west-2").delete_policy(policyName="acme-temperature-sensor")
    code, output = six.run("--resume", *six.devices_connect)
    assert code == errors.DONE, output
    assert "north/eu-west-1: prepare" not in output
    assert "south/eu-west-1: prepare" not in output
    records = six.records()
    assert len(records) == 6
    # A device provisioned itself in each, as the role that applied.
    assert all(record["checks"] for record in records.values())
    assert all(check["passed"] for record in records.values() for check in record["checks"])
    for name in six.accounts:
        for region in REGIONS:
            assert "acme-temperature-sensor" in six.policies(f"{name}/{region}")

    code, output = six.run(*six.devices_connect)
    assert code == errors.DONE, output
    assert {record["plan"]["changed"] for record in six.records().values()} == {False}
