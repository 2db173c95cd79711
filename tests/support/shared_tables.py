"""Another account's DynamoDB table, for those whom its resource policy lets in.

The embedded engine keeps a table's resource policy and never asks it, and knows tables of the
caller's account only. DynamoDB takes a table's ARN in place of its name: across accounts both the
caller's own policies and the table's must allow the call, within one account either may.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-cross-account-access.html

Where IAM is not enforced, the table's policy still has to let in the caller's account, or somebody
of it: who the caller is there, nobody knows. A table of another Region is not found, and a
transaction or a batch that names several accounts' tables is refused. What stays missing: the
policy of the key that encrypts the table is not asked.

It runs in the engine's own environment and imports nothing of the project.
"""

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

TABLE = re.compile(
    r"(?P<arn>arn:aws[a-z-]*:dynamodb:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):table/[^/]+)"
)
REFUSED = 400


def mend(engine: Callable[[str], Any]) -> None:
    """Do all of the above to the engine.

    Args:
        engine: Finds the engine's modules.
    """
    tables, evaluator = engine("services.dynamodb"), engine("core.iam_evaluator")

    def policy_of(arn: str) -> tuple[str, str] | None:
        """A table's policy and its owner, if this is the ARN of a table or of its index."""
        table = TABLE.match(arn)
        if table is None:
            return None
        kept = tables._resource_policies.get_scoped(table["account"], table["region"], table["arn"])
        return (kept or {}).get("Policy", ""), table["account"]

    tables.table_policy_for_arn = policy_of
    evaluator._RESOURCE_POLICY_LOOKUPS["dynamodb"] = ("dynamodb", "table_policy_for_arn")
    _go_to_the_owner(engine, policy_of)
    _name_roles(engine)


def _name_roles(engine: Callable[[str], Any]) -> None:
    """Let aws:PrincipalArn of a session be its role's ARN, with its path, as AWS has it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    evaluator, iam = engine("core.iam_evaluator"), engine("services.iam")
    resolve = evaluator._resolve_condition_key

    def resolve_with_roles(key, context):
        value = resolve(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
            return value
        name = evaluator._role_name_from_assumed_arn(value)
        role = iam._roles.get_scoped(context.principal_account, None, name) or {}
        return role.get("Arn", value)

    evaluator._resolve_condition_key = resolve_with_roles


def _go_to_the_owner(
    engine: Callable[[str], Any], policy_of: Callable[[str], tuple[str, str] | None]
) -> None:
    tables, evaluator = engine("services.dynamodb"), engine("core.iam_evaluator")
    actions, responses = engine("core.iam_actions"), engine("core.responses")
    handle = tables.handle_request

    def lets_in(action: str, arn: str, body: bytes) -> bool:
        """Whether the table's policy does. Root's own policies, which allow all, were not asked."""
        policy, account = policy_of(arn)[0], responses.get_account_id()
        if engine("app").AUTH:
            callers = {evaluator.caller_arn()}
        else:
            callers = {f"arn:aws:iam::{account}:root", *_principals(policy, account)}
        keys = actions.dynamodb_service_context(body)
        return any(
            evaluator.evaluate_resource_policy(
                policy,
                evaluator.EvalContext(
                    principal_arn=caller,
                    principal_type="AssumedRole",
                    principal_account=account,
                    action=action,
                    resource_arn=arn,
                    region=responses.get_region(),
                    service_context={key.lower(): value for key, value in keys.items()},
                ),
            ).decision
            == "Allow"
            for caller in callers
        )

    async def handle_where_it_is(method, path, headers, body, query):
        account, region = responses.get_account_id(), responses.get_region()
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        calls = _calls(operation, body)
        owners = {
            table["account"] if (table := TABLE.match(name)) else account for _, name in calls
        }
        if owners <= {account}:
            return await handle(method, path, headers, body, query)
        if len(owners) > 1:
            return responses.error_response_json(
                "ValidationException", "The tables of one request must be of one account", REFUSED
            )
        for action, arn in calls:
            if not lets_in(action, arn, body):
                message = (
                    f"User: {evaluator.caller_arn()} is not authorized to perform: {action} on "
                    f"resource: {arn} because no resource-based policy allows the {action} action"
                )
                return responses.error_response_json("AccessDeniedException", message, REFUSED)
        with responses.request_scope(owners.pop(), region):
            return await handle(method, path, headers, body, query)

    tables.handle_request = handle_where_it_is


def _calls(operation: str, body: bytes) -> list[tuple[str, str]]:
    """Actions and what they are on, as a request names it: a table's name, or an ARN."""
    action, calls = f"dynamodb:{operation}", []
    # What is wrong with a request, the engine says.
    with contextlib.suppress(ValueError, TypeError, AttributeError, KeyError):
        request = json.loads(body)
        if table := request.get("TableName"):
            index = request.get("IndexName")
            calls.append((action, f"{table}/index/{index}" if index else f"{table}"))
        calls += [(action, table) for table in request.get("RequestItems") or ()]
        for item in request.get("TransactItems") or ():
            calls += [(f"dynamodb:{name}Item", f"{it['TableName']}") for name, it in item.items()]
    return calls


def _principals(policy: str, account: str) -> list[str]:
    """Whoever of an account a policy names."""
    return re.findall(rf"arn:aws[a-z-]*:(?:iam|sts)::{account}:[^\"]+", policy)
