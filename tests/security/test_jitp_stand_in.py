"""The embedded endpoint goes on as AWS IoT does once it has registered a certificate of a known CA.

What the stand-in reads out of a template is tested in tests/unit/support/test_jitp.py. Here it
runs: real connections, calls over HTTP, and IAM enforced for the provisioning role.
"""

import contextlib
import json
import secrets
from pathlib import Path

import pytest

from tests.support import endpoint as support
from tests.support.capabilities import Capability, requires
from tests.support.endpoint import new_account
from tools.device.failures import NotAdmitted
from tools.device.just_in_time import come_up
from tools.device.maker import Maker
from tools.device.model import DeviceSpec
from tools.device.provisioner import RetryPolicy
from tools.device.session import Endpoint, SdkTransport, discover_host_name

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

UNTIL_ADMITTED = RetryPolicy(attempts=60, first_delay=0.1, max_delay=0.3, deadline=20)
IN_VAIN = RetryPolicy(attempts=3, first_delay=0.2, max_delay=0.2)
ROLE_ACTIONS = [
    "iot:AddThingToThingGroup",
    "iot:AttachPolicy",
    "iot:AttachThingPrincipal",
    "iot:CreateThing",
    "iot:DescribeThing",
    "iot:GetPolicy",
    "iot:UpdateCertificate",
]
PREFIX = "AWS::IoT::Certificate::"
POLICY = "lamp"


def statement(actions, resource, **more):
    document = {"Effect": "Allow", "Action": actions, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [document | resource]})


class Line:
    """An account that one maker's CA is registered in, with a JITP template and its role."""

    def __init__(self, endpoint, maker):
        self.endpoint, self.maker = endpoint, maker
        self.iot, self.iam = (support.client(endpoint, name) for name in ("iot", "iam"))
        self.arn = f"arn:aws:iot:{endpoint.region}:{endpoint.account_id}"
        self.transport = SdkTransport(
            Endpoint(
                discover_host_name(self.iot),
                endpoint.mqtt_port,
                endpoint.mqtt_host,
                Path(endpoint.ca_file),
            )
        )
        self.iot.create_thing_group(thingGroupName="DE")
        client = {"Resource": f"{self.arn}:client/${{iot:Connection.Thing.ThingName}}"}
        self.iot.create_policy(policyName=POLICY, policyDocument=statement("iot:Connect", client))
        self.role_arn = self.iam.create_role(
            RoleName="jitp", AssumeRolePolicyDocument=self.trust()
        )["Role"]["Arn"]
        self.allow(ROLE_ACTIONS)
        self.iot.create_provisioning_template(
            templateName="lamps",
            type="JITP",
            templateBody=json.dumps(self.body()),
            provisioningRoleArn=self.role_arn,
            enabled=True,
        )
        self.iot.register_ca_certificate(
            caCertificate=maker.certificate_pem,
            certificateMode="SNI_ONLY",
            setAsActive=True,
            allowAutoRegistration=True,
            registrationConfig={"templateName": "lamps"},
        )

    def trust(self, service="iot", account_id=None, source="*"):
        return statement(
            "sts:AssumeRole",
            {"Principal": {"Service": f"{service}.amazonaws.com"}},
            Condition={
                "StringEquals": {"aws:SourceAccount": account_id or self.endpoint.account_id},
                "ArnLike": {"aws:SourceArn": f"{self.arn}:{source}"},
            },
        )

    @staticmethod
    def body():
        reference = {name: {"Ref": PREFIX + name} for name in ("CommonName", "Country", "Id")}
        return {
            "Parameters": {PREFIX + name: {"Type": "String"} for name in reference},
            "Resources": {
                "thing": {
                    "Type": "AWS::IoT::Thing",
                    "Properties": {
                        "ThingName": reference["CommonName"],
                        "ThingGroups": [reference["Country"]],
                    },
                    "OverrideSettings": {"ThingGroups": "DO_NOTHING"},
                },
                "certificate": {
                    "Type": "AWS::IoT::Certificate",
                    "Properties": {"CertificateId": reference["Id"], "Status": "ACTIVE"},
                },
                "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": POLICY}},
            },
        }

    def allow(self, actions):
        """What the provisioning role may do, and no more: each on the resources that it is for."""
        resources = [
            f"{self.arn}:{kind}/*" for kind in ("thing", "thinggroup", "cert", f"policy/{POLICY}")
        ]
        resources[-1] = resources[-1].removesuffix("/*")
        self.iam.put_role_policy(
            RoleName="jitp",
            PolicyName="jitp",
            PolicyDocument=statement(actions, {"Resource": resources}),
        )

    @contextlib.contextmanager
    def without(self, action):
        self.allow([one for one in ROLE_ACTIONS if one != action])
        try:
            yield
        finally:
            self.allow(ROLE_ACTIONS)

    def device(self, country="DE"):
        name = f"lamp-{secrets.token_hex(4)}"
        subject = {"CommonName": name} | ({"Country": country} if country else {})
        return name, self.maker.device(subject)

    def come_up(self, name, credentials, retry=UNTIL_ADMITTED):
        return come_up(
            DeviceSpec(name, POLICY),
            credentials,
            name,
            transport=self.transport,
            retry=retry,
        )

    def refuse(self, name, credentials):
        """See that a device is not let in and its certificate stays pending."""
        with pytest.raises(NotAdmitted) as failure:
            self.come_up(name, credentials, IN_VAIN)
        assert not failure.value.last.explicit
        assert not failure.value.last.unheard

    def statuses(self):
        certificates = self.iot.list_certificates()["certificates"]
        return {one["certificateId"]: one["status"] for one in certificates}

    def groups(self, name):
        answer = self.iot.list_thing_groups_for_thing(thingName=name)
        return [group["groupName"] for group in answer["thingGroups"]]

    def principals(self, name):
        arns = self.iot.list_thing_principals(thingName=name)["principals"]
        return [arn.rpartition("/")[2] for arn in arns]


