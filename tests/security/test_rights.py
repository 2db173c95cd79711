"""With IAM enforced the flows work, and each right that is taken away stops exactly its step.

What claim and device certificates may do over MQTT is shown in tests/security/attacks.
"""

import json
import time

import pytest
from botocore.exceptions import ClientError

from device_registry.record import Status
from tests.support.capabilities import Capability, requires
from tools.device.failures import Rejected
from tools.device.model import Greeting

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]
failure_mode = pytest.mark.failure_mode

KIND = "gateway"
FORBIDDEN = 403
# AWS IoT waits five seconds for the hook; some are the way there and back.
DECIDED_WITHIN_SECONDS = 4.5
SAYS_HELLO = Greeting(publish=("acme/{type}/{thing}/status",), subscribe=())


def refused(stack, serial_number, **options):
    with pytest.raises(Rejected) as rejected:
        stack.provision(serial_number, KIND, **{"claim": stack.claim, **options})
    assert rejected.value.operation == "RegisterThing"
    assert f"{stack.name_prefix}-{serial_number}" not in stack.thing_names()
    assert stack.certificate_status(serial_number) == "PENDING_ACTIVATION"
    return rejected.value


# --- the flows


def test_a_device_with_a_claim_certificate_gets_in(guarded, serial_number):
    guarded.enrol(serial_number, device_type=KIND)
    result = guarded.provision(serial_number, KIND, claim=guarded.claim, greeting=SAYS_HELLO)
    assert result.published == (f"acme/gateway/{result.thing_name}/status",)


def test_a_device_with_a_trusted_users_claim_gets_in(guarded, serial_number):
    installer = guarded.user(guarded.template()["trusted_user_policy_arn"])
    guarded.enrol(serial_number, device_type=KIND)
    claim = guarded.trusted_user(**installer)
    result = guarded.provision(serial_number, KIND, claim=claim, greeting=SAYS_HELLO)
    assert result.published == (f"acme/gateway/{result.thing_name}/status",)


# --- the hook's role


@failure_mode("S1")
def test_a_hook_that_may_not_write_the_registry_refuses_and_says_so(guarded, serial_number):
    guarded.enrol(serial_number, device_type=KIND)
    client_id = guarded.template()["claim_client_id_prefix"] + serial_number
    parameters = {"SerialNumber": serial_number, "DeviceType": KIND}
    template = guarded.template()["name"]
    with guarded.session(guarded.claim.credentials(), client_id) as session:
        certificate = session.create_keys_and_certificate()
        with guarded.without("provisioning-hook", "dynamodb:UpdateItem"):
            start = time.monotonic()
            with pytest.raises(Rejected) as rejected:
                session.register_thing(template, certificate.ownership_token, parameters)
            seconds = time.monotonic() - start
        assert rejected.value.status_code == FORBIDDEN
        assert seconds < DECIDED_WITHIN_SECONDS
        (decision,) = guarded.decisions(serial_number)
        assert (decision["outcome"], decision["reason"]) == ("denied", "REGISTRY_UNAVAILABLE")
        assert decision["level"] == "ERROR"
        assert "AccessDenied" in decision["detail"]
        assert guarded.record(serial_number).status is Status.ENROLLED

        # The right is back: the same request with the same certificate is allowed.
        thing = session.register_thing(template, certificate.ownership_token, parameters)
    assert thing.thing_name == f"acme-{serial_number}"


# --- who may call the hook


@failure_mode("B2")
def test_without_the_permission_to_call_the_hook_nobody_gets_in(guarded, serial_number):
    guarded.enrol(serial_number, f"{serial_number}-other", device_type=KIND)
    with guarded.uncallable_hook():
        refused(guarded, serial_number)
        # The other template's own permission is not touched.
        guarded.provision(f"{serial_number}-other", KIND, key="field-service")
    guarded.provision(serial_number, KIND, claim=guarded.claim)


# --- the provisioning role


@failure_mode("B8")
@pytest.mark.parametrize(
    "action",
    [
        "iot:AddThingToThingGroup",
        "iot:AttachPolicy",
        "iot:AttachThingPrincipal",
        "iot:CreateThing",
        "iot:UpdateCertificate",
    ],
)
def test_a_provisioning_role_that_lacks_a_right_registers_nobody(guarded, serial_number, action):
    guarded.enrol(serial_number, device_type=KIND)
    with guarded.without("factory-provision", action):
        assert refused(guarded, serial_number).status_code == FORBIDDEN
    # The hook had said yes. The same device, asking again, is let in as the same.
    guarded.provision(serial_number, KIND, claim=guarded.claim)
    reasons = [decision["reason"] for decision in guarded.decisions(serial_number)]
    assert reasons == ["FIRST_CLAIM", "REPEAT"]


@failure_mode("S8")
def test_a_provisioning_role_that_only_others_may_take_registers_nobody(guarded, serial_number):
    iam, role = guarded.client("iam"), guarded.role_name("factory-provision")
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    for_lambda = json.dumps(before).replace("iot.amazonaws.com", "lambda.amazonaws.com")
    guarded.enrol(serial_number, device_type=KIND)
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=for_lambda)
    try:
        assert refused(guarded, serial_number).status_code == FORBIDDEN
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))
    guarded.provision(serial_number, KIND, claim=guarded.claim)


# --- trusted users


@failure_mode("S9")
def test_a_trusted_user_can_issue_claims_of_that_template_and_nothing_else(guarded):
    installer = guarded.user(guarded.template("field-service")["trusted_user_policy_arn"])
    iot = guarded.client("iot", **installer)
    claim = iot.create_provisioning_claim(templateName=guarded.template("field-service")["name"])
    assert claim["keyPair"]["PrivateKey"]
    iot.describe_endpoint(endpointType="iot:Data-ATS")

    tables = guarded.client("dynamodb", **installer)
    table = guarded.outputs["registry_table_name"]
    factory = guarded.template()["name"]
    for call in (
        lambda: iot.create_provisioning_claim(templateName=factory),
        lambda: iot.create_keys_and_certificate(setAsActive=True),
        lambda: iot.describe_provisioning_template(templateName=factory),
        lambda: iot.update_provisioning_template(templateName=factory, enabled=False),
        iot.list_things,
        lambda: tables.get_item(TableName=table, Key={"serialNumber": {"S": "SN-1"}}),
        lambda: guarded.client("lambda", **installer).invoke(
            FunctionName=guarded.outputs["hook_function_name"], Qualifier="live"
        ),
    ):
        with pytest.raises(ClientError) as denied:
            call()
        assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == FORBIDDEN
    assert guarded.describe_template()["enabled"] is True


def test_nobody_without_rights_can_issue_a_claim(guarded):
    stranger = guarded.client("iot", **guarded.user())
    with pytest.raises(ClientError) as denied:
        stranger.create_provisioning_claim(templateName=guarded.template()["name"])
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == FORBIDDEN
