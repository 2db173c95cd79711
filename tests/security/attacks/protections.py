"""What keeps attackers out, one by one, and how each is taken out for a while.

Policies are rewritten where they apply. Code is changed as text, in a copy of `lambda_src`, and
deployed as another version of the function that the alias points at for as long as a test takes.
"""

import contextlib
import enum
import functools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.e2e.just_in_time import GATEWAYS
from tests.support.stack import Stack
from tools import packaging
from tools.registry import operate

TakeOut = Callable[[Any], AbstractContextManager[None]]

TYPE = "temperature-sensor"


class KeptBy(enum.StrEnum):
    """Who keeps it."""

    POLICIES = "our Terraform"
    CODE = "our code"
    AWS = "AWS IoT"


class ShownBy(enum.StrEnum):
    """What refuses, or lets through, as long as a test looks."""

    ENDPOINT = "the endpoint"
    STAND_IN = "a stand-in of ours"
    READING = "reading the policy"


# --- policies


@contextlib.contextmanager
def rewritten(
    stack: Stack, policy_name: str, change: Callable[[list[dict[str, Any]]], None]
) -> Iterator[None]:
    """An IoT policy with other statements for a while."""
    iot = stack.client("iot")
    before = iot.get_policy(policyName=policy_name)
    document = json.loads(before["policyDocument"])
    change(document["Statement"])
    made = iot.create_policy_version(
        policyName=policy_name, policyDocument=json.dumps(document), setAsDefault=True
    )
    try:
        yield
    finally:
        iot.set_default_policy_version(
            policyName=policy_name, policyVersionId=before["defaultVersionId"]
        )
        iot.delete_policy_version(policyName=policy_name, policyVersionId=made["policyVersionId"])


def _any_topic(statements: list[dict[str, Any]]) -> None:
    statements[:] = [one for one in statements if one["Action"] == "iot:Connect"]
    actions = ["iot:Publish", "iot:Receive", "iot:Subscribe"]
    statements.append({"Effect": "Allow", "Action": actions, "Resource": "*"})


def _any_client_id(statements: list[dict[str, Any]]) -> None:
    (connect,) = (one for one in statements if one["Action"] == "iot:Connect")
    connect["Resource"] = "*"
    connect.pop("Condition", None)


def _iot_policy(suffix: str, change: Callable[[list[dict[str, Any]]], None]) -> TakeOut:
    return lambda stack: rewritten(stack, f"{stack.name_prefix}-{suffix}", change)


def _anybody_calls_the_hook(principal: str) -> TakeOut:
    """A permission of the hook's without a source."""

    @contextlib.contextmanager
    def take_out(stack: Stack) -> Iterator[None]:
        functions = stack.client("lambda")
        statement = {
            "FunctionName": stack.outputs["hook_function_name"],
            "Qualifier": "live",
            "StatementId": "anybody",
        }
        functions.add_permission(**statement, Action="lambda:InvokeFunction", Principal=principal)
        try:
            yield
        finally:
            functions.remove_permission(**statement)

    return take_out


@contextlib.contextmanager
def _things_for_any_certificate(stack: Stack) -> Iterator[None]:
    """The template without EXCLUSIVE_THING."""
    iot, template = stack.client("iot"), stack.describe_template()
    body = json.loads(template["templateBody"])
    del body["Resources"]["certificate"]["Properties"]["ThingPrincipalType"]
    name = template["templateName"]
    made = iot.create_provisioning_template_version(
        templateName=name, templateBody=json.dumps(body), setAsDefault=True
    )
    try:
        yield
    finally:
        iot.update_provisioning_template(
            templateName=name, defaultVersionId=template["defaultVersionId"]
        )
        iot.delete_provisioning_template_version(templateName=name, versionId=made["versionId"])


@contextlib.contextmanager
def _nothing_counts(stack: Stack) -> Iterator[None]:
    """The hook's log group without the filter that counts denials."""
    logs, group = stack.client("logs"), stack.outputs["hook_log_group_name"]
    name = f"{stack.name_prefix}-provisioning-denials"
    (found,) = logs.describe_metric_filters(logGroupName=group, filterNamePrefix=name)[
        "metricFilters"
    ]
    logs.delete_metric_filter(logGroupName=group, filterName=name)
    try:
        yield
    finally:
        kept = ("filterName", "filterPattern", "metricTransformations")
        logs.put_metric_filter(logGroupName=group, **{key: found[key] for key in kept})