@pytest.fixture(scope="module")
def maker():
    return Maker({"CommonName": "Lamp Works"})


@pytest.fixture(scope="module")
def line(auth_endpoint, maker):
    if not auth_endpoint.embedded:
        pytest.skip("about the embedded endpoint; this one is external")
    made = Line(new_account(auth_endpoint), maker)
    yield made
    made.transport.close()


def test_two_devices_come_up(line):
    for _ in range(2):
        name, credentials = line.device()
        result = line.come_up(name, credentials)
        assert result.attempts > 1
        assert result.thing_name == name
        assert line.statuses()[result.certificate_id] == "ACTIVE"
        assert line.principals(name) == [result.certificate_id]
        assert line.groups(name) == ["DE"]
        assert line.come_up(name, credentials).attempts == 1


def test_a_device_that_lacks_a_declared_field_stays_pending(line):
    name, credentials = line.device(country=None)
    before = line.statuses()
    line.refuse(name, credentials)
    (added,) = line.statuses().items() - before.items()
    assert added[1] == "PENDING_ACTIVATION"
    assert name not in {thing["thingName"] for thing in line.iot.list_things()["things"]}


@pytest.mark.parametrize("action", ROLE_ACTIONS)
def test_a_right_that_the_role_lacks_keeps_devices_out_until_it_has_it(line, action):
    name, credentials = line.device()
    before = line.statuses()
    with line.without(action):
        line.refuse(name, credentials)
        (added,) = line.statuses().items() - before.items()
        assert added[1] == "PENDING_ACTIVATION"
    result = line.come_up(name, credentials)
    assert line.principals(name) == [result.certificate_id]
    assert line.groups(name) == ["DE"]


@pytest.mark.parametrize(
    "trust",
    [{"service": "lambda"}, {"account_id": "999999999999"}, {"source": "provisioningtemplate/x"}],
    ids=lambda trust: next(iter(trust)),
)
def test_a_role_that_aws_iot_may_not_assume_for_this_template_makes_nothing(line, trust):
    def trusting(**trusted):
        document = line.trust(**trusted)
        line.iam.update_assume_role_policy(RoleName="jitp", PolicyDocument=document)

    name, credentials = line.device()
    trusting(**trust)
    try:
        line.refuse(name, credentials)
    finally:
        trusting(source="provisioningtemplate/lamps")
    assert line.come_up(name, credentials).thing_name == name


def test_one_ca_in_two_accounts_and_each_device_lands_where_it_was_sent(line, maker):
    other = Line(new_account(line.endpoint), maker)
    with other.transport:
        landed = []
        for home in (line, other):
            name, credentials = home.device()
            landed.append((home, home.come_up(name, credentials).certificate_id))
    for home, certificate_id in landed:
        assert [certificate_id in one.statuses() for one in (line, other)] == [
            one is home for one in (line, other)
        ]


def test_a_device_connects_under_its_things_name_only(line):
    name, credentials = line.device()
    line.come_up(name, credentials)
    with pytest.raises(NotAdmitted) as failure:
        line.come_up("lamp-of-another", credentials, RetryPolicy(attempts=1))
    assert failure.value.last.explicit


def test_a_certificate_of_a_ca_that_nobody_registered_is_not_heard(line):
    stranger = Maker({"CommonName": "Nobody's"}).device({"CommonName": "x", "Country": "DE"})
    with pytest.raises(NotAdmitted, match="CA that signed the certificate is not regis") as failure:
        line.come_up("x", stranger, RetryPolicy(attempts=1))
    assert failure.value.last.unheard
