"""The stand-in for AWS IoT's just-in-time provisioning: what it reads out of a template, and makes.

The example is the one in
https://docs.aws.amazon.com/iot/latest/developerguide/jit-provisioning.html
"""

import copy
import hashlib
import json
import threading

import pytest
from botocore.exceptions import ClientError
from cryptography import x509

from tests.support import jitp
from tests.support.jitp import JustInTime, NotProvisioned, Plan, Policy, Thing, apply, evaluate
from tools.device.maker import Maker

CERTIFICATE_ID = "ab" * 32
CERTIFICATE_ARN = f"arn:aws:iot:us-east-1:123456789012:cert/{CERTIFICATE_ID}"
DOCUMENT = (
    '{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action":["iot:Publish"], '
    '"Resource": ["arn:aws:iot:us-east-1:123456789012:topic/foo/bar"] }] }'
)


def parameter(name):
    return f"AWS::IoT::Certificate::{name}"


def ref(name):
    return {"Ref": parameter(name)}


def declare(*names):
    return {parameter(name): {"Type": "String"} for name in names}


EXAMPLE = {
    "Parameters": declare("CommonName", "SerialNumber", "Country", "Id"),
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {
                "ThingName": ref("CommonName"),
                "AttributePayload": {"version": "v1", "serialNumber": ref("SerialNumber")},
                "ThingTypeName": "lightBulb-versionA",
                "ThingGroups": ["v1-lightbulbs", ref("Country")],
            },
            "OverrideSettings": {
                "AttributePayload": "MERGE",
                "ThingTypeName": "REPLACE",
                "ThingGroups": "DO_NOTHING",
            },
        },
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": ref("Id"), "Status": "ACTIVE"},
            "OverrideSettings": {"Status": "DO_NOTHING"},
        },
        "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": DOCUMENT}},
    },
}
SUBJECT = {"CommonName": "bulb-7", "SerialNumber": "S7", "Country": "DE"}


@pytest.fixture(scope="module")
def maker():
    return Maker({"CommonName": "Maker"})


@pytest.fixture(scope="module")
def certificate_pem(maker):
    return maker.device(SUBJECT).certificate_pem


def changed(path, value):
    """The example with one place changed, or removed where the value is None."""
    template = copy.deepcopy(EXAMPLE)
    *way, last = path.split("/")
    place = template
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return template


# --- the template


def test_the_documents_example(certificate_pem):
    assert evaluate(json.dumps(EXAMPLE), certificate_pem, CERTIFICATE_ID) == Plan(
        Thing(
            "bulb-7",
            {"version": "v1", "serialNumber": "S7"},
            "lightBulb-versionA",
            ("v1-lightbulbs", "DE"),
            None,
            {"AttributePayload": "MERGE", "ThingTypeName": "REPLACE", "ThingGroups": "DO_NOTHING"},
        ),
        (Policy(hashlib.sha256(DOCUMENT.encode()).hexdigest(), DOCUMENT),),
        "ACTIVE",
    )


FIELDS = {
    "Country": "DE",
    "Organization": "Acme",
    "OrganizationalUnit": "Lamps",
    "DistinguishedNameQualifier": "Q1",
    "StateName": "Berlin",
    "CommonName": "bulb-7",
    "SerialNumber": "S7",
}


@pytest.mark.parametrize("name", [*FIELDS, "Id"])
def test_each_parameter(maker, name):
    template = changed("Resources/thing/Properties/ThingName", ref(name))
    template["Parameters"] |= declare(name)
    pem = maker.device(FIELDS).certificate_pem
    expected = {**FIELDS, "Id": CERTIFICATE_ID}[name]
    assert evaluate(json.dumps(template), pem, CERTIFICATE_ID).thing.name == expected


def test_the_serial_number_is_the_subjects_not_the_certificates(certificate_pem):
    x509_serial = x509.load_pem_x509_certificate(certificate_pem.encode()).serial_number
    plan = evaluate(json.dumps(EXAMPLE), certificate_pem, CERTIFICATE_ID)
    assert plan.thing.attributes["serialNumber"] == "S7" != str(x509_serial)


@pytest.mark.parametrize("missing", list(SUBJECT))
def test_a_declared_parameter_that_the_subject_lacks(maker, missing):
    subject = {name: value for name, value in SUBJECT.items() if name != missing}
    pem = maker.device(subject).certificate_pem
    with pytest.raises(NotProvisioned, match=f"no value for {parameter(missing)}$"):
        evaluate(json.dumps(EXAMPLE), pem, CERTIFICATE_ID)


