"""What changes at AWS when the configuration of a running stack changes, and what must not."""

import time

import pytest

from tests.support.stack import ClaimKey, Stack
from tools.device.failures import ConnectionRefused, Rejected
from tools.device.model import DeviceSpec, registration_parameters

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]

TOPICS = {"topics": {"publish": ["telemetry"]}}
TEMPLATE = 'module.fleet_template["factory"].aws_iot_provisioning_template.this[0]'
CERTIFICATE = 'module.fleet_template["factory"].aws_iot_certificate.claim["line-1"]'
ALARM = 'module.monitoring.aws_cloudwatch_metric_alarm.this["claim-budget/factory/line-1"]'
DASHBOARD = "module.monitoring.aws_cloudwatch_dashboard.this[0]"
WAIT_SECONDS = 30
# In which what happens at all has happened.
QUIET_SECONDS = 5


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

    def variables(
        self, *, kinds=("sensor", "lock"), hook=None, enabled=True, active=True, budget=None
    ):
        """The stack's variables; with a `budget`, a claim guard watches over it."""
        certificates = {"line-1": {"csr_pem": self.key.csr_pem, "active": active}}
        return {
            "name_prefix": "live",
            "device_types": dict.fromkeys(kinds, TOPICS),
            "hook": hook or {},
            "templates": {"factory": {"enabled": enabled, "claim_certificates": certificates}},
            "claim_guard": {"enabled": budget is not None},
            "monitoring": {"claim_budgets": {"factory/line-1": budget} if budget else {}},
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
    # It does not connect as itself, which would end the lease.
    client_id = stack.template()["claim_client_id_prefix"] + "1"
    with stack.session(running.claim.credentials(), client_id) as session:
        token = session.create_keys_and_certificate().ownership_token
        said = registration_parameters(DeviceSpec("SN-HOOK", "sensor"))
        session.register_thing(stack.template()["name"], token, said)
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


class Claim:
    """The claim certificate, and its alarm."""

    def __init__(self, stack):
        self.stack = stack
        self.certificate_id = stack.template()["claim_certificates"]["line-1"]["id"]
        self.name = stack.outputs["monitoring"]["alarms"]["claim-budget/factory/line-1"]["name"]

    def registered(self, count):
        """Publish how many things came in through it so far; return the alarm's state."""
        cloudwatch = self.stack.client("cloudwatch")
        dimension = {"Name": "ClaimCertificateId", "Value": self.certificate_id}
        metric = {"MetricName": "ApproximateNumberOfThingsRegistered", "Dimensions": [dimension]}
        cloudwatch.put_metric_data(Namespace="AWS/IoT", MetricData=[metric | {"Value": count}])
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return alarm["StateValue"]

    def arm(self):
        """As the runbook has it: only a change into ALARM calls the guard."""
        self.stack.client("cloudwatch").set_alarm_state(
            AlarmName=self.name, StateValue="OK", StateReason="budget raised"
        )

    def becomes(self, status, within=WAIT_SECONDS):
        """Whether it has a status before long."""
        iot, deadline = self.stack.client("iot"), time.monotonic() + within
        while True:
            described = iot.describe_certificate(certificateId=self.certificate_id)
            if described["certificateDescription"]["status"] == status:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)

    def audited(self):
        """What the audit trail says became of it."""
        group = self.stack.outputs["device_lifecycle"]["audit_log_group_name"]
        return [
            (entry["outcome"], entry["from"], entry["to"], entry["alarmName"])
            for entry in self.stack.log_entries(group)
            if entry.get("event") == "claim-disabled"
            and entry["claimCertificateId"] == self.certificate_id
        ]


def test_a_claim_guard_is_added_to_what_runs_and_an_apply_opens_what_it_closed(running):
    now = {"budget": 20}
    changes = running.apply(**now)
    for switched_on_again in (TEMPLATE, CERTIFICATE):
        changes.pop(switched_on_again, None)
    own = {address for address in changes if address.startswith("module.claim_guard.")}
    assert own
    assert all(changes.pop(address) == ["create"] for address in own)
    assert changes == {
        ALARM: ["update"],
        DASHBOARD: ["update"],
        **{
            f'module.monitoring.aws_cloudwatch_metric_alarm.this["{kind}/claim-guard"]': ["create"]
            for kind in (
                *("dead-letter-age", "dead-letter-depth"),
                *("function-duration", "function-errors", "function-throttles"),
            )
        },
        **{
            f'module.device_lifecycle.{resource}.audit["decisions-claim-guard"]': ["create"]
            for resource in ("aws_lambda_permission", "aws_cloudwatch_log_subscription_filter")
        },
    }
    assert not running.plan(**now).changed

    claim = Claim(running.stack)
    assert claim.registered(21) == "ALARM"
    assert claim.becomes("INACTIVE")
    deadline = time.monotonic() + WAIT_SECONDS
    while not claim.audited() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert claim.audited() == [("disabled", "ACTIVE", "INACTIVE", claim.name)]

    # What the runbook warns of: the configuration says that it is ACTIVE, and so it is again.
    assert running.apply(**now) == {CERTIFICATE: ["update"]}
    assert claim.becomes("ACTIVE")
    # The alarm is on already, and nothing happens until the guard is armed again.
    assert claim.registered(22) == "ALARM"
    assert not claim.becomes("INACTIVE", within=QUIET_SECONDS)
    claim.arm()
    assert claim.registered(23) == "ALARM"
    assert claim.becomes("INACTIVE")

    # The run grew: a larger budget while nobody comes in, the guard armed, and the claim opened.
    raised = running.apply(budget=50, active=False)
    assert raised == {ALARM: ["update"], DASHBOARD: ["update"]}
    claim.arm()
    assert running.apply(budget=50) == {CERTIFICATE: ["update"]}
    assert claim.registered(24) == "OK"
    assert claim.becomes("ACTIVE")
    assert claim.registered(51) == "ALARM"
    assert claim.becomes("INACTIVE")


def test_a_claim_guard_that_is_taken_away_leaves_the_rest_as_it_was(running):
    # With a budget that nothing here reaches, so that the certificate is ACTIVE.
    running.apply(budget=1000)
    now = {"active": False}
    changes = running.apply(**now)
    assert changes.pop(CERTIFICATE) == ["update"]
    assert changes.pop(ALARM) == ["update"]
    assert changes.pop(DASHBOARD) == ["update"]
    assert {tuple(actions) for actions in changes.values()} == {("delete",)}
    assert all("claim_guard" in address or "claim-guard" in address for address in changes)
    assert not running.plan(**now).changed


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
