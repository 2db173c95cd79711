"""The endpoint's services ask the policies of roles before they act, as tests/support/authority.py
has them do, with the source that they act for.
"""

import contextlib
import json

import pytest

from tests.support.capabilities import Capability, requires
from tools.device.failures import Rejected

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

KIND = "gateway"
FORBIDDEN = 403
ELSEWHERE = "999999999999"


@contextlib.contextmanager
def trusting(stack, role, operator, key, value):
    """Change one condition of a role's trust policy for a while."""
    iam = stack.client("iam")
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    changed = json.loads(json.dumps(before))
    conditions = changed["Statement"][0]["Condition"]
    assert key in conditions[operator]
    conditions[operator][key] = value
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(changed))
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))


OF_ANOTHER = [
    ("StringEquals", "aws:SourceAccount", ELSEWHERE),
    ("ArnLike", "aws:SourceArn", f"arn:aws:iot:eu-west-1:{ELSEWHERE}:*"),
    ("ArnLike", "aws:SourceArn", "arn:aws:iot:*:*:provisioningtemplate/acme-field-service"),
]


@pytest.mark.parametrize(("operator", "key", "value"), OF_ANOTHER)
def test_a_provisioning_role_is_taken_for_whom_it_trusts(
    guarded, serial_number, operator, key, value
):
    guarded.enrol(serial_number, device_type=KIND)
    role = guarded.role_name("factory-provision")
    with trusting(guarded, role, operator, key, value), pytest.raises(Rejected) as rejected:
        guarded.provision(serial_number, KIND, claim=guarded.claim)
    assert rejected.value.status_code == FORBIDDEN
    own = f"{guarded.template()['arn'].rpartition('/')[0]}/acme-factory"
    with trusting(guarded, role, "ArnLike", "aws:SourceArn", own):
        guarded.provision(serial_number, KIND, claim=guarded.claim)


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("StringEquals", "aws:SourceAccount", ELSEWHERE),
        ("ArnLike", "aws:SourceArn", "arn:aws:lambda:*:*:function:acme-other"),
    ],
)
def test_a_function_runs_only_with_a_role_that_trusts_it(guarded, operator, key, value):
    functions, name = guarded.client("lambda"), guarded.outputs["hook_function_name"]

    def error():
        answer = functions.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
        return json.loads(answer["Payload"].read()).get("errorMessage")

    assert error() is None
    with trusting(guarded, guarded.role_name("provisioning-hook"), operator, key, value):
        assert error() == "The role defined for the function cannot be assumed by Lambda."
    assert error() is None