def test_also_when_nothing_refers_to_it_and_it_has_a_default(maker, certificate_pem):
    template = copy.deepcopy(EXAMPLE)
    template["Parameters"][parameter("StateName")] = {"Type": "String", "Default": "Berlin"}
    with pytest.raises(NotProvisioned, match=r"no value for .*StateName$"):
        evaluate(json.dumps(template), certificate_pem, CERTIFICATE_ID)


def test_a_field_twice_in_the_subject_is_refused_only_when_declared(maker, monkeypatch):
    twice = [x509.NameAttribute(jitp.SUBJECT_FIELDS["Organization"], o) for o in ("A", "B")]
    single = [x509.NameAttribute(jitp.SUBJECT_FIELDS[n], v) for n, v in SUBJECT.items()]
    monkeypatch.setattr("tools.device.maker._name", lambda _: x509.Name(single + twice))
    pem = maker.device({}).certificate_pem
    assert evaluate(json.dumps(EXAMPLE), pem, CERTIFICATE_ID).thing.name == "bulb-7"
    template = copy.deepcopy(EXAMPLE)
    template["Parameters"] |= declare("Organization")
    with pytest.raises(NotProvisioned, match=r"2 values for .*Organization$"):
        evaluate(json.dumps(template), pem, CERTIFICATE_ID)


@pytest.mark.parametrize("status", ["ACTIVE", "Active", "INACTIVE", None])
def test_the_certificates_status(certificate_pem, status):
    template = changed("Resources/certificate/Properties/Status", status)
    plan = evaluate(json.dumps(template), certificate_pem, CERTIFICATE_ID)
    assert plan.certificate_status == (status or "ACTIVE").upper()


POLICY = "Resources/policy/Properties"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"PolicyName": "lamp"}, Policy("lamp")),
        ({"PolicyName": ref("Country")}, Policy("DE")),
        ({"PolicyDocument": "{}"}, Policy(hashlib.sha256(b"{}").hexdigest(), "{}")),
    ],
)
def test_a_policy_is_named_or_made(certificate_pem, properties, expected):
    template = changed(POLICY, properties)
    assert evaluate(json.dumps(template), certificate_pem, CERTIFICATE_ID).policies == (expected,)


def test_what_a_template_may_leave_out(certificate_pem):
    template = copy.deepcopy(EXAMPLE)
    template["Resources"]["thing"] = {
        "Type": "AWS::IoT::Thing",
        "Properties": {"ThingName": ref("CommonName"), "BillingGroup": "lamps"},
    }
    plan = evaluate(json.dumps(template), certificate_pem, CERTIFICATE_ID)
    assert plan.thing == Thing("bulb-7", billing_group="lamps")


def test_a_group_named_twice_is_joined_once(certificate_pem):
    template = changed("Resources/thing/Properties/ThingGroups", ["DE", ref("Country"), "all"])
    plan = evaluate(json.dumps(template), certificate_pem, CERTIFICATE_ID)
    assert plan.thing.groups == ("DE", "all")


THING = "Resources/thing/Properties"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (f"Parameters/{parameter('Id')}", None, "Ref to .*Id, which is not declared"),
        (f"Parameters/{parameter('Country')}", {"Type": "Number"}, "Country is not String"),
        (f"Parameters/{parameter('Locality')}", {"Type": "String"}, "declare the parameter .*Loc"),
        ("Parameters/CommonName", {"Type": "String"}, "declare the parameter CommonName"),
        ("Parameters/Country", {"Type": "String"}, "declare the parameter Country"),
        (f"{THING}/ThingName", ref("StateName"), "Ref to .*StateName, which is not declared"),
        (f"{THING}/ThingName", {"Fn::Join": ["-", ["a", "b"]]}, "neither a string nor a Ref"),
        (f"{THING}/ThingName", None, "neither a string nor a Ref: null"),
        (f"{THING}/AttributePayload/version", 1, "neither a string nor a Ref: 1"),
        ("Resources/certificate/Properties/CertificateId", "x", "CertificateId must be a Ref"),
        ("Resources/certificate/Properties/Status", "REVOKED", "Status cannot be REVOKED"),
        ("Resources/certificate", None, "one thing and one certificate"),
        ("Resources/thing", None, "one thing and one certificate"),
        ("Resources/second", EXAMPLE["Resources"]["thing"], "one thing and one certificate"),
        ("Resources/certificate/Type", "AWS::IoT::Cert", "unknown type AWS::IoT::Cert"),
        (f"{POLICY}/PolicyName", "lamp", "either PolicyName or PolicyDocument"),
        (f"{POLICY}/PolicyDocument", None, "either PolicyName or PolicyDocument"),
        (f"{POLICY}/PolicyDocument", {"Statement": []}, "PolicyDocument must be a string"),
    ],
)
def test_a_template_that_cannot_be_applied(certificate_pem, path, value, message):
    with pytest.raises(NotProvisioned, match=message):
        evaluate(json.dumps(changed(path, value)), certificate_pem, CERTIFICATE_ID)


