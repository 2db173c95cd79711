"""Settings that an account and Region has once belong to account-baseline, and to nothing else.

Two stacks that manage one of them overwrite each other at every apply, so none but that module may
have such a resource, no role of ours may make such a call, and no code of ours does.
"""

import re

import pytest

from tests.support.terraform import ROOT
from tools.terraform_docs import blocks

HOME = "modules/account-baseline"
# Of the provider's resources, those that stand for a setting of the account or of the account in a
# Region. A CloudFormation stack is one by what it holds, so it is here too.
SINGLETONS = {
    "aws_account_alternate_contact",
    "aws_account_primary_contact",
    "aws_account_region",
    "aws_api_gateway_account",
    "aws_cloudcontrolapi_resource",
    "aws_cloudformation_stack",
    "aws_cloudformation_stack_set",
    "aws_cloudwatch_log_account_policy",
    "aws_cloudwatch_log_resource_policy",
    "aws_ebs_default_kms_key",
    "aws_ebs_encryption_by_default",
    "aws_ebs_snapshot_block_public_access",
    "aws_ec2_image_block_public_access",
    "aws_ec2_instance_metadata_defaults",
    "aws_guardduty_detector",
    "aws_iam_account_alias",
    "aws_iam_account_password_policy",
    "aws_iam_security_token_service_preferences",
    "aws_iot_event_configurations",
    "aws_iot_indexing_configuration",
    "aws_iot_logging_options",
    "aws_s3_account_public_access_block",
    "aws_securityhub_account",
    "aws_servicequotas_service_quota",
    "aws_ses_active_receipt_rule_set",
    "aws_sns_sms_preferences",
    "aws_ssm_service_setting",
    "aws_xray_encryption_config",
    "aws_xray_resource_policy",
}
OURS = {
    "aws_cloudformation_stack",
    "aws_iot_event_configurations",
    "aws_iot_indexing_configuration",
    "aws_iot_logging_options",
}
# The calls behind them, as IAM names them.
CALLS = {
    "DeleteAccountAuditConfiguration",
    "DeleteV2LoggingLevel",
    "SetLoggingOptions",
    "SetV2LoggingLevel",
    "SetV2LoggingOptions",
    "UpdateAccountAuditConfiguration",
    "UpdateEventConfigurations",
    "UpdateIndexingConfiguration",
}
RESOURCE = re.compile(r'^\s*resource\s+"(\w+)"', re.MULTILINE)


def snake(call):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", call).lower()


def terraform_files(*, home):
    """The configurations of the module at home, or those of all others."""
    return [
        path
        for path in sorted((ROOT / "terraform").glob("**/*.tf"))
        if ".terraform" not in path.parts and (HOME in path.as_posix()) == home
    ]


def kinds(path):
    return set(RESOURCE.findall(path.read_text()))


def test_the_module_has_these_and_no_other_singleton():
    found = set().union(*map(kinds, terraform_files(home=True)))
    assert found & SINGLETONS == OURS


@pytest.mark.parametrize(
    "path", terraform_files(home=False), ids=lambda path: str(path.relative_to(ROOT))
)
def test_nothing_else_has_one(path):
    assert kinds(path) & SINGLETONS == set()


def test_every_resource_is_found():
    """What the search above sees is what a parser sees."""
    for path in (path for home in (True, False) for path in terraform_files(home=home)):
        text = path.read_text()
        assert len(RESOURCE.findall(text)) == len(list(blocks(text, "resource")))


def test_nobody_calls_the_module_on_behalf_of_a_user():
    """It is a call of its own: a stack that is applied twice must not bring it along."""
    callers = {
        path.parent.relative_to(ROOT).as_posix()
        for path in terraform_files(home=False)
        if "account-baseline" in path.read_text()
    }
    assert callers == {"terraform/examples/account-baseline"}


@pytest.mark.parametrize("call", sorted(CALLS))
def test_no_role_may_make_the_call_and_no_code_makes_it(call):
    policies = [path for path in (ROOT / "policies").glob("**/*") if path.is_file()]
    code = [path for name in ("lambda_src", "tools") for path in (ROOT / name).glob("**/*.py")]
    assert policies
    assert code
    words = re.compile(rf"iot:{call}\b|\b{snake(call)}\b")
    found = [
        str(path.relative_to(ROOT)) for path in policies + code if words.search(path.read_text())
    ]
    assert found == []


def test_no_role_may_call_everything_of_aws_iot():
    """Which would let it make those calls without naming them."""
    wide = re.compile(r'"(?:iot:(?:\*|(?:Set|Update|Delete|Create)\w*\*)|\*)"')
    for path in (ROOT / "policies/iam").glob("*.tftpl"):
        actions = re.findall(r'"?Action"?\s*[:=]\s*(\[[^\]]*\]|"[^"]*")', path.read_text())
        assert not [action for action in actions if wide.search(action)], path.name