@contextlib.contextmanager
def _anybody_tells_the_topic(stack: Stack) -> Iterator[None]:
    """The topic of alarms with a policy that lets everybody publish."""
    topics, topic = stack.client("sns"), stack.outputs["monitoring"]["topic_arn"]
    policy = {"TopicArn": topic, "AttributeName": "Policy"}
    before = topics.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": topic}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    topics.set_topic_attributes(**policy, AttributeValue=json.dumps(document))
    try:
        yield
    finally:
        topics.set_topic_attributes(**policy, AttributeValue=before)


# --- code


@dataclass(frozen=True)
class Edit:
    """One passage of `lambda_src`, which occurs once, and what replaces it."""

    file: str
    old: str
    new: str

    def apply(self, source: Path) -> None:
        path = source / self.file
        text = path.read_text()
        assert text.count(self.old) == 1, f"{self.file} does not have once: {self.old}"
        path.write_text(text.replace(self.old, self.new))


def edited_package(package: str, edits: tuple[Edit, ...]) -> bytes:
    """A function's zip, with passages of its source replaced."""
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "lambda_src"
        shutil.copytree(packaging.SOURCE, source)
        for edit in edits:
            edit.apply(source)
        return packaging.archive(package, source)


@functools.cache
def _published(stack: Stack, function: str, package: str, edits: tuple[Edit, ...]) -> str:
    """The version of a function that has these edits; the code beside the versions stays ours."""
    functions = stack.client("lambda")
    content = edited_package(package, edits)
    version = functions.update_function_code(FunctionName=function, ZipFile=content, Publish=True)[
        "Version"
    ]
    functions.update_function_code(FunctionName=function, ZipFile=edited_package(package, ()))
    return version


@contextlib.contextmanager
def deployed(stack: Stack, function: str, package: str, *edits: Edit) -> Iterator[None]:
    """A function with other code for a while."""
    functions = stack.client("lambda")
    alias = {"FunctionName": function, "Name": "live"}
    before = functions.get_alias(**alias)["FunctionVersion"]
    version = _published(stack, function, package, edits)
    functions.update_alias(**alias, FunctionVersion=version)
    try:
        yield
    finally:
        functions.update_alias(**alias, FunctionVersion=before)


def _hook(*edits: Edit) -> TakeOut:
    return lambda stack: deployed(
        stack, stack.outputs["hook_function_name"], "provisioning_hook", *edits
    )


CLAIM = "device_registry/claim.py"
LOG = "device_registry/decision_log.py"
WRITE = 'sys.stdout.write(json.dumps(entry) + "\\n")'

NO_OVERRIDES = (
    Edit(
        "device_registry/identity.py",
        '        "ThingName": names.thing_name(name_prefix, record.serial_number),\n'
        '        "ThingTypeName": shared_name,\n'
        '        "ThingGroupName": shared_name,\n'
        '        "PolicyName": shared_name,\n',
        "",
    ),
)
NO_TYPE = (
    Edit(
        CLAIM,
        '" AND deviceType = :deviceType"',
        '" AND (deviceType = :deviceType OR attribute_exists(deviceType))"',
    ),
    Edit(CLAIM, "record.device_type != request.device_type", "not record.device_type"),
)
NO_CLAIM_BINDING = (
    Edit(
        CLAIM,
        '" OR requiredClaimCertificateId = :claimCertificateId)"',
        '" OR requiredClaimCertificateId = :claimCertificateId'
        ' OR attribute_exists(requiredClaimCertificateId))"',
    ),
    Edit(
        CLAIM,
        "record.required_claim_certificate_id not in (None, request.claim_certificate_id)",
        "record.required_claim_certificate_id == request.thing_name",
    ),
)
NO_STATUS = (
    Edit(
        CLAIM,
        "{Status.REVOKED: Denial.REVOKED, Status.SUSPENDED: Denial.SUSPENDED}",
        "dict[Status, Denial]()",
    ),
    Edit(CLAIM, '"((#status = :enrolled OR (', '"((#status = :enrolled OR #status <> :active OR ('),
)
NO_END_OF_A_CLAIM = (
    Edit(CLAIM, '    " AND reprovisionPolicy = :replace"\n', ""),
    Edit(
        CLAIM,
        "record.reprovision_policy is not ReprovisionPolicy.REPLACE",
        "record.reprovision_policy not in ReprovisionPolicy",
    ),
)
NO_LEASE = (
    Edit(
        CLAIM,
        "(#status = :provisioning AND leaseExpiresAt <= :now)",
        "(#status = :provisioning AND (leaseExpiresAt <= :now OR attribute_exists(claimedAt)))",
    ),
    Edit(CLAIM, " and record.lease_expires_at <= now", ""),
)
NO_CHECKS = (Edit("provisioning_hook/request.py", "    _check(parameters)\n", ""),)
ONE_ANSWER_FOR_ALL = (
    Edit(
        "provisioning_hook/handler.py",
        "DYNAMODB = DynamoDB()\n",
        "DYNAMODB = DynamoDB()\n"
        'ANSWER: dict[str, Any] = {"allowProvisioning": False, "parameterOverrides": {}}\n',
    ),
    Edit(
        "provisioning_hook/handler.py",
        "    return decision.response\n",
        '    if decision.response["allowProvisioning"]:\n'
        '        overrides = decision.response["parameterOverrides"]\n'
        "        for name in overrides:\n"
        '            ANSWER["parameterOverrides"].setdefault(name, overrides[name])\n'
        '        ANSWER["allowProvisioning"] = True\n'
        "    return ANSWER\n",
    ),
)
NOT_ESCAPED = (
    Edit(
        LOG,
        WRITE,
        "sys.stdout.write("
        '"{" + ", ".join(f\'"{key}": "{value}"\' for key, value in entry.items()) + "}\\n")',
    ),
)
NOT_ASCII = (Edit(LOG, "json.dumps(entry)", "json.dumps(entry, ensure_ascii=False)"),)
NOT_CUT = (Edit(LOG, "v[:characters] for", "v for"),)
EVERYTHING_LOGGED = (
    Edit(
        "provisioning_hook/decision_log.py",
        '        "requestId": request_id,\n',
        '        "requestId": request_id,\n        "parameters": str(parameters)[-100:],\n',
    ),
)


