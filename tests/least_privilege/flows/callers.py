"""Who may call functions, take roles, write to queues and tell topics, among AWS's services."""

import base64
import contextlib
import io
import json
import secrets
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from device_registry.record import DeviceRecord, Status
from tests.e2e.fleet import Fleet
from tests.e2e.just_in_time import GATEWAYS, JustInTime
from tests.least_privilege.flows.flow import (
    SOON_SECONDS,
    Broken,
    certificate,
    flow,
    forget,
    invoke,
    of_client_error,
    see,
    soon,
)
from tests.least_privilege.flows.lifecycle import function, now, record
from tests.least_privilege.flows.operations import goes_off
from tests.least_privilege.holders import permission
from tests.least_privilege.stacks import CHOICES, COMPLETE, GATEWAY, JUST_IN_TIME, Choices
from tests.support import notifications
from tests.support.endpoint import client
from tests.support.stack import Stack

# Three attempts with pauses between them, and a queue behind.
GIVEN_UP_SECONDS = 8
RULE = "called by a topic rule"
LOG_GROUP = "called by a log group"
ELSEWHERE = "us-east-1"


def alias(stack: Stack, name: str) -> dict[str, str]:
    """The part of a function that is called."""
    return {"FunctionName": name, "Qualifier": "live"}


# --- topic rules


@contextlib.contextmanager
def rule(stack: Stack) -> Iterator[None]:
    """The rule that passes connections on, at work for a while."""
    iot = stack.client("iot")
    name = stack.outputs["device_lifecycle"]["topic_rules"]["presence"]
    iot.enable_topic_rule(ruleName=name)
    try:
        yield
    finally:
        iot.disable_topic_rule(ruleName=name)


@contextlib.contextmanager
def connected(stack: Fleet) -> Iterator[DeviceRecord]:
    """A device that was let in, connects, and is looked at."""
    certificate_id, arn, credentials = certificate(stack)
    with record(stack, Status.PROVISIONING, certificate_id=certificate_id) as device, rule(stack):
        iot, thing = stack.client("iot"), str(device.thing_name)
        iot.create_thing(thingName=thing)
        iot.attach_thing_principal(thingName=thing, principal=arn)
        iot.attach_policy(
            policyName=stack.outputs["device_types"][GATEWAY]["policy_name"], target=arn
        )
        with stack.session(credentials, thing):
            yield device


@flow(
    "a device connects, and is in service",
    COMPLETE,
    {(RULE, "lambda-permission"): "lambda:InvokeFunction"},
)
def into_service(stack: Fleet) -> None:
    with connected(stack) as device:
        active = soon(lambda: now(stack, device).status is Status.ACTIVE, 5)
        see(active, "the record stays PROVISIONING")


@flow(
    "attack: another topic rule of the account forges a connection",
    COMPLETE,
    {(RULE, "lambda-permission"): "AWS:SourceArn"},
)
def forged(stack: Fleet) -> None:
    iot, name = stack.client("iot"), f"forged_{secrets.token_hex(4)}"
    target = stack.client("lambda").get_alias(
        FunctionName=function(stack, "confirmation"), Name="live"
    )["AliasArn"]
    iot.create_topic_rule(
        ruleName=name,
        topicRulePayload={
            "sql": f"SELECT * FROM '{name}'",  # noqa: S608  a topic rule's
            "actions": [{"lambda": {"functionArn": target}}],
        },
    )
    certificate_id = secrets.token_hex(32)
    with record(stack, Status.PROVISIONING, certificate_id=certificate_id) as device:
        event = {
            "eventType": "connected",
            "clientId": device.thing_name,
            "principalIdentifier": certificate_id,
        }
        stack.client("iot-data").publish(topic=name, qos=1, payload=json.dumps(event).encode())
        active = soon(lambda: now(stack, device).status is Status.ACTIVE)
        iot.delete_topic_rule(ruleName=name)
        see(not active, "the attack gets through: a device that never connected is ACTIVE")


# --- what could not be handed over


