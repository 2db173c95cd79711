"""The simulated device against the endpoint: its TLS, its SDK and what it makes of refusals.

The template here has no hook and is made with boto3, so that a failure is the device's. What the
stack of this project does with devices is shown in its own tests.
"""

import json

import pytest

from tests.support.capabilities import Capability, requires
from tests.support.endpoint import client
from tools.device.claims import ClaimCertificate, TrustedUserClaim
from tools.device.failures import ActionDenied, ConnectionRefused, Rejected
from tools.device.fleet import provision_many
from tools.device.keys import new_private_key, signing_request
from tools.device.model import DeviceSpec, Greeting, KeyFlow
from tools.device.provisioner import Provisioner, RetryPolicy
from tools.device.session import Endpoint, SdkTransport, discover_host_name
from tools.device.store import CredentialStore

TEMPLATE = "fleet-sensors"
TYPE = "fleet-temperature"
DEVICE = DeviceSpec("SN-1", "temperature")
ONCE = RetryPolicy(attempts=1)
THING = "${iot:Connection.Thing.ThingName}"


def policy(*statements):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": action, "Resource": [f"arn:aws:iot:*:*:{resource}"]}
                for action, resource in statements
            ],
        }
    )


DEVICE_POLICY = policy(
    ("iot:Connect", f"client/{THING}"),
    (["iot:Publish", "iot:Receive"], f"topic/$aws/things/{THING}/shadow/*"),
    ("iot:Subscribe", f"topicfilter/$aws/things/{THING}/shadow/*"),
)
CLAIM_POLICY = policy(
    ("iot:Connect", f"client/claim-{TEMPLATE}-*"),
    (["iot:Publish", "iot:Receive"], "topic/$aws/certificates/create/json*"),
    ("iot:Subscribe", "topicfilter/$aws/certificates/create/json/*"),
    (["iot:Publish", "iot:Receive"], f"topic/$aws/provisioning-templates/{TEMPLATE}/*"),
    ("iot:Subscribe", f"topicfilter/$aws/provisioning-templates/{TEMPLATE}/*"),
)


def template_body():
    text = {"Type": "String"}
    return {
        "Parameters": {
            "SerialNumber": text,
            "DeviceType": text,
            "AWS::IoT::Certificate::Id": text,
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": {"Fn::Join": ["-", ["fleet", {"Ref": "SerialNumber"}]]},
                    "ThingTypeName": {"Fn::Join": ["-", ["fleet", {"Ref": "DeviceType"}]]},
                },
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {
                    "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"},
                    "Status": "ACTIVE",
                },
            },
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": TYPE}},
        },
        "DeviceConfiguration": {"reportSeconds": "60"},
    }