GATE_TAKES_THE_NAME = (
    Edit(
        "jitr_gate/gate.py",
        "        identity.prepare(iot, found.arn, overrides)\n",
        "        presented = decide.read(found.pem)\n"
        '        overrides["ThingName"] = decide.certificate.field(presented, "CommonName")\n'
        "        identity.prepare(iot, found.arn, overrides)\n",
    ),
)


def _gate(*edits: Edit) -> TakeOut:
    return lambda stack: deployed(stack, stack.ca(GATEWAYS)["function_name"], "jitr_gate", *edits)


@contextlib.contextmanager
def _role_for_any_thing(stack: Stack) -> Iterator[None]:
    """A just-in-time template's role without the prefix of the template's things."""
    name = stack.outputs["jitp_templates"]["sensors"]["name"]
    template = stack.client("iot").describe_provisioning_template(templateName=name)
    role = template["provisioningRoleArn"].rpartition("/")[2]
    texts = {name: json.dumps(held) for name, held in stack.role_policies(role).items()}
    own = f":thing/{stack.name_prefix}-sensor-*"
    assert any(own in text for text in texts.values())
    changed = {name: json.loads(text.replace(own, ":thing/*")) for name, text in texts.items()}
    with stack.changed_role(role, changed):
        yield


def _command_switches_nothing(_: Any) -> AbstractContextManager[Any]:
    """The operator's command writes the record, and passes over the certificates."""
    return mock.patch.object(operate._Operation, "_switch")


def _function_may_not_switch(stack: Any) -> AbstractContextManager[None]:
    """The lifecycle's function without the right to switch a certificate."""
    return stack.without("lifecycle-enforcement", "iot:UpdateCertificate")


# --- the list


@dataclass(frozen=True)
class Entry:
    """One protection.

    Attributes:
        sentence: What it sees to.
        kept_by: Who keeps it.
        where: The file, or the page of AWS's documentation that says so.
        threats: The rows of docs/threat-model.md that name its attacks.
        without: What is done to take it out; empty where nothing can be.
        take_out: Does it, on the stack; None where nothing can be done.
        stack: The fixture that this stack is.
        shown_by: What makes the difference between the two.
    """

    sentence: str
    kept_by: KeptBy
    where: str
    threats: tuple[str, ...]
    without: str = ""
    take_out: TakeOut | None = None
    stack: str = "guarded"
    shown_by: tuple[ShownBy, ...] = (ShownBy.ENDPOINT,)


AWS_GUIDE = "https://docs.aws.amazon.com/iot/latest/developerguide"