@contextlib.contextmanager
def not_callable(stack: Stack, name: str, begin: str) -> Iterator[None]:
    """A function without its permissions whose names begin so."""
    functions, place = stack.client("lambda"), alias(stack, name)
    held = json.loads(functions.get_policy(**place)["Policy"])["Statement"]
    taken = [one for one in held if one["Sid"].startswith(begin)]
    for one in taken:
        functions.remove_permission(**place, StatementId=one["Sid"])
    try:
        yield
    finally:
        for one in taken:
            functions.add_permission(**place, **permission(one))


def arrives(stack: Stack, queue_url: str, text: str, seconds: float) -> None:
    """Break unless a message with this text comes."""
    see(comes(stack, queue_url, text, seconds), "nothing arrives in the queue")


def comes(stack: Stack, queue_url: str, text: str, seconds: float) -> bool:
    """Whether a message with this text comes; what came before is taken from the queue."""
    queues = stack.client("sqs")

    def look() -> bool:
        answer = queues.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        messages = answer.get("Messages", [])
        for one in messages:
            queues.delete_message(QueueUrl=queue_url, ReceiptHandle=one["ReceiptHandle"])
        return any(text in said(one["Body"]) for one in messages)

    return bool(soon(look, seconds))


def said(body: str) -> str:
    """A message, and what a topic rule could not hand over in it."""
    original = json.loads(body).get("base64OriginalPayload", "")
    return body + base64.b64decode(original).decode()


@flow(
    "an event that a topic rule cannot hand over is kept",
    COMPLETE,
    {
        ("lifecycle-rule", "topic-rule-trust"): "sts:AssumeRole",
        ("lifecycle-rule", "dead-letter"): "sqs:SendMessage",
    },
)
def kept_by_the_rule(stack: Fleet) -> None:
    queue = stack.outputs["device_lifecycle"]["dead_letter_queues"]["confirmation"]["url"]
    with (
        not_callable(stack, function(stack, "confirmation"), "topic-rule"),
        connected(stack) as device,
    ):
        arrives(stack, queue, str(device.thing_name), 3)


@flow(
    "a registered certificate that a topic rule cannot hand over is kept",
    JUST_IN_TIME,
    {
        ("*-gw-rule", "topic-rule-trust"): "sts:AssumeRole",
        ("*-gw-rule", "dead-letter"): "sqs:SendMessage",
    },
)
def kept_by_the_gates_rule(stack: JustInTime) -> None:
    ca, iot = stack.ca(GATEWAYS), stack.client("iot")
    name = registered_rule(stack)
    with not_callable(stack, ca["function_name"], "topic-rule"):
        iot.enable_topic_rule(ruleName=name)
        try:
            device = stack.gateway()
            stack.knock(device)
            arrives(stack, ca["dead_letter_queue_url"], device.certificate_id, 3)
        finally:
            iot.disable_topic_rule(ruleName=name)


def written_from_elsewhere(stack: Stack, rule_name: str) -> None:
    """A rule of another Region writes to a rule's queue as its role: AWS lets it name both."""
    iot = stack.client("iot")
    ours = iot.get_topic_rule(ruleName=rule_name)["rule"]["errorAction"]["sqs"]
    owner, queue = ours["queueUrl"].rsplit("/", 2)[1:]
    foreign = {
        "queueUrl": f"https://sqs.{stack.endpoint.region}.amazonaws.com/{owner}/{queue}",
        "roleArn": ours["roleArn"],
    }
    there = replace(stack.endpoint, region=ELSEWHERE)
    name = f"foreign_{secrets.token_hex(4)}"
    rules = client(there, "iot")
    rules.create_topic_rule(
        ruleName=name,
        topicRulePayload={
            "sql": f"SELECT * FROM '{name}'",  # noqa: S608  a topic rule's
            "actions": [{"sqs": foreign}],
        },
    )
    try:
        message = json.dumps({"from": name}).encode()
        client(there, "iot-data").publish(topic=name, qos=1, payload=message)
        came = comes(stack, ours["queueUrl"], name, SOON_SECONDS)
    finally:
        rules.delete_topic_rule(ruleName=name)
    see(not came, "the attack gets through: the queue has a message from another Region")


@flow(
    "attack: a topic rule of another Region writes as the rule's role",
    COMPLETE,
    {("lifecycle-rule", "topic-rule-trust"): "aws:SourceArn"},
)
def kept_out_of_the_queue(stack: Fleet) -> None:
    rules = stack.outputs["device_lifecycle"]["topic_rules"]
    written_from_elsewhere(stack, rules["presence"])