def test_a_template_that_is_not_json(certificate_pem):
    with pytest.raises(NotProvisioned, match="is not JSON"):
        evaluate("{", certificate_pem, CERTIFICATE_ID)


# --- the registry


class NotFound(Exception):
    pass


class Registry:
    """The part of AWS IoT that is called, with what it holds and what it was told to do."""

    class exceptions:  # noqa: N801 - as botocore's clients name it
        ResourceNotFoundException = NotFound

    def __init__(self, *, thing=None, groups=(), policies=()):
        self.thing = thing
        self.groups = list(groups)
        self.policies = set(policies)
        self.refusing = None
        self.calls = []

    def __getattr__(self, operation):
        def call(**arguments):
            if operation == self.refusing:
                raise ClientError({"Error": {"Code": "AccessDenied"}}, operation)
            self.calls.append((operation, arguments))

        return call

    def describe_thing(self, thingName):  # noqa: N803 - AWS's name
        if self.thing is None:
            raise NotFound
        return self.thing

    def get_policy(self, policyName):  # noqa: N803 - AWS's name
        if policyName not in self.policies:
            raise NotFound

    def get_paginator(self, operation):
        assert operation == "list_thing_groups_for_thing"
        return self

    def paginate(self, thingName):  # noqa: N803 - AWS's name
        half = len(self.groups) // 2
        for page in (self.groups[:half], self.groups[half:]):
            yield {"thingGroups": [{"groupName": name} for name in page]}

    def of(self, operation):
        return [arguments for name, arguments in self.calls if name == operation]

    def names(self):
        return [name for name, _ in self.calls]


def never():
    raise AssertionError("nothing was made")


ATTACHED = ["attach_policy", "attach_thing_principal", "update_certificate"]


def test_a_new_thing_is_made_and_the_certificate_is_activated_last():
    iot = Registry(policies=["lamp"])
    made = []
    thing = Thing("t", {"a": "1"}, "bulb", ("g", "h"), "bill")
    apply(
        Plan(thing, (Policy("lamp"), Policy("hash", "{}"))),
        iot,
        CERTIFICATE_ARN,
        ours=False,
        made=lambda: made.append(iot.names()[-1]),
    )
    assert iot.calls == [
        ("create_policy", {"policyName": "hash", "policyDocument": "{}"}),
        (
            "create_thing",
            {
                "thingName": "t",
                "attributePayload": {"attributes": {"a": "1"}},
                "thingTypeName": "bulb",
            },
        ),
        ("add_thing_to_thing_group", {"thingGroupName": "g", "thingName": "t"}),
        ("add_thing_to_thing_group", {"thingGroupName": "h", "thingName": "t"}),
        ("add_thing_to_billing_group", {"billingGroupName": "bill", "thingName": "t"}),
        ("attach_policy", {"policyName": "lamp", "target": CERTIFICATE_ARN}),
        ("attach_policy", {"policyName": "hash", "target": CERTIFICATE_ARN}),
        ("attach_thing_principal", {"thingName": "t", "principal": CERTIFICATE_ARN}),
        ("update_certificate", {"certificateId": CERTIFICATE_ID, "newStatus": "ACTIVE"}),
    ]
    assert made == ["create_thing"]


def test_a_thing_without_anything_and_an_inactive_certificate():
    iot = Registry()
    apply(Plan(Thing("t"), (), "INACTIVE"), iot, CERTIFICATE_ARN, ours=False, made=lambda: None)
    assert iot.of("create_thing") == [{"thingName": "t", "attributePayload": {"attributes": {}}}]
    assert iot.of("update_certificate")[0]["newStatus"] == "INACTIVE"
    assert iot.names() == ["create_thing", *ATTACHED[1:]]