class Protection(enum.Enum):
    """What attacks must not get past."""

    CLAIM_TOPICS = Entry(
        "A claim certificate publishes and subscribes on its own template's topics only.",
        KeptBy.POLICIES,
        "policies/iot/claim-register.json.tftpl",
        ("T15", "T17"),
        "publish, subscribe and receive on *",
        _iot_policy("factory-claim", _any_topic),
    )
    CLAIM_CLIENT_ID = Entry(
        "A claim certificate connects under client ids that no device has.",
        KeptBy.POLICIES,
        "policies/iot/claim-register.json.tftpl",
        ("T16",),
        "connect as *",
        _iot_policy("factory-claim", _any_client_id),
    )
    DEVICE_CLIENT_ID = Entry(
        "A device connects under the name of the thing that its certificate is attached to.",
        KeptBy.POLICIES,
        f"policies/iot/{TYPE}.json.tftpl",
        ("T30",),
        "connect as *, attached or not",
        _iot_policy(TYPE, _any_client_id),
    )
    DEVICE_TOPICS = Entry(
        "A device publishes and subscribes on topics that bear its own name only.",
        KeptBy.POLICIES,
        f"policies/iot/{TYPE}.json.tftpl",
        ("T31", "T32"),
        "publish, subscribe and receive on *",
        _iot_policy(TYPE, _any_topic),
    )
    EXCLUSIVE_THING = Entry(
        "A certificate is good for one thing, however often its ownership token is presented.",
        KeptBy.POLICIES,
        "terraform/modules/fleet-template/main.tf (ThingPrincipalType)",
        ("T36",),
        "a version of the template without it",
        _things_for_any_certificate,
        shown_by=(ShownBy.STAND_IN,),
    )
    HOOK_SOURCE = Entry(
        "AWS IoT calls the hook for the stack's templates in its account, and for no other.",
        KeptBy.POLICIES,
        "terraform/modules/provisioning-hook/main.tf (aws_lambda_permission)",
        ("T60",),
        "a permission for iot.amazonaws.com without source ARN and account",
        _anybody_calls_the_hook("iot.amazonaws.com"),
        shown_by=(ShownBy.ENDPOINT, ShownBy.READING),
    )
    HOOK_PRINCIPAL = Entry(
        "Nobody but AWS IoT calls the hook, whatever account it is.",
        KeptBy.POLICIES,
        "terraform/modules/provisioning-hook/main.tf (aws_lambda_permission)",
        ("T60",),
        "a permission for *",
        _anybody_calls_the_hook("*"),
        shown_by=(ShownBy.READING,),
    )
    COUNTED = Entry(
        "Each denial is counted by its reason, which an alarm watches.",
        KeptBy.POLICIES,
        "terraform/modules/provisioning-hook/main.tf (aws_cloudwatch_log_metric_filter)",
        ("T25",),
        "no metric filter",
        _nothing_counts,
        shown_by=(ShownBy.STAND_IN,),
    )
    ALARM_TOPIC = Entry(
        "The topic of alarms is told by the stack's own alarms only.",
        KeptBy.POLICIES,
        "policies/iam/alarm-topic.json.tftpl",
        ("T65",),
        "a policy that lets everybody publish, without TLS too",
        _anybody_tells_the_topic,
        shown_by=(ShownBy.ENDPOINT, ShownBy.STAND_IN),
    )
    OVERRIDES = Entry(
        "Thing, thing type, thing group and policy are named by the registry alone.",
        KeptBy.CODE,
        "lambda_src/device_registry/identity.py",
        ("T14",),
        "the four names are not overridden",
        _hook(*NO_OVERRIDES),
    )
    REGISTERED_TYPE = Entry(
        "A device is of the type that it was enrolled with.",
        KeptBy.CODE,
        f"lambda_src/{CLAIM}",
        ("T14",),
        "the types are not compared",
        _hook(*NO_TYPE),
    )
    CLAIM_BINDING = Entry(
        "An enrolment that names a claim certificate is claimed with this one only.",
        KeptBy.CODE,
        f"lambda_src/{CLAIM}",
        ("T13",),
        "the certificates are not compared",
        _hook(*NO_CLAIM_BINDING),
    )
    STATUS = Entry(
        "A suspended or revoked device cannot claim.",
        KeptBy.CODE,
        f"lambda_src/{CLAIM}",
        ("T34",),
        "the two statuses are not looked at",
        _hook(*NO_STATUS),
    )
    ONE_IDENTITY = Entry(
        "A serial number in service cannot be claimed again with another certificate.",
        KeptBy.CODE,
        f"lambda_src/{CLAIM}",
        ("T11",),
        "the re-provision policy is not looked at",
        _hook(*NO_END_OF_A_CLAIM),
    )
    LEASE = Entry(
        "A serial number that is being claimed cannot be claimed with another certificate.",
        KeptBy.CODE,
        f"lambda_src/{CLAIM}",
        ("T11",),
        "the lease counts as over",
        _hook(*NO_LEASE),
    )
    CHECKED_INPUT = Entry(
        "What no thing attribute can hold is refused before a claim is taken.",
        KeptBy.CODE,
        "lambda_src/provisioning_hook/request.py",
        ("T20",),
        "parameters are not checked",
        _hook(*NO_CHECKS),
    )
    FRESH_ANSWER = Entry(
        "Nothing of one answer is left for the next: each call makes its own.",
        KeptBy.CODE,
        "lambda_src/provisioning_hook/response.py",
        ("T21",),
        "one answer for all calls of a warm function, added to and never cleared",
        _hook(*ONE_ANSWER_FOR_ALL),
    )
    LOG_ESCAPED = Entry(
        "No character that a device sends ends a line or a field of the log.",
        KeptBy.CODE,
        f"lambda_src/{LOG}",
        ("T81",),
        "fields are written as they are",
        _hook(*NOT_ESCAPED),
    )
    LOG_ASCII = Entry(
        "No character that a device sends is shown by a terminal or a viewer as anything else.",
        KeptBy.CODE,
        f"lambda_src/{LOG}",
        ("T81",),
        "characters beyond ASCII are written as they are",
        _hook(*NOT_ASCII),
    )
    LOG_CUT = Entry(
        "A device cannot make a line of the log long.",
        KeptBy.CODE,
        f"lambda_src/{LOG}",
        ("T81",),
        "fields are not cut",
        _hook(*NOT_CUT),
    )
    LOG_FIELDS = Entry(
        "The log tells who asked and what was decided, not what else a device says of itself.",
        KeptBy.CODE,
        "lambda_src/provisioning_hook/decision_log.py",
        ("T81",),
        "parameters are logged as they come",
        _hook(*EVERYTHING_LOGGED),
    )
    COMMAND_SWITCHES = Entry(
        "The operator's command switches off the certificates of the device that it shuts out.",
        KeptBy.CODE,
        "tools/registry/operate.py",
        ("T34",),
        "the command passes over the certificates",
        _command_switches_nothing,
    )
    FUNCTION_SWITCHES = Entry(
        "Certificates of a device whose record says it is shut out are switched off, whoever"
        " wrote the record.",
        KeptBy.CODE,
        "lambda_src/device_lifecycle/enforce.py",
        ("T34",),
        "the function's role lacks the right",
        _function_may_not_switch,
    )
    JITP_ROLE = Entry(
        "A just-in-time template makes and changes things of its own prefix only.",
        KeptBy.POLICIES,
        "terraform/modules/jitp-template/iam.tf",
        ("T40",),
        "its role's rights on things are for all things",
        _role_for_any_thing,
        "just_in_time",
        shown_by=(ShownBy.STAND_IN, ShownBy.ENDPOINT),
    )
    GATE_NAMES = Entry(
        "Behind a gate, the registry names the thing, whatever the certificate's subject says.",
        KeptBy.CODE,
        "lambda_src/jitr_gate/gate.py",
        ("T40",),
        "the thing is named by the subject's common name",
        _gate(*GATE_TAKES_THE_NAME),
        "just_in_time",
    )
    GATE_LOG_ESCAPED = Entry(
        "No character of a certificate's subject ends a line or a field of the gate's log.",
        KeptBy.CODE,
        f"lambda_src/{LOG}",
        ("T81",),
        "fields are written as they are",
        _gate(*NOT_ESCAPED),
        "just_in_time",
    )
    GATE_LOG_ASCII = Entry(
        "No character of a certificate's subject is shown as anything else.",
        KeptBy.CODE,
        f"lambda_src/{LOG}",
        ("T81",),
        "characters beyond ASCII are written as they are",
        _gate(*NOT_ASCII),
        "just_in_time",
    )
    REGISTERED_CA = Entry(
        "A certificate is registered just in time only if its CA is, in that account.",
        KeptBy.AWS,
        f"{AWS_GUIDE}/auto-register-device-cert.html",
        ("T33", "T49"),
    )
    REGISTERED_CERTIFICATE = Entry(
        "Only a certificate that AWS IoT knows, and that is active, connects.",
        KeptBy.AWS,
        f"{AWS_GUIDE}/x509-client-certs.html",
        ("T33",),
    )
    OWNERSHIP_TOKEN = Entry(
        "RegisterThing needs the ownership token that came with a certificate.",
        KeptBy.AWS,
        f"{AWS_GUIDE}/fleet-provision-api.html",
        ("T18",),
    )
    MESSAGE_FORMAT = Entry(
        "A request is at most 128 KB of JSON, or the hook is never asked.",
        KeptBy.AWS,
        "https://docs.aws.amazon.com/general/latest/gr/iot-core.html#limits_iot",
        ("T20",),
    )