@flow(
    "attack: a topic rule of another Region writes as the gate's rule's role",
    JUST_IN_TIME,
    {("*-gw-rule", "topic-rule-trust"): "aws:SourceArn"},
)
def kept_out_of_the_gates_queue(stack: JustInTime) -> None:
    written_from_elsewhere(stack, registered_rule(stack))


def registered_rule(stack: JustInTime) -> str:
    """The rule that tells the gate of registered certificates."""
    return f"{stack.ca(GATEWAYS)['name']}_registered".replace("-", "_")


def fails(stack: Stack, name: str, event: Any, queue_url: str) -> None:
    """Break unless an event that a function cannot take is in its queue in the end."""
    marker = secrets.token_hex(8)
    stack.client("lambda").invoke(
        **alias(stack, name),
        InvocationType="Event",
        Payload=json.dumps({**event, "marker": marker}),
    )
    arrives(stack, queue_url, marker, GIVEN_UP_SECONDS)


@flow(
    "log lines that the audit trail cannot take are kept",
    COMPLETE,
    {("lifecycle-audit", "dead-letter"): "sqs:SendMessage"},
)
def kept_for_the_trail(stack: Fleet) -> None:
    queue = stack.outputs["device_lifecycle"]["dead_letter_queues"]["audit"]["url"]
    fails(stack, function(stack, "audit"), {"awslogs": "none"}, queue)


@flow(
    "an alarm that the guard cannot take is kept",
    CHOICES,
    {("claim-guard", "dead-letter"): "sqs:SendMessage"},
)
def kept_for_the_guard(stack: Fleet) -> None:
    guard = stack.outputs["claim_guard"]
    fails(stack, guard["function_name"], {}, guard["dead_letter_queue_url"])


@flow(
    "an event that cannot be acted on is kept",
    COMPLETE,
    {("lifecycle-confirmation", "dead-letter"): "sqs:SendMessage"},
)
def kept_for_confirmation(stack: Fleet) -> None:
    iam, name = stack.client("iam"), function(stack, "confirmation")
    place = {"RoleName": f"{name}-{stack.endpoint.region}", "PolicyName": "registry"}
    held = iam.get_role_policy(**place)["PolicyDocument"]
    iam.delete_role_policy(**place)
    event = {
        "eventType": "connected",
        "clientId": f"{stack.name_prefix}-nobody",
        "principalIdentifier": secrets.token_hex(32),
    }
    queue = stack.outputs["device_lifecycle"]["dead_letter_queues"]["confirmation"]["url"]
    try:
        fails(stack, name, event, queue)
    finally:
        text = held if isinstance(held, str) else json.dumps(held)
        iam.put_role_policy(**place, PolicyDocument=text)


@flow(
    "a certificate that the gate cannot decide on is kept",
    JUST_IN_TIME,
    {("*-gw-gate", "dead-letter"): "sqs:SendMessage"},
)
def kept_for_the_gate(stack: JustInTime) -> None:
    device, ca = stack.enrolled_gateway(), stack.ca(GATEWAYS)
    with stack.crl(GATEWAYS, days=0):
        stack.knock(device)
        fails(stack, ca["function_name"], stack.event(device), ca["dead_letter_queue_url"])
    forget(stack, device.serial_number)


@flow(
    "a change of the registry that enforcement cannot take is kept",
    COMPLETE,
    {("lifecycle-enforcement", "dead-letter"): "sqs:SendMessage"},
)
def kept_by_the_stream(stack: Fleet) -> None:
    """Lambda cannot take the function's role, and gives the change up when it is old."""
    functions, name = stack.client("lambda"), function(stack, "enforcement")
    queue = stack.outputs["device_lifecycle"]["dead_letter_queues"]["enforcement"]["url"]
    uuid = stack.outputs["device_lifecycle"]["stream_mapping_id"]
    before = functions.get_event_source_mapping(UUID=uuid)["MaximumRecordAgeInSeconds"]
    stack.client("sqs").purge_queue(QueueUrl=queue)
    with trusting_nobody(stack, f"{name}-{stack.endpoint.region}"), record(stack, Status.ENROLLED):
        # AWS takes a minute at the least.
        functions.update_event_source_mapping(UUID=uuid, MaximumRecordAgeInSeconds=1, Enabled=True)
        try:
            arrives(stack, queue, "MaxRecordAgeExceeded", GIVEN_UP_SECONDS)
        finally:
            functions.update_event_source_mapping(
                UUID=uuid, MaximumRecordAgeInSeconds=before, Enabled=False
            )