def test_a_named_policy_that_does_not_exist_leaves_nothing():
    iot = Registry()
    with pytest.raises(NotFound):
        apply(Plan(Thing("t"), (Policy("x"),)), iot, CERTIFICATE_ARN, ours=False, made=never)
    assert iot.calls == []


OLD = {"attributes": {"a": "0", "b": "2"}, "thingTypeName": "old", "billingGroupName": "bill"}
WANTED = {"AttributePayload": {"a": "1"}, "ThingTypeName": "new", "ThingGroups": ("g", "h")}


def existing(what, setting, *, ours=False, wanted=None):
    """Apply one property to a thing that has another, and return the registry."""
    wanted = WANTED[what] if wanted is None else wanted
    iot = Registry(thing=OLD, groups=["f", "g"])
    overrides = {} if setting is None else {what: setting}
    thing = Thing(
        "t",
        attributes=wanted if what == "AttributePayload" else None,
        type_name=wanted if what == "ThingTypeName" else None,
        groups=wanted if what == "ThingGroups" else None,
        billing_group="bill",
        overrides=overrides,
    )
    apply(Plan(thing, ()), iot, CERTIFICATE_ARN, ours=ours, made=never)
    assert iot.names()[-2:] == ATTACHED[1:]
    return iot


def attributes(**values):
    return {"thingName": "t", "attributePayload": {"attributes": values, "merge": False}}


@pytest.mark.parametrize(
    ("what", "setting", "update"),
    [
        ("AttributePayload", "DO_NOTHING", []),
        ("AttributePayload", "REPLACE", [attributes(a="1")]),
        ("AttributePayload", "MERGE", [attributes(a="1", b="2")]),
        ("ThingTypeName", "DO_NOTHING", []),
        ("ThingTypeName", "REPLACE", [{"thingName": "t", "thingTypeName": "new"}]),
    ],
)
def test_override_settings_of_attributes_and_type(what, setting, update):
    iot = existing(what, setting)
    assert iot.of("update_thing") == update
    assert len(iot.calls) == len(update) + 2


@pytest.mark.parametrize(
    ("setting", "joined", "left"),
    [("DO_NOTHING", [], []), ("MERGE", ["h"], []), ("REPLACE", ["h"], ["f"])],
)
def test_override_settings_of_groups(setting, joined, left):
    iot = existing("ThingGroups", setting)
    assert [c["thingGroupName"] for c in iot.of("add_thing_to_thing_group")] == joined
    assert [c["thingGroupName"] for c in iot.of("remove_thing_from_thing_group")] == left


@pytest.mark.parametrize("what", list(WANTED))
@pytest.mark.parametrize("setting", ["FAIL", None])
def test_a_thing_that_differs_is_refused(what, setting):
    with pytest.raises(NotProvisioned, match=f"exists with another {what} .*{setting}"):
        existing(what, setting)


@pytest.mark.parametrize("setting", ["FAIL", None, "REPLACE", "MERGE", "DO_NOTHING"])
@pytest.mark.parametrize(
    ("what", "wanted"),
    [
        ("AttributePayload", OLD["attributes"]),
        ("ThingTypeName", "old"),
        ("ThingGroups", ("g", "f")),
    ],
)
def test_a_thing_that_is_equal_is_not_touched(what, wanted, setting):
    assert existing(what, setting, wanted=wanted).names() == ATTACHED[1:]


@pytest.mark.parametrize("what", list(WANTED))
def test_override_settings_do_not_protect_what_an_unfinished_run_has_made(what):
    iot = existing(what, "DO_NOTHING", ours=True)
    assert iot.names()[0] in {"update_thing", "add_thing_to_thing_group"}
    assert iot.of("remove_thing_from_thing_group") == []


# --- the endpoint

ROLE = "arn:aws:iam::123456789012:role/JITPRole"
TEMPLATE_ARN = "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/bulbs"
CA_ARN = "arn:aws:iot:us-east-1:123456789012:cacert/ca"


class Service:
    """What AWS IoT itself knows of the CA, the template and the certificate."""

    def __init__(self, certificate_pem, config, **template):
        self.config = config
        self.certificate = {
            "certificatePem": certificate_pem,
            "certificateArn": CERTIFICATE_ARN,
            "status": "PENDING_ACTIVATION",
        }
        self.template = {
            "templateBody": json.dumps(EXAMPLE),
            "provisioningRoleArn": ROLE,
            "templateArn": TEMPLATE_ARN,
            "enabled": True,
            "type": "JITP",
        } | template

    def describe_ca_certificate(self, certificateId):  # noqa: N803 - AWS's name
        answer = {"certificateDescription": {"certificateArn": CA_ARN}}
        return answer | ({"registrationConfig": self.config} if self.config else {})

    def describe_certificate(self, certificateId):  # noqa: N803 - AWS's name
        return {"certificateDescription": self.certificate}

    def describe_provisioning_template(self, templateName):  # noqa: N803 - AWS's name
        assert templateName == "bulbs"
        return self.template


