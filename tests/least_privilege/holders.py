"""Who holds rights in an applied stack: found by asking its account, and changed by its APIs."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.least_privilege import policy_files
from tests.least_privilege.documents import Right, rights, without
from tests.support.stack import Stack
from tools.endpoint import REGION

FUNCTION_FILES = {"lambda-logs", "lambda-trust", "lambda-xray"}
CLAIMS = {"-claim": "", "-claim-keys": ", keys", "-claim-csr": ", CSR"}
# By how the names of the permissions begin.
CALLERS = {
    "provisioning-template": "a provisioning template",
    "topic-rule": "a topic rule",
    "log-group": "a log group",
    "schedule": "the schedule",
    "claim-budget": "an alarm",
}
CALLER = re.compile(rf"\(({'|'.join(CALLERS)})")
DEFAULT = "Enable IAM User Permissions"
DIFFERS = {
    "ID": re.compile("[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "ACCOUNT": re.compile(r"\b[0-9]{12}\b"),
    "REGION": re.compile(rf"\b{REGION}\b"),
}


@dataclass(frozen=True)
class Holder:
    """One policy document in its place.

    Attributes:
        name: Of the role, the IoT policy, the function or whatever has it, without prefix and
            region.
        file: The file under policies/ that it was made from, without its ending.
        document: As it was found.
        put: Writes another in its place.
        by_resource: Whether each of its resources is a right of its own.
    """

    name: str
    file: str
    document: dict[str, Any]
    put: Callable[[dict[str, Any]], None] = field(repr=False)
    by_resource: bool = False

    @property
    def group(self) -> str:
        """Those who hold the same for the same purpose, of which one stands for all."""
        if self.file in FUNCTION_FILES:
            return "every function"
        if self.file == policy_files.PERMISSION:
            return f"called by {CALLERS[CALLER.search(self.name)[1]]}"
        for ending, which in CLAIMS.items():
            if self.name.endswith(ending):
                return f"every claim{which}"
        for ending in ("-provision", "-jitp", "-trusted-user"):
            if self.name.endswith(ending):
                return f"*{ending}"
        for ending in ("-gw-gate", "-gw-rule"):
            if self.name.endswith(ending):
                return f"*{ending}"
        return self.name

    def rights(self) -> list[Right]:
        """Everything that can be taken from it."""
        return list(rights(self.document, by_resource=self.by_resource))

    @contextlib.contextmanager
    def without(self, *taken: Right) -> Iterator[None]:
        """Take rights away for a while."""
        self.put(without(self.document, *taken))
        try:
            yield
        finally:
            self.put(self.document)


def find(stack: Stack) -> list[Holder]:
    """Every policy document that the stack brought into its account."""
    return [
        *_roles(stack),
        *_managed_policies(stack),
        *_iot_policies(stack),
        *_functions(stack),
        *_tables(stack),
        *_resources(stack),
    ]


def short(stack: Stack, name: str) -> str:
    """A name without what differs between stacks and regions."""
    return name.removeprefix(f"{stack.name_prefix}-").removesuffix(f"-{stack.endpoint.region}")


def plain(text: str, stack: Stack | None = None) -> str:
    """A text without what differs from run to run."""
    for name, pattern in DIFFERS.items():
        text = pattern.sub(name, text)
    if stack is None:
        return text
    return re.sub(rf"\b{re.escape(stack.name_prefix)}\b", "PREFIX", text)


def every(client: Any, operation: str, member: str, **of: str) -> Iterator[Any]:
    """Everything that a call lists, page after page."""
    for page in client.get_paginator(operation).paginate(**of):
        yield from page[member]


def _parsed(document: str | dict[str, Any]) -> dict[str, Any]:
    return json.loads(document) if isinstance(document, str) else document


def _roles(stack: Stack) -> Iterator[Holder]:
    iam = stack.client("iam")
    for role in every(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        for policy in every(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name):
            if ":iam::aws:" in policy["PolicyArn"]:
                raise LookupError(f"{name} has {policy['PolicyName']}, which is not the stack's")

        def put_trust(document: dict[str, Any], name: str = name) -> None:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))

        trust = _parsed(role["AssumeRolePolicyDocument"])
        yield Holder(short(stack, name), policy_files.made_from(trust), trust, put_trust)
        for policy in every(iam, "list_role_policies", "PolicyNames", RoleName=name):
            held = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]

            def put(document: dict[str, Any], name: str = name, policy: str = policy) -> None:
                iam.put_role_policy(
                    RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document)
                )

            document = _parsed(held)
            yield Holder(short(stack, name), policy_files.made_from(document), document, put)


def _managed_policies(stack: Stack) -> Iterator[Holder]:
    iam = stack.client("iam")
    for policy in every(iam, "list_policies", "Policies", Scope="Local"):
        arn, version = policy["Arn"], policy["DefaultVersionId"]
        held = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        document = _parsed(held["Document"])

        def put(document: dict[str, Any], arn: str = arn) -> None:
            before = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            text = json.dumps(document)
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
            iam.delete_policy_version(PolicyArn=arn, VersionId=before)

        name = short(stack, policy["PolicyName"])
        yield Holder(name, policy_files.made_from(document), document, put)


def _iot_policies(stack: Stack) -> Iterator[Holder]:
    iot = stack.client("iot")
    for policy in every(iot, "list_policies", "policies"):
        full = policy["policyName"]
        document = _parsed(iot.get_policy(policyName=full)["policyDocument"])

        def put(document: dict[str, Any], full: str = full) -> None:
            before = iot.get_policy(policyName=full)["defaultVersionId"]
            iot.create_policy_version(
                policyName=full, policyDocument=json.dumps(document), setAsDefault=True
            )
            iot.delete_policy_version(policyName=full, policyVersionId=before)

        name = short(stack, full)
        yield Holder(name, policy_files.of_iot_policy(name), document, put, by_resource=True)


def _functions(stack: Stack) -> Iterator[Holder]:
    functions = stack.client("lambda")
    for name in (one["FunctionName"] for one in every(functions, "list_functions", "Functions")):
        aliases = every(functions, "list_aliases", "Aliases", FunctionName=name)
        places = [{"Qualifier": alias["Name"]} for alias in aliases]
        for place in ({"FunctionName": name} | one for one in ({}, *places)):
            yield from _permissions(stack, functions, place)


def _permissions(stack: Stack, functions: Any, place: dict[str, str]) -> Iterator[Holder]:
    try:
        document = json.loads(functions.get_policy(**place)["Policy"])
    except functions.exceptions.ResourceNotFoundException:
        return
    for statement in document["Statement"]:
        # The endpoint tells of every alias where it is asked for the function itself.
        if statement["Resource"].endswith(f":function:{':'.join(place.values())}"):

            def put(document: dict[str, Any], sid: str = statement["Sid"]) -> None:
                with contextlib.suppress(functions.exceptions.ResourceNotFoundException):
                    functions.remove_permission(**place, StatementId=sid)
                for one in document["Statement"]:
                    if one.get("Sid") == sid:
                        functions.add_permission(**place, **permission(one))

            alone = {**document, "Statement": [statement]}
            file = policy_files.PERMISSION
            name = short(stack, place["FunctionName"])
            yield Holder(f"{name} ({short(stack, statement['Sid'])})", file, alone, put)


def permission(statement: dict[str, Any]) -> dict[str, str]:
    """What lambda:AddPermission is told to make this statement."""
    given = {
        key.lower(): v
        for test in statement.get("Condition", {}).values()
        for key, v in test.items()
    }
    conditions = {
        "SourceArn": given.get("aws:sourcearn"),
        "SourceAccount": given.get("aws:sourceaccount"),
    }
    return {
        "StatementId": statement["Sid"],
        "Action": statement["Action"],
        "Principal": statement["Principal"]["Service"],
    } | {name: value for name, value in conditions.items() if value}


def _tables(stack: Stack) -> Iterator[Holder]:
    tables = stack.client("dynamodb")
    for name in every(tables, "list_tables", "TableNames"):
        arn = tables.describe_table(TableName=name)["Table"]["TableArn"]
        try:
            document = json.loads(tables.get_resource_policy(ResourceArn=arn)["Policy"])
        except tables.exceptions.ClientError:
            # A table that nobody else uses has no policy.
            continue

        def put(document: dict[str, Any], arn: str = arn) -> None:
            tables.put_resource_policy(ResourceArn=arn, Policy=json.dumps(document))

        yield Holder(short(stack, name), policy_files.made_from(document), document, put)


def _resources(stack: Stack) -> Iterator[Holder]:
    keys, topics, buckets = (stack.client(name) for name in ("kms", "sns", "s3"))
    for key in every(keys, "list_keys", "Keys"):
        place = {"KeyId": key["KeyId"], "PolicyName": "default"}
        document = json.loads(keys.get_key_policy(**place)["Policy"])
        if [one.get("Sid") for one in document["Statement"]] == [DEFAULT]:
            # A key that the stack only uses has the policy that every key begins with.
            continue
        file = policy_files.made_from(document)

        def put_key(document: dict[str, Any], place: Any = place) -> None:
            keys.put_key_policy(**place, Policy=json.dumps(document))

        yield Holder(file, file, document, put_key)
    for topic in every(topics, "list_topics", "Topics"):
        attributes = topics.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        document = json.loads(attributes["Policy"])

        def put_topic(document: dict[str, Any], arn: str = topic["TopicArn"]) -> None:
            topics.set_topic_attributes(
                TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(document)
            )

        name = short(stack, topic["TopicArn"].rpartition(":")[2])
        yield Holder(name, policy_files.made_from(document), document, put_topic)
    for bucket in buckets.list_buckets()["Buckets"]:
        name = bucket["Name"]
        try:
            document = json.loads(buckets.get_bucket_policy(Bucket=name)["Policy"])
        except buckets.exceptions.ClientError:
            # A bucket that the stack only reads has no policy of the stack's.
            continue

        def put_bucket(document: dict[str, Any], name: str = name) -> None:
            buckets.put_bucket_policy(Bucket=name, Policy=json.dumps(document))

        file = policy_files.made_from(document)
        yield Holder("archive bucket", file, document, put_bucket)
