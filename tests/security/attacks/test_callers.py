"""Who else calls the hook: templates, accounts and people that it does not serve."""

import json
from fnmatch import fnmatchcase

import pytest

from tests.security.attacks.attempt import against, denied, held
from tests.security.attacks.protections import Protection
from tests.support.capabilities import Capability, requires
from tests.support.endpoint import client

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]


def hook_arn(stack):
    return stack.describe_template()["preProvisioningHook"]["targetArn"]


def statements(stack):
    """The hook's own policy: who may call it."""
    answer = stack.client("lambda").get_policy(
        FunctionName=stack.outputs["hook_function_name"], Qualifier="live"
    )
    return json.loads(answer["Policy"])["Statement"]


def lets_iot_call(statement, template_arn, account_id):
    """Whether AWS IoT may call for this template of this account, by the rules of IAM."""
    principal = statement["Principal"]
    if principal not in ("*", {"Service": "iot.amazonaws.com"}):
        return False
    said = {"aws:sourcearn": template_arn, "aws:sourceaccount": account_id}
    for values in statement.get("Condition", {}).values():
        for key, pattern in values.items():
            if not fnmatchcase(said[key.lower()], pattern):
                return False
    return True


@pytest.mark.failure_mode("B2", "S8")
@against(Protection.HOOK_SOURCE)
def test_a_second_template_calls_the_hook(guarded):
    """AWS IoT looks at the hook's policy when a template is made, and each time it calls."""
    iot, ours, name = guarded.client("iot"), guarded.describe_template(), "acme-factory-2"
    try:
        refusal = denied(
            iot.create_provisioning_template,
            templateName=name,
            templateBody=ours["templateBody"],
            provisioningRoleArn=ours["provisioningRoleArn"],
            preProvisioningHook=ours["preProvisioningHook"],
            enabled=True,
        )
    except AssertionError:
        iot.delete_provisioning_template(templateName=name)
        raise
    assert "Access denied during lambda validation" in str(refusal)


@against(Protection.HOOK_SOURCE)
def test_another_accounts_template_calls_the_hook(guarded, auth_account):
    """The confused deputy: AWS IoT acts for whoever names the hook's ARN in a template.

    The endpoint lets no function be called from another account, whatever its policy says; so the
    policy itself is read too, by what AWS documents.
    """
    ours = guarded.describe_template()
    theirs = client(auth_account, "iot")
    for name in (ours["templateName"], "theirs"):
        denied(
            theirs.create_provisioning_template,
            templateName=name,
            templateBody=ours["templateBody"],
            provisioningRoleArn=f"arn:aws:iam::{auth_account.account_id}:role/theirs",
            preProvisioningHook={"targetArn": hook_arn(guarded)},
            enabled=True,
        )
        arn = ours["templateArn"].replace(guarded.endpoint.account_id, auth_account.account_id)
        arn = arn.replace(ours["templateName"], name)
        for one in statements(guarded):
            held(
                not lets_iot_call(one, arn, auth_account.account_id),
                f"{one['Sid']} lets another account's template call",
            )
    called_by_us = [
        lets_iot_call(one, ours["templateArn"], guarded.endpoint.account_id)
        for one in statements(guarded)
    ]
    assert any(called_by_us), "nobody may call at all"


@against(Protection.HOOK_PRINCIPAL)
def test_another_account_calls_the_function(guarded, auth_account):
    """Directly; here too the endpoint refuses by itself, so that the policy is read as well."""
    event = {"templateArn": guarded.template()["arn"], "parameters": {}}
    denied(
        client(auth_account, "lambda").invoke,
        FunctionName=hook_arn(guarded),
        Payload=json.dumps(event),
    )
    for one in statements(guarded):
        held(one["Principal"] == {"Service": "iot.amazonaws.com"}, f"{one['Sid']} lets others call")