@contextlib.contextmanager
def trusting_nobody(stack: Stack, role: str) -> Iterator[None]:
    """A role that no service may take, for a while."""
    iam = stack.client("iam")
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    nobody = {**trust, "Statement": [{**one, "Effect": "Deny"} for one in trust["Statement"]]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(nobody))
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))


# --- log groups


@flow(
    "Terraform subscribes the audit trail to a function's log",
    COMPLETE,
    {(LOG_GROUP, "lambda-permission"): "lambda:InvokeFunction"},
)
def subscribed(stack: Fleet) -> None:
    logs, group = stack.client("logs"), stack.outputs["hook_log_group_name"]
    (there,) = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    wanted = ("logGroupName", "filterName", "filterPattern", "destinationArn")
    try:
        logs.put_subscription_filter(**{name: there[name] for name in wanted})
    except ClientError as error:
        raise Broken(of_client_error(error)) from error


@flow(
    "attack: another log group writes into the audit trail",
    COMPLETE,
    {(LOG_GROUP, "lambda-permission"): "AWS:SourceArn"},
)
def foreign_log(stack: Fleet) -> None:
    logs, ours = stack.client("logs"), stack.outputs["hook_log_group_name"]
    (there,) = logs.describe_subscription_filters(logGroupName=ours)["subscriptionFilters"]
    group = f"foreign-{secrets.token_hex(4)}"
    logs.create_log_group(logGroupName=group)
    try:
        logs.put_subscription_filter(
            logGroupName=group,
            filterName="foreign",
            filterPattern="",
            destinationArn=there["destinationArn"],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidParameterException":
            raise
        return
    finally:
        logs.delete_log_group(logGroupName=group)
    raise Broken("the attack gets through: a foreign log group is subscribed")


# --- roles of functions


@flow(
    "attack: another function of the account takes the hook's role",
    COMPLETE,
    {("every function", "lambda-trust"): "aws:SourceArn"},
)
def other_function(stack: Fleet) -> None:
    functions, name = stack.client("lambda"), f"foreign-{secrets.token_hex(4)}"
    hook = functions.get_function_configuration(FunctionName=stack.outputs["hook_function_name"])
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as package:
        package.writestr("foreign.py", "def handler(event, context):\n    return 'mine'\n")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="foreign.handler",
        Role=hook["Role"],
        Code={"ZipFile": code.getvalue()},
    )
    try:
        invoke(stack, name, {}, qualifier=None)
    except Broken as broken:
        if "cannot be assumed" not in str(broken):
            raise
        return
    finally:
        functions.delete_function(FunctionName=name)
    raise Broken("the attack gets through: the function has the role's rights")


def with_the_rights_of(stack: Stack, role: str) -> dict[str, str]:
    """Credentials of somebody who may what a role may: those of a function that were stolen."""
    return stack.user(documents=stack.role_policies(role))


