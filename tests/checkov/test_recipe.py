"""What the pack says about a published recipe, kept as Terraform in recipe/: a bad example."""

import pytest

from tests.support.checkov_pack import FIXTURES, planned, scan

RECIPE = FIXTURES / "recipe"
# Each with the mistake that it finds; recipe/README.md says more.
FAILING = {
    "CKV_AWSIOT_1": "any account may use the provisioning role through AWS IoT",
    "CKV_AWSIOT_5": "the hook works for 60 seconds, and AWS IoT waits for five",
    "CKV_AWSIOT_7": "the policy's name is put together from what the device sent",
    "CKV_AWSIOT_21": "each device may connect as every other of its type, a claim as anybody",
    "CKV_AWSIOT_27": "each device may publish as every other of its type",
    "CKV_AWSIOT_28": "each device may change the shadow of every other of its type",
    "CKV_AWSIOT_29": "a claim may read and answer the requests of other devices",
    "CKV_AWSIOT_30": "the claim's private key is in the state",
    "CKV_AWSIOT_32": "the registry has no key of its own",
    "CKV_AWSIOT_33": "a lost registry cannot be restored",
    "CKV_AWSIOT_34": "the registry can be deleted by mistake",
    "CKV_AWSIOT_35": "logs are kept for ever",
    "CKV_AWSIOT_36": "what the audit rule cannot deliver is lost",
    "CKV_AWSIOT_37": "the audit rule is read by the version of 2015",
    "CKV_AWSIOT_43": "three parameters are referred to and not declared",
    "CKV_AWSIOT_44": "the hook reaches every table whose name begins like the registry's",
    "CKV_AWSIOT_45": "the audit rule's topic is in double quotes and matches nothing",
}


def failing(*arguments):
    return {
        record["check_id"]
        for record in scan(*arguments)
        if record["check_result"]["result"] == "FAILED"
    }


def test_the_recipe_fails_as_hcl():
    assert failing("--framework", "terraform", "--directory", str(RECIPE)) == set(FAILING)
    assert len(FAILING) >= 15


def test_the_recipe_fails_as_a_plan(tmp_path):
    file = str(planned(tmp_path, {"recipe": {"source": str(RECIPE)}}))
    assert failing("--framework", "terraform_plan", "--file", file) == set(FAILING)


@pytest.mark.parametrize("path", sorted(RECIPE.glob("*.tf")), ids=lambda path: path.name)
def test_each_file_says_what_it_is(path):
    assert path.read_text().startswith("# A BAD EXAMPLE, NEVER TO BE APPLIED")