class Fleet:
    """A template, a claim certificate and a store at one endpoint."""

    def __init__(self, endpoint, folder):
        self.endpoint = endpoint
        self.folder = folder
        self.iot = client(endpoint, "iot")
        self.iot.create_thing_type(thingTypeName=TYPE)
        self.iot.create_policy(policyName=TYPE, policyDocument=DEVICE_POLICY)
        iam = client(endpoint, "iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "iot.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        role = iam.create_role(
            RoleName="provisioning",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        iam.attach_role_policy(
            RoleName="provisioning",
            PolicyArn="arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration",
        )
        self.iot.create_provisioning_template(
            templateName=TEMPLATE,
            templateBody=json.dumps(template_body()),
            enabled=True,
            provisioningRoleArn=role["Role"]["Arn"],
        )

    def claim(self):
        key = new_private_key()
        certificate = self.iot.create_certificate_from_csr(
            certificateSigningRequest=signing_request(key, "claim"), setAsActive=True
        )
        self.iot.create_policy(policyName="claim", policyDocument=CLAIM_POLICY)
        self.iot.attach_policy(policyName="claim", target=certificate["certificateArn"])
        (self.folder / "claim.pem").write_text(certificate["certificatePem"])
        (self.folder / "claim.key").write_text(key)
        return ClaimCertificate(self.folder / "claim.pem", self.folder / "claim.key")

    def where(self, host_name=None):
        e = self.endpoint
        name, address = (host_name, e.mqtt_host) if host_name else (e.mqtt_host, None)
        return Endpoint(name, e.mqtt_port, address, e.ca_file)

    def provisioner(self, transport, claim, **fields):
        fields = {"key_flow": KeyFlow.KEYS, "retry": ONCE, "greeting": Greeting()} | fields
        return Provisioner(
            transport=transport,
            template_name=TEMPLATE,
            claim=claim,
            store=CredentialStore(self.folder / "devices"),
            **fields,
        )


@pytest.fixture
def fleet(account, tmp_path):
    return Fleet(account, tmp_path)


@pytest.fixture
def strict_fleet(auth_account, tmp_path):
    return Fleet(auth_account, tmp_path)


def test_devices_provision_at_once_and_come_back_as_themselves(fleet):
    devices = [DeviceSpec(f"SN-{number}", "temperature") for number in range(5)]
    with SdkTransport(fleet.where()) as transport:
        provisioner = fleet.provisioner(transport, fleet.claim())
        first = provision_many(provisioner, devices, concurrency=5)
        again = provision_many(provisioner, devices, concurrency=5)
    assert [outcome.error for outcome in first + again] == [None] * 10
    for outcome, repeated in zip(first, again, strict=True):
        result = outcome.result
        assert result.thing_name == f"fleet-{outcome.device.serial_number}"
        assert result.device_configuration == {"reportSeconds": "60"}
        assert fleet.iot.list_thing_principals(thingName=result.thing_name)["principals"][
            0
        ].endswith(result.certificate_id)
        assert repeated.result.resumed
        assert repeated.result.certificate_id == result.certificate_id


def test_a_trusted_users_claim_and_the_endpoints_own_name(fleet):
    """The name that DescribeEndpoint gives resolves nowhere, and is the server name in TLS."""
    host_name = discover_host_name(fleet.iot)
    assert host_name != fleet.endpoint.mqtt_host
    with SdkTransport(fleet.where(host_name)) as transport:
        claim = TrustedUserClaim(fleet.iot, TEMPLATE)
        result = fleet.provisioner(transport, claim).provision(DEVICE)
    assert result.thing_name == "fleet-SN-1"
    shadow = client(fleet.endpoint, "iot-data").get_thing_shadow(thingName="fleet-SN-1")
    assert json.loads(shadow["payload"].read())["state"]["reported"]["serialNumber"] == "SN-1"


def test_a_device_hears_its_own_topics(fleet):
    greeting = Greeting(
        ("$aws/things/{thing}/shadow/update",), ("$aws/things/{thing}/shadow/update/accepted",), 1.0
    )
    with SdkTransport(fleet.where()) as transport:
        result = fleet.provisioner(transport, fleet.claim(), greeting=greeting).provision(DEVICE)
    (message,) = result.messages
    assert message.topic == "$aws/things/fleet-SN-1/shadow/update/accepted"


def test_a_template_that_cannot_be_applied_is_a_rejection(fleet):
    with SdkTransport(fleet.where()) as transport, pytest.raises(Rejected) as failure:
        fleet.provisioner(transport, fleet.claim()).provision(DeviceSpec("SN-1", "unheard-of"))
    assert (failure.value.operation, failure.value.status_code) == ("RegisterThing", 400)


def test_an_inactive_certificate_is_refused_and_not_replaced(fleet):
    with SdkTransport(fleet.where()) as transport:
        provisioner = fleet.provisioner(transport, fleet.claim())
        result = provisioner.provision(DEVICE)
        fleet.iot.update_certificate(certificateId=result.certificate_id, newStatus="INACTIVE")
        with pytest.raises(ConnectionRefused):
            provisioner.provision(DEVICE)


@requires(Capability.CREATE_CERTIFICATE_FROM_CSR)
def test_a_device_has_its_own_key_signed(fleet):
    with SdkTransport(fleet.where()) as transport:
        claim = TrustedUserClaim(fleet.iot, TEMPLATE)
        result = fleet.provisioner(transport, claim, key_flow=KeyFlow.CSR).provision(DEVICE)
    assert result.thing_name == "fleet-SN-1"


@requires(Capability.IAM_ENFORCED)
def test_the_claim_admits_only_its_own_client_ids(strict_fleet):
    with SdkTransport(strict_fleet.where()) as transport:
        claim = strict_fleet.claim()
        with pytest.raises(ConnectionRefused):
            strict_fleet.provisioner(transport, claim, client_id_prefix="x-").provision(DEVICE)
        assert strict_fleet.provisioner(transport, claim).provision(DEVICE).attempts == 1


@requires(Capability.IAM_ENFORCED)
@pytest.mark.parametrize(
    "greeting", [Greeting(("other/topic",), ()), Greeting((), ("other/#",))], ids=["pub", "sub"]
)
def test_a_device_is_told_that_a_topic_is_not_its_own(strict_fleet, greeting):
    with SdkTransport(strict_fleet.where()) as transport, pytest.raises(ActionDenied):
        strict_fleet.provisioner(transport, strict_fleet.claim(), greeting=greeting).provision(
            DEVICE
        )
