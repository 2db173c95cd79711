"""What changes at AWS when the configuration of a running stack changes, and what must not."""

import pytest

from tests.support.stack import ClaimKey, Stack
from tools.device.failures import ConnectionRefused, Rejected

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]

TOPICS = {"topics": {"publish": ["telemetry"]}}
TEMPLATE = 'module.fleet_template["factory"].aws_iot_provisioning_template.this[0]'
CERTIFICATE = 'module.fleet_template["factory"].aws_iot_certificate.claim["line-1"]'


class Running:
    """A stack that tests change, one after the other; each says the whole of what it wants.

    What a test before switched off is thereby switched on again, so each leaves that out of what
    it looks at.
    """

    def __init__(self, root, directory):
        self.key = ClaimKey(directory)
        self.directory = directory
        self.workspace, self.account = root(**self.variables())
        self.workspace.apply()
        self.claim = self.key.claim(self.certificate["pem"])

    def variables(self, *, kinds=("sensor", "lock"), hook=None, enabled=True, active=True):
        certificates = {"line-1": {"csr_pem": self.key.csr_pem, "active": active}}
        return {
            "name_prefix": "live",
            "device_types": dict.fromkeys(kinds, TOPICS),
            "hook": hook or {},
            "templates": {"factory": {"enabled": enabled, "claim_certificates": certificates}},
        }

    def plan(self, **changes):
        self.workspace.set(self.variables(**changes))
        return self.workspace.plan()

    def apply(self, **changes):
        """Apply, and return what was changed."""
        plan = self.plan(**changes)
        self.workspace.run("apply", "-no-color", "-input=false", "tfplan")
        return plan.changes

    @property
    def stack(self):
        return Stack(self.workspace.outputs(), self.account, self.directory / "devices")

    @property
    def certificate(self):
        return self.stack.template()["claim_certificates"]["line-1"]


@pytest.fixture(scope="module")
def running(root, tmp_path_factory):
    return Running(root, tmp_path_factory.mktemp("running"))


def function_of(stack):
    answer = stack.client("lambda").get_function(
        FunctionName=stack.outputs["hook_function_name"], Qualifier="live"
    )
    return answer["Configuration"]


def of_kind(kind):
    """The addresses of what is made for one kind of device."""
    resources = (
        "aws_iot_policy.this",
        "aws_iot_thing_group.this",
        "aws_iot_thing_type.this",
        "aws_ssm_parameter.first_shadow",
    )
    return {f'module.device_catalog.{resource}["{kind}"]' for resource in resources}


def test_a_change_of_the_hook_is_a_new_version_behind_the_same_arn(running):
    stack = running.stack
    before, template_before = function_of(stack), stack.describe_template()

    changes = running.apply(hook={"timeout": 5, "claim_lease_seconds": 7200})

    # The dashboard draws the hook's timeout.
    assert changes == {
        address: ["update"]
        for address in (
            "module.provisioning_hook.module.function.aws_lambda_function.this[0]",
            "module.provisioning_hook.module.function.aws_lambda_alias.this[0]",
            "module.monitoring.aws_cloudwatch_dashboard.this[0]",
        )
    }
    after, template_after = function_of(stack), stack.describe_template()
    assert int(after["Version"]) == int(before["Version"]) + 1
    assert after["Timeout"] == 5
    assert after["Environment"]["Variables"]["CLAIM_LEASE_SECONDS"] == "7200"
    assert template_after["preProvisioningHook"] == template_before["preProvisioningHook"]
    assert template_after["preProvisioningHook"]["targetArn"].endswith(":live")
    # The permission is still the alias's: a device gets through, with the new lease.
    stack.enrol("SN-HOOK", device_type="sensor")
    stack.provision("SN-HOOK", "sensor", claim=running.claim)
    record = stack.record("SN-HOOK")
    assert record.lease_expires_at - record.claimed_at == 7200


def test_a_template_can_be_switched_off(running):
    changes = running.apply(enabled=False)
    assert changes.pop(TEMPLATE) == ["update"]
    assert not [address for address in changes if "module.fleet_template" in address]
    stack = running.stack
    assert stack.describe_template()["enabled"] is False
    stack.enrol("SN-OFF", device_type="sensor")
    with pytest.raises(Rejected, match="not enabled"):
        stack.provision("SN-OFF", "sensor", claim=running.claim)
    assert stack.thing_names().isdisjoint({"live-SN-OFF"})
    assert stack.record("SN-OFF").status == "ENROLLED"


def test_a_leaked_claim_certificate_can_be_switched_off_alone(running):
    changes = running.apply(active=False)
    changes.pop(TEMPLATE, None)
    assert changes == {CERTIFICATE: ["update"]}
    stack = running.stack
    described = stack.client("iot").describe_certificate(certificateId=running.certificate["id"])
    assert described["certificateDescription"]["status"] == "INACTIVE"
    stack.enrol("SN-LEAK", "SN-TRUSTED", device_type="sensor")
    with pytest.raises(ConnectionRefused):
        stack.provision("SN-LEAK", "sensor", claim=running.claim)
    # Trusted users still get in through the same template.
    stack.provision("SN-TRUSTED", "sensor")


def test_another_kind_of_device_changes_nothing_for_the_others(running):
    changes = running.apply(kinds=("sensor", "lock", "camera"))
    for switched_on_again in (TEMPLATE, CERTIFICATE):
        changes.pop(switched_on_again, None)
    assert changes == {address: ["create"] for address in of_kind("camera")}
    stack = running.stack
    stack.enrol("SN-CAMERA", device_type="camera")
    stack.provision("SN-CAMERA", "camera", claim=running.claim)
    assert stack.thing("SN-CAMERA")["thingTypeName"] == "live-camera"


def test_one_kind_less_removes_that_kind_alone(running):
    kinds = set(running.stack.outputs["device_types"])
    # Only planned: AWS deletes a thing type five minutes after its deprecation at the earliest.
    changes = running.plan(kinds=kinds - {"lock"}).changes
    for switched_on_again in (TEMPLATE, CERTIFICATE):
        changes.pop(switched_on_again, None)
    assert changes == {address: ["delete"] for address in of_kind("lock")}
