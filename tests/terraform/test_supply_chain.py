"""The code that was published is the code that runs: each function's expected sum and signature.

Only planned, but for the package that is exchanged between plan and apply.
"""

import base64
import json
import re
import shutil

import pytest

from tests.support.endpoint import client
from tests.support.stack import PROVIDER, ClaimKey
from tests.support.terraform import ROOT, TerraformError, Workspace, stage
from tools.device.maker import Maker
from tools.packaging import SUMS

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]

# The root's variable that says which package, and the functions that are made from it.
FUNCTIONS = {
    "hook": ["chain-provisioning-hook"],
    "gate": ["chain-maker-gate"],
    "template_versions": ["chain-template-versions"],
    "device_lifecycle": [
        "chain-lifecycle-audit",
        "chain-lifecycle-confirmation",
        "chain-lifecycle-enforcement",
        "chain-lifecycle-sweep",
    ],
    "claim_guard": ["chain-claim-guard"],
    "canary": ["chain-canary"],
}
PACKAGES = {
    "hook": "provisioning_hook.zip",
    "gate": "jitr_gate.zip",
    **{
        name: f"{name}.zip"
        for name in ("template_versions", "device_lifecycle", "claim_guard", "canary")
    },
}
OTHER = "0" * 64


def signing(number):
    return f"arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-{number:017}"


SIGNING = {name: signing(number) for number, name in enumerate(FUNCTIONS)}


def published():
    """The sums that were published with the packages, by the package's name."""
    lines = (ROOT / "build" / SUMS).read_text().splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


@pytest.fixture(scope="module")
def everything(root, tmp_path_factory):
    """`everything(by_package)`: the root module with all its functions; arguments for each."""
    base = {
        "name_prefix": "chain",
        "device_types": {"sensor": {"topics": {"publish": ["telemetry"]}}},
        "templates": {
            "factory": {
                "claim_certificates": {
                    "line-1": {"csr_pem": ClaimKey(tmp_path_factory.mktemp("claim")).csr_pem}
                }
            }
        },
        "certificate_authorities": {
            "maker": {
                "certificate_pem": Maker({"CommonName": "maker"}).certificate_pem,
                "gate": "registry",
                "gate_settings": {"device_type": {"value": "sensor"}},
            }
        },
        "monitoring": {"claim_budgets": {"factory/line-1": 500}},
    }
    workspace, _ = root(**base)

    def set_(by_package):
        chosen = {name: {"enabled": True, **by_package[name]} for name in ("claim_guard", "canary")}
        workspace.set({**base, **by_package, **chosen})
        return workspace

    return set_


def functions(plan):
    """The planned functions, by name."""
    return {
        change["change"]["after"]["function_name"]: change["change"]["after"]
        for change in plan.document["resource_changes"]
        if change["type"] == "aws_lambda_function"
    }


def test_every_function_takes_the_published_package_and_asks_for_its_signature(everything):
    sums = published()
    assert sorted(sums) == sorted(PACKAGES.values())
    planned = functions(
        everything(
            {
                name: {
                    "package_sha256": sums[PACKAGES[name]],
                    "code_signing_config_arn": SIGNING[name],
                }
                for name in FUNCTIONS
            }
        ).plan()
    )
    asked = {name: function["code_signing_config_arn"] for name, function in planned.items()}
    assert asked == {
        function: SIGNING[name] for name, made in FUNCTIONS.items() for function in made
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_refuses_another_package_at_plan(everything, name):
    others = {other: {} for other in FUNCTIONS}
    workspace = everything({**others, name: {"package_sha256": OTHER}})
    _, output = workspace.run("plan", "-json", "-input=false", accept=(1,))
    messages = [json.loads(line) for line in output.splitlines()]
    refused = [message["diagnostic"] for message in messages if "diagnostic" in message]
    assert len(refused) == len(FUNCTIONS[name])
    for diagnostic in refused:
        assert diagnostic["summary"] == "Resource precondition failed"
        sentence = f"package_sha256: modules/.*/build/{PACKAGES[name]} is not the package that was"
        assert re.match(sentence, diagnostic["detail"])


def test_a_package_that_is_exchanged_between_plan_and_apply_is_not_deployed(tmp_path, account):
    package = tmp_path / "artifact.zip"
    variables = {
        "name_prefix": "chain",
        "template_names": ["chain-factory"],
        "package_path": str(package),
    }
    workspace = Workspace(stage(tmp_path / "copy"), "terraform/modules/template-versions", account)
    (workspace.directory / "provider.tf").write_text(PROVIDER)
    workspace.init()
    published_sum = published()["template_versions.zip"]
    for expected, refusal in [
        (published_sum, "is not the package that was asked for"),
        # Without a sum Terraform still holds what was planned against what it is about to send.
        (None, r"invalid new value for\s+\.source_code_hash"),
    ]:
        workspace.set({**variables, "package_sha256": expected})
        shutil.copyfile(ROOT / "build/template_versions.zip", package)
        workspace.plan()
        shutil.copyfile(ROOT / "build/claim_guard.zip", package)
        with pytest.raises(TerraformError, match=refusal):
            workspace.run("apply", "-no-color", "-input=false", "tfplan")
        assert client(account, "lambda").list_functions()["Functions"] == []
    shutil.copyfile(ROOT / "build/template_versions.zip", package)
    workspace.apply()
    (deployed,) = client(account, "lambda").list_functions()["Functions"]
    assert base64.b64decode(deployed["CodeSha256"]).hex() == published_sum