def refused(call: Callable[[], Any]) -> bool:
    """Whether the caller may not."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return True
    return False


@flow(
    "attack: the audit trail's key used by itself, with the function's rights",
    CHOICES,
    {("lifecycle-audit", "lifecycle-audit"): "kms:ViaService"},
)
def data_key(stack: Choices) -> None:
    role = f"{function(stack, 'audit')}-{stack.endpoint.region}"
    thief = stack.client("kms", **with_the_rights_of(stack, role))
    key = stack.outputs["device_lifecycle"]["audit_kms_key_arn"]
    held_off = refused(lambda: thief.generate_data_key(KeyId=key, KeySpec="AES_256"))
    see(held_off, "the attack gets through: KMS hands out a data key")


@flow(
    "attack: the revocation list's key used by itself, with the gate's rights",
    CHOICES,
    {("*-gw-gate", "jitr-crl"): "kms:ViaService"},
)
def decryption(stack: Choices) -> None:
    gate = stack.outputs["certificate_authorities"]["keyed-gw"]["function_name"]
    secret = stack.client("kms").encrypt(KeyId=stack.crl_key_arn, Plaintext=b"list")
    role = f"{gate}-{stack.endpoint.region}"
    thief = stack.client("kms", **with_the_rights_of(stack, role))
    held_off = refused(lambda: thief.decrypt(CiphertextBlob=secret["CiphertextBlob"]))
    see(held_off, "the attack gets through: KMS decrypts for the thief")


# --- the topic of alarms


@contextlib.contextmanager
def listening(stack: Stack) -> Iterator[str]:
    """A queue that hears what the topic of alarms is told."""
    queues, topics = stack.client("sqs"), stack.client("sns")
    topic = stack.outputs["monitoring"]["topic_arn"]
    url = queues.create_queue(QueueName=f"listener-{secrets.token_hex(4)}")["QueueUrl"]
    place = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
    arn = queues.get_queue_attributes(**place)["Attributes"]["QueueArn"]
    let = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let]})
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = topics.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    try:
        yield url
    finally:
        topics.unsubscribe(SubscriptionArn=subscription)
        queues.delete_queue(QueueUrl=url)


def budget_alarm(stack: Stack) -> dict[str, Any]:
    """The alarm of the claim's budget, without its call of the guard."""
    (arn,) = stack.outputs["claim_guard"]["alarm_arns"].values()
    name = arn.rpartition(":")[2]
    (alarm,) = stack.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(alarm)


def alarm_states(stack: Stack, queue_url: str) -> list[tuple[str, str]]:
    """What the queue heard."""
    return list(notifications.states(stack.client("sqs"), queue_url))


COPIED = (
    "MetricName",
    "Namespace",
    "Dimensions",
    "Period",
    "EvaluationPeriods",
    "Statistic",
    "Threshold",
    "ComparisonOperator",
)


def tells(stack: Stack, alarm_name: str) -> bool:
    """Whether an alarm that goes off is told by the topic; it calls no guard."""
    cloudwatch, ours = stack.client("cloudwatch"), budget_alarm(stack)
    topic = stack.outputs["monitoring"]["topic_arn"]
    cloudwatch.disable_alarm_actions(AlarmNames=[ours["AlarmName"]])
    cloudwatch.put_metric_alarm(
        **{key: ours[key] for key in COPIED}, AlarmName=alarm_name, AlarmActions=[topic]
    )
    try:
        with listening(stack) as queue:
            goes_off(stack, alarm_name)
            heard = soon(lambda: (alarm_name, "ALARM") in alarm_states(stack, queue))
    finally:
        cloudwatch.delete_alarms(AlarmNames=[alarm_name])
        cloudwatch.enable_alarm_actions(AlarmNames=[ours["AlarmName"]])
    return bool(heard)


@flow(
    "an alarm tells the topic",
    CHOICES,
    {("alarms", "alarm-topic"): "sns:Publish"},
)
def told(stack: Fleet) -> None:
    name = f"{stack.name_prefix}-{secrets.token_hex(4)}"
    see(tells(stack, name), "the topic's subscribers hear nothing")


@flow(
    "attack: an alarm that is not the stack's tells the topic",
    CHOICES,
    {("alarms", "alarm-topic"): "aws:SourceArn"},
)
def told_by_another(stack: Fleet) -> None:
    heard = tells(stack, f"foreign-{secrets.token_hex(4)}")
    see(not heard, "the attack gets through: subscribers hear of a foreign alarm")


@flow(
    "attack: telling the topic without TLS",
    CHOICES,
    {("alarms", "alarm-topic"): "deny?sns:Publish"},
)
def told_by_plain_http(stack: Fleet) -> None:
    """As a user who may: only the topic itself can refuse."""
    topic = stack.outputs["monitoring"]["topic_arn"]
    may = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    teller = stack.user(documents={"tell": {"Version": "2012-10-17", "Statement": [may]}})
    topics = stack.client("sns", **teller)
    try:
        topics.publish(TopicArn=topic, Message="{}")
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"AuthorizationError", "AccessDenied"}:
            raise
        return
    raise Broken("the attack gets through: the topic is told over plain HTTP")
