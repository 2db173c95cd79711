"""The stacks whose policies are looked at, each applied in an account of its own.

Between them they have every policy that the modules make, but for account-baseline's: those belong
to services that no endpoint serves, and are read from its plan.
"""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e import just_in_time as examples
from tests.e2e.fleet import EXAMPLE as COMPLETE_EXAMPLE
from tests.e2e.fleet import Fleet
from tests.e2e.just_in_time import JustInTime
from tests.least_privilege import policy_files
from tests.least_privilege.holders import Holder, find
from tests.support import terraform as support
from tests.support.endpoint import client, new_account
from tests.support.stack import PROVIDER, ClaimKey, Stack, root_module
from tests.support.terraform import Workspace
from tools.checkov import choices as every_choice
from tools.device.maker import Maker
from tools.endpoint import Endpoint

COMPLETE, JUST_IN_TIME, CHOICES, BASELINE = "complete", "jitp", "choices", "account-baseline"
STACKS = (COMPLETE, JUST_IN_TIME, CHOICES)
CLAIM, GATEWAY = every_choice.CLAIM, every_choice.GATEWAY
LAMP_CLIENTS = "arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}"


class Choices(Fleet):
    """The root module by other choices.

    Attributes:
        maker: Of lamps, whose CA is registered.
        crl_key_arn: Key of a revocation list, which is nobody else's.
    """

    maker: Maker
    crl_key_arn: str


def lamp_policy() -> dict[str, str]:
    """What a template says that brings its policy along, which AWS IoT then makes."""
    connect = {"Effect": "Allow", "Action": "iot:Connect", "Resource": LAMP_CLIENTS}
    document = {"Version": "2012-10-17", "Statement": [connect]}
    return {"PolicyDocument": json.dumps(document)}


@contextmanager
def applied(
    endpoint: Endpoint, directory: Path, names: tuple[str, ...]
) -> Iterator[dict[str, Stack]]:
    """Apply these stacks at the same time: most of it is the provider's waiting for queues."""
    makers = {COMPLETE: complete, JUST_IN_TIME: just_in_time, CHOICES: choices}
    with ThreadPoolExecutor(len(names)) as pool:
        made = {
            name: pool.submit(makers[name], new_account(endpoint), directory / name)
            for name in names
        }
        stacks = {name: future.result() for name, future in made.items()}
    try:
        yield stacks
    finally:
        for stack in stacks.values():
            stack.transport.close()
            stack.own_name.close()


def complete(account: Endpoint, directory: Path) -> Fleet:
    """examples/complete with one claim certificate."""
    key = ClaimKey(directory / "claims", CLAIM)
    variables = {"claim_csrs": {CLAIM: key.csr_pem}}
    workspace = Workspace(support.stage(directory / "copy"), COMPLETE_EXAMPLE, account, variables)
    workspace.init().apply()
    stack = Fleet(workspace.outputs(), account, directory / "devices")
    certificates = stack.template()["claim_certificates"]
    stack.claims = {CLAIM: key.claim(certificates[CLAIM]["pem"])}
    return stack


def just_in_time(account: Endpoint, directory: Path) -> JustInTime:
    """examples/jitp with a maker of sensors and one of gateways, whose gate reads a list."""
    makers = examples.make_makers()
    bucket = f"revocations-{account.account_id}"
    variables = {
        "sensor_cas": {examples.SENSORS: makers[examples.SENSORS].certificate_pem},
        "gateway_cas": {examples.GATEWAYS: makers[examples.GATEWAYS].certificate_pem},
        "gateway_crl_bucket": bucket,
    }
    workspace = Workspace(support.stage(directory / "copy"), examples.EXAMPLE, account, variables)
    workspace.init().apply()
    stack = JustInTime(workspace.outputs(), account, directory / "devices", makers, bucket)
    region = {"LocationConstraint": account.region}
    stack.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=region)
    stack.publish_crl(examples.GATEWAYS)
    return stack


def choices(account: Endpoint, directory: Path) -> Choices:
    """The root module by other choices."""
    key = ClaimKey(directory / "claims", CLAIM)
    makers = {
        name: Maker({"CommonName": name})
        for name in (every_choice.LAMPS, every_choice.KEYED_GATEWAYS)
    }
    pems = {name: maker.certificate_pem for name, maker in makers.items()}
    key_arn = client(account, "kms").create_key()["KeyMetadata"]["Arn"]
    variables = every_choice.variables(key.csr_pem, pems, key_arn, lamp_policy())
    workspace = root_module(support.stage(directory / "copy"), account, variables)
    workspace.apply()
    stack = Choices(workspace.outputs(), account, directory / "devices")
    stack.maker, stack.crl_key_arn = makers[every_choice.LAMPS], key_arn
    return stack


def planned_baseline(account: Endpoint, directory: Path) -> list[Holder]:
    """What account-baseline would make: nothing of it can be applied, or tried, at an endpoint."""
    arn = f":{account.region}:{account.account_id}"
    topic = {
        "topic_arn": f"arn:aws:sns{arn}:findings",
        "kms_key_arn": f"arn:aws:kms{arn}:key/{uuid.UUID(int=0)}",
    }
    actions = {
        "off": {"deactivate_certificate": True},
        "quarantine": {"thing_groups": ["quarantine"]},
        "tell": topic,
    }
    variables = {"logging": {}, "audit": {"notifications": topic, "mitigation_actions": actions}}
    workspace = Workspace(
        support.stage(directory / "copy"), "terraform/modules/account-baseline", account, variables
    )
    (workspace.directory / "provider.tf").write_text(PROVIDER)
    holders = []
    for change in workspace.init().plan().document["resource_changes"]:
        after = change["change"]["after"] or {}
        for attribute in ("assume_role_policy", "policy"):
            if after.get(attribute):
                document = json.loads(after[attribute])
                name = (after.get("role") or after["name"]).removesuffix(f"-{account.region}")
                file = policy_files.made_from(document)
                holders.append(Holder(name, file, document, _never))
    return holders


def _never(_: dict[str, Any]) -> None:
    raise NotImplementedError("planned only")


def holders_of(stack: Stack) -> list[Holder]:
    """Everybody who holds rights in an applied stack, in an order that stays."""
    return sorted(find(stack), key=lambda one: (one.file, one.name))


def quiet(stack: Stack) -> None:
    """Keep events from the functions: flows call them, and must not meet others that do.

    Retries and dead letters, which a missing right would otherwise start, stay away too.
    """
    functions, iot = stack.client("lambda"), stack.client("iot")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    for rule in iot.list_topic_rules()["rules"]:
        iot.disable_topic_rule(ruleName=rule["ruleName"])
