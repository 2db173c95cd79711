"""What a plan would do, and which removals somebody has to allow first.

Follows https://developer.hashicorp.com/terraform/internals/json-format#change-representation.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tools.rollout.record import PlanSummary, Removal

# Replaced whenever what they call or follow changes, and nothing exists outside of the state.
HOLD_NOTHING = frozenset({"aws_lambda_invocation", "terraform_data"})
# Gone is gone: records, trails, the keys to read them, what devices in the field live by, and who
# is in quarantine. No pattern covers them by accident.
HELD_DEAR = frozenset(
    {
        "aws_cloudwatch_log_group",
        "aws_dynamodb_table",
        "aws_dynamodb_table_replica",
        "aws_iot_ca_certificate",
        "aws_iot_certificate",
        "aws_iot_policy",
        "aws_iot_thing_group",
        "aws_kms_key",
        "aws_s3_bucket",
    }
)


def summary(document: Mapping[str, Any], sha256: str, *, changed: bool) -> PlanSummary:
    """Count what a plan would do.

    Args:
        document: the plan in Terraform's JSON format.
        sha256: of the saved plan.
        changed: whether Terraform says that there is something to apply.
    """
    actions = [set(one["change"]["actions"]) for one in document.get("resource_changes", [])]
    return PlanSummary(
        sha256=sha256,
        changed=changed,
        adds=sum("create" in each for each in actions),
        changes=sum("update" in each for each in actions),
        destroys=sum("delete" in each for each in actions),
        removals=removals(document),
    )


def removals(document: Mapping[str, Any]) -> tuple[Removal, ...]:
    """Return what a plan in Terraform's JSON format takes away."""
    return tuple(
        Removal(address=one["address"], type=one["type"], replaced="create" in actions)
        for one in document.get("resource_changes", [])
        if "delete" in (actions := one["change"]["actions"])
    )


def forbidden(found: Iterable[Removal], allowed: Sequence[str]) -> list[Removal]:
    """Return the removals that nobody has allowed.

    Args:
        found: what a plan takes away.
        allowed: patterns of addresses, as a shell has them: ``module.*.aws_sqs_queue.*``. What is
            held dear has to be meant by its type.
    """
    return [
        each
        for each in found
        if each.type not in HOLD_NOTHING
        and not any(
            fnmatchcase(each.address, _literal_brackets(pattern))
            and (each.type in pattern or each.type not in HELD_DEAR)
            for pattern in allowed
        )
    ]


def _literal_brackets(pattern: str) -> str:
    # In an address they hold a key, `this["a"]`, and no set of characters.
    return pattern.replace("[", "[[]")