NAMED = {"templateName": "bulbs"}
INLINE = {"templateBody": json.dumps(EXAMPLE), "roleArn": ROLE}


class Run:
    def __init__(self, service, iot=None):
        self.service = service
        self.iot = iot or Registry()
        self.lines = []
        self.assumed = []
        self.just_in_time = JustInTime(lambda *_: service, self.role, self.lines.append)

    def role(self, *arguments):
        self.assumed.append(arguments)
        return self.iot

    def __call__(self):
        self.just_in_time.provision("123456789012", "us-east-1", "ca", CERTIFICATE_ID)
        return self.lines


@pytest.mark.parametrize(("config", "source"), [(NAMED, TEMPLATE_ARN), (INLINE, CA_ARN)])
def test_a_template_by_name_and_one_inline(certificate_pem, config, source):
    run = Run(Service(certificate_pem, config))
    (line,) = run()
    assert line.endswith(f"certificate {CERTIFICATE_ID} in 123456789012: thing bulb-7, ACTIVE")
    assert run.assumed == [("123456789012", "us-east-1", ROLE, source)]
    assert run.iot.of("update_certificate")


def test_a_ca_without_a_template_is_none_of_its_business(certificate_pem):
    run = Run(Service(certificate_pem, None))
    assert run() == run.assumed == []


@pytest.mark.parametrize("template", [{"enabled": False}, {"type": "FLEET_PROVISIONING"}])
def test_a_template_that_provisions_nothing(certificate_pem, template):
    run = Run(Service(certificate_pem, NAMED, **template))
    (line,) = run()
    assert "it stays PENDING_ACTIVATION: the template" in line
    assert run.assumed == []


def test_a_certificate_that_is_pending_no_more(certificate_pem):
    service = Service(certificate_pem, NAMED)
    service.certificate["status"] = "REVOKED"
    run = Run(service)
    (line,) = run()
    assert line.endswith("is REVOKED already")
    assert run.assumed == []


SHOWN = {"version": "v1", "serialNumber": "S7"}


@pytest.mark.parametrize(
    "refused", ["create_thing", "add_thing_to_thing_group", "attach_policy", "update_certificate"]
)
def test_what_was_left_half_done_is_finished_by_the_next_connection(certificate_pem, refused):
    iot = Registry()
    run = Run(Service(certificate_pem, NAMED), iot)
    iot.refusing = refused
    run()
    assert "it stays PENDING_ACTIVATION: An error occurred (AccessDenied)" in run.lines[0]
    assert "update_certificate" not in iot.names()
    if iot.of("create_thing"):
        iot.thing = {"attributes": SHOWN, "thingTypeName": "lightBulb-versionA"}
        iot.groups = [c["thingGroupName"] for c in iot.of("add_thing_to_thing_group")]
    iot.refusing = None
    run()
    assert run.lines[1].endswith("thing bulb-7, ACTIVE")
    joined = {c["thingGroupName"] for c in iot.of("add_thing_to_thing_group")}
    assert joined == {"v1-lightbulbs", "DE"}
    assert len(iot.of("create_thing")) == 1

    # Finished: from now on the override settings protect the thing.
    iot.thing = {"attributes": {"note": "later"}, "thingTypeName": "lightBulb-versionA"}
    iot.calls.clear()
    run()
    (update,) = iot.of("update_thing")
    assert update["attributePayload"]["attributes"] == {"note": "later", **SHOWN}


def test_one_run_at_a_time_for_a_certificate(certificate_pem):
    entered, leave = threading.Event(), threading.Event()
    run = Run(Service(certificate_pem, NAMED))
    role = run.role

    def slow(*arguments):
        entered.set()
        assert leave.wait(10)
        return role(*arguments)

    run.just_in_time._role = slow
    thread = threading.Thread(target=run)
    thread.start()
    assert entered.wait(10)
    run()
    assert run.lines == []
    leave.set()
    thread.join(10)
    assert len(run.lines) == 1
    run()
    assert len(run.lines) == 2
