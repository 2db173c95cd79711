"""The command against botocore's own checks of what is sent and of what AWS answers."""

import datetime as dt

import boto3
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner

from tests.unit.tools.cli.test_stack import stack_file
from tools.cli.audit_suppress import audit_suppress
from tools.cli.options import Deployment

SHARED = "DEVICE_CERTIFICATE_SHARED_CHECK"
PERMISSIVE = "IOT_POLICY_OVERLY_PERMISSIVE_CHECK"
ONE, OTHER, STRANGER = "c1" * 32, "c2" * 32, "ff" * 32
POLICY = "acme-fleet-claim-register"
TEMPLATES = {
    "fleet": {
        "name": "acme-fleet",
        "claim_certificates": {"line-2": {"id": OTHER}, "line-1": {"id": ONE}},
        "claim_policy_names": {"register": POLICY},
    },
    "bare": {"name": "acme-bare", "claim_certificates": None, "claim_policy_names": None},
}
FOR_EVER = {"suppressIndefinitely": True, "description": "Claims of acme are shared by design."}


@pytest.fixture
def aws(monkeypatch):
    """AWS IoT with answers that are set in order; anything else it is asked is an error."""
    # Credentials that sign a request which is never sent.
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("iot", region_name="eu-west-1", **keys)
    monkeypatch.setattr(Deployment, "iot", client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def run(tmp_path):
    def call(*arguments, templates=TEMPLATES, code=0):
        stack = stack_file(tmp_path, templates=templates)
        result = CliRunner().invoke(audit_suppress, ["--stack", str(stack), *arguments])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return call


def certificate(certificate_id):
    return {"checkName": SHARED, "resourceIdentifier": {"deviceCertificateId": certificate_id}}


def policy(version, name=POLICY):
    identifier = {"policyName": name, "policyVersionId": version}
    return {
        "checkName": PERMISSIVE,
        "resourceIdentifier": {"policyVersionIdentifier": identifier},
    }


def policy_has_version(aws, version):
    aws.add_response("get_policy", {"defaultVersionId": version}, {"policyName": POLICY})


def created(aws, expected):
    aws.add_response("create_audit_suppression", {}, expected)


def test_every_claim_certificate_and_the_present_version_of_each_policy(aws, run):
    policy_has_version(aws, "3")
    for expected in (certificate(ONE), certificate(OTHER), policy("3")):
        created(aws, expected | FOR_EVER)
    output = run().output
    assert output.count("suppressed") == 3
    assert f"certificate {ONE}" in output
    assert f"policy {POLICY}, version 3" in output


def test_until_a_day(aws, run):
    end = {"suppressIndefinitely": False, "expirationDate": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)}
    for expected in (certificate(ONE), certificate(OTHER)):
        created(aws, expected | FOR_EVER | end)
    run("--check", SHARED, "--until", "2100-01-01")


def test_a_suppression_that_there_is_gets_the_new_end(aws, run):
    policy_has_version(aws, "1")
    aws.add_client_error("create_audit_suppression", "ResourceAlreadyExistsException")
    aws.add_response("update_audit_suppression", {}, policy("1") | FOR_EVER)
    assert "renewed" in run("--check", PERMISSIVE).output


def test_another_refusal_ends_the_run(aws, run):
    aws.add_client_error("create_audit_suppression", "LimitExceededException")
    result = run("--check", SHARED, code=1)
    assert "LimitExceededException" in repr(result.exception)


def test_a_dry_run_changes_nothing(aws, run):
    policy_has_version(aws, "2")
    assert run("--dry-run").output.count("would be suppressed") == 3


def listed(aws, check, *found):
    suppressions = [{"checkName": check, **one} for one in found]
    aws.add_response(
        "list_audit_suppressions", {"suppressions": suppressions}, {"checkName": check}
    )


def test_remove_takes_every_version_and_nobody_elses(aws, run):
    listed(aws, SHARED, certificate(STRANGER), certificate(ONE))
    listed(aws, PERMISSIVE, policy("1"), policy("1", "other"), policy("3"))
    for expected in (certificate(ONE), policy("1"), policy("3")):
        aws.add_response("delete_audit_suppression", {}, expected)
    assert run("--remove").output.count("removed") == 3


def test_remove_as_a_dry_run(aws, run):
    listed(aws, SHARED, certificate(OTHER))
    assert "would be removed" in run("--remove", "--dry-run", "--check", SHARED).output


def test_nothing_to_remove(aws, run):
    listed(aws, SHARED)
    assert "nothing to remove" in run("--remove", "--check", SHARED).output


def test_nothing_to_suppress(aws, run):
    only_policies = {"fleet": {"name": "acme-fleet", "claim_policy_names": {"register": POLICY}}}
    result = run("--check", SHARED, templates=only_policies)
    assert "nothing to suppress" in result.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--until", "2020-01-01"), "must be in the future"),
        (("--until", "2100-01-01", "--remove"), "exclude each other"),
        (("--check", "LOGGING_DISABLED_CHECK"), "is not one of"),
    ],
)
def test_what_makes_no_sense_is_refused(run, arguments, sentence):
    assert sentence in run(*arguments, code=2).output


def test_a_stack_without_claims(run):
    output = run(templates={"bare": {"name": "acme-bare"}}, code=1).output
    assert "has no claim certificate and no claim policy" in output


def test_without_a_stack_it_says_what_to_give(monkeypatch):
    monkeypatch.delenv("IOT_PROVISIONING_STACK", raising=False)
    result = CliRunner().invoke(audit_suppress, [])
    assert result.exit_code == 2
    assert "Give --stack FILE" in result.output
