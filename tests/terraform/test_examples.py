"""Every example, applied as a user would: planned again, and searched for private keys."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.terraform import CHANGES, ROOT, Plan
from tools.device.maker import key_to_pem

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]

# Applied elsewhere: two whole stacks in tests/e2e/test_two_regions.py, once for all that look at
# them, and by test_rollout.py what is for many accounts, and alone in none.
ELSEWHERE = {"multi-region", "multi-account"}
EXAMPLES = sorted(
    path.name
    for path in (ROOT / "terraform/examples").iterdir()
    if path.is_dir() and path.name not in ELSEWHERE
)
JUST_IN_TIME = "jitp"
BASELINE = "account-baseline"
WITH_CLAIMS = [name for name in EXAMPLES if name not in {JUST_IN_TIME, BASELINE}]
MARKER = "PRIVATE KEY"
KEY_ATTRIBUTES = {"private_key", "private_key_pem", "secret", "password"}


@pytest.fixture(params=EXAMPLES)
def example(request):
    # An example without a fixture of its name in tf_fixtures.py is an error here.
    return request.getfixturevalue(request.param)


def run(applied, *arguments, accept=(0,)):
    runner = applied.terraform
    done = subprocess.run(
        [runner.tf_bin, *arguments],
        cwd=runner.module_dir,
        env={**os.environ, "TF_DATA_DIR": runner.work_dir},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in accept, done.stdout + done.stderr
    return done


def plan_again(applied):
    state, plan = f"-state={applied.terraform.state_path}", Path(applied.work_dir) / "again"
    options = ("-input=false", "-no-color", "-detailed-exitcode")
    done = run(applied, "plan", *options, state, f"-out={plan}", accept=(0, CHANGES))
    if done.returncode != CHANGES:
        return Plan(changed=False)
    return Plan(changed=True, document=json.loads(run(applied, "show", "-json", str(plan)).stdout))


def text(value):
    return isinstance(value, str) and value != ""


def secrets_in(value, path=""):
    """Where a document holds a private key, or an attribute of that name with a value."""
    if isinstance(value, str):
        return [path] if MARKER in value else []
    if isinstance(value, dict):
        # Plans also hold truth values of these names: whether a value is sensitive or not known.
        named = [f"{path}.{key}" for key in value if key in KEY_ATTRIBUTES and text(value[key])]
        return named + [p for key in value for p in secrets_in(value[key], f"{path}.{key}")]
    if isinstance(value, list):
        return [p for index, one in enumerate(value) for p in secrets_in(one, f"{path}[{index}]")]
    return []


def test_the_search_finds_what_a_certificate_without_a_signing_request_leaves():
    naive = {"resources": [{"attributes": {"private_key": "x", "note": f"-----BEGIN {MARKER}"}}]}
    assert secrets_in(naive) == [
        ".resources[0].attributes.private_key",
        ".resources[0].attributes.note",
    ]


def test_a_second_plan_is_empty(example):
    plan = plan_again(example)
    assert plan.changes == {}
    assert not plan.changed, "only outputs change"


@pytest.mark.failure_mode("S9")
def test_no_private_key_is_in_state_or_plan(example, claim_key, makers):
    plan = run(example, "show", "-json", str(Path(example.work_dir) / "tfplan")).stdout
    state = Path(example.terraform.state_path).read_text()
    assert secrets_in({"state": json.loads(state), "plan": json.loads(plan)}) == []
    pems = [claim_key.key_file.read_text(), *(key_to_pem(maker.key) for maker in makers.values())]
    for key in (pem.splitlines()[1] for pem in pems):
        assert key not in state
        assert key not in plan


def test_the_search_looked_at_a_claim_certificate(complete):
    instances = complete.resources["aws_iot_certificate"]["claim"]
    assert "BEGIN CERTIFICATE REQUEST" in instances["csr"]
    assert "BEGIN CERTIFICATE" in instances["certificate_pem"]


def test_the_search_looked_at_the_certificates_of_two_cas(jitp, makers):
    state = Path(jitp.terraform.state_path).read_text()
    for maker in makers.values():
        assert json.dumps(maker.certificate_pem).strip('"') in state


@pytest.mark.failure_mode("O4")
def test_two_stacks_live_in_one_account(minimal_stack, complete_stack):
    assert minimal_stack.endpoint == complete_stack.endpoint
    iot = minimal_stack.client("iot")
    for stack in (minimal_stack, complete_stack):
        for kind in stack.outputs["device_types"].values():
            iot.describe_thing_type(thingTypeName=kind["thing_type_name"])
            iot.get_policy(policyName=kind["policy_name"])
        quarantine = stack.outputs["device_lifecycle"]["quarantine_group_name"]
        beside = {stack.outputs["parent_thing_group_name"], quarantine}
        groups = {
            child["groupName"]
            for page in iot.get_paginator("list_thing_groups").paginate()
            for child in page["thingGroups"]
            if child["groupName"].startswith(f"{stack.name_prefix}-")
        }
        kinds = {kind["thing_group_name"] for kind in stack.outputs["device_types"].values()}
        assert groups == kinds | beside


@pytest.mark.failure_mode("B20")
@pytest.mark.parametrize("example", WITH_CLAIMS)
def test_a_device_provisions_itself_through_every_example_with_claims(example, request):
    stack = request.getfixturevalue(f"{example}_stack")
    kind = min(stack.outputs["device_types"])
    stack.enrol("SN-EXAMPLE", device_type=kind)
    result = stack.provision("SN-EXAMPLE", kind)
    assert result.thing_name == f"{stack.name_prefix}-SN-EXAMPLE"


@pytest.mark.parametrize("name", ["sensor-maker", "gateway-maker"])
def test_a_device_of_each_maker_comes_up_through_the_example(jitp_stack, makers, name):
    prefix = jitp_stack.name_prefix
    things = {"sensor-maker": f"{prefix}-sensor-1", "gateway-maker": f"{prefix}-SN-EXAMPLE"}
    jitp_stack.enrol("SN-EXAMPLE", device_type="gateway")
    subject = {"SerialNumber": "SN-EXAMPLE", "Country": "FR", "Organization": "Northwind"}
    credentials = makers[name].device(subject | {"CommonName": f"{prefix}-sensor-1"})
    result = jitp_stack.come_up(credentials, things[name])
    assert result.attempts > 1
    assert things[name] in jitp_stack.thing_names()


@pytest.mark.parametrize(
    ("configuration", "variables"),
    [
        ("complete", {}),
        ("account-baseline", {}),
        ("jitp", {"sensor_cas": "sensor-maker", "gateway_cas": "gateway-maker"}),
    ],
)
def test_create_false_plans_nothing(workspace, makers, configuration, variables):
    given = {name: {ca: makers[ca].certificate_pem} for name, ca in variables.items()}
    plan = workspace(f"terraform/examples/{configuration}", create=False, **given).plan()
    assert plan.changes == {}
