"""Accounts, their Regions and their roles."""

import re
from collections.abc import Iterator

from tools.rollout import partitions, values
from tools.rollout.document import Place, name
from tools.rollout.mistakes import hint
from tools.rollout.rules.checked import Checked, Said

_ROLE_ARN = re.compile(r"arn:(aws[a-z-]*):iam::([0-9]{12}):role/[\w+=,.@/-]+")


def one_of_each_id(checked: Checked) -> Iterator[Said]:
    """An account is listed once."""
    first: dict[str, str] = {}
    for account in checked.accounts.values():
        if account.account_id is None:
            continue
        other = first.setdefault(account.account_id, account.name)
        if other != account.name:
            yield Said(
                ("accounts", account.name),
                f"accounts.{account.name}: {account.account_id} is the id of {other} too (line "
                f"{checked.line('accounts', other)}). Keep one of them.",
            )


def regions_of_aws_iot(checked: Checked) -> Iterator[Said]:
    """AWS IoT is in every Region of the manifest."""
    for index, region in enumerate(checked.sound.get("regions") or ()):
        if region is not None and region not in partitions.by_region():
            yield Said(
                ("regions", index),
                f"regions: AWS IoT is not in {region}, as far as the installed botocore knows. "
                f"{hint(region, partitions.by_region())}",
            )


def one_partition(checked: Checked) -> Iterator[Said]:
    """An account's Regions are of one partition, as the account is."""
    for account in checked.accounts.values():
        by_region = partitions.by_region()
        found = sorted({by_region[region] for region in account.regions if region in by_region})
        if len(found) > 1:
            yield Said(
                ("accounts", account.name),
                f"accounts.{account.name} has Regions of {' and '.join(found)}, and an account is "
                "in one partition. Give the account its own regions.",
            )


def roles(checked: Checked) -> Iterator[Said]:
    """The role of each target is one of its own account and partition."""
    told: set[Place] = set()
    for account_name, region in checked.pairs:
        account = checked.accounts[account_name]
        said = values.single(checked.sound, account, "role_arn")
        own = "role_arn" in account.own
        place: Place = ("accounts", account_name, "role_arn") if own else ("defaults", "role_arn")
        if said is None or account.account_id is None or place in told:
            continue
        arn = str(values.filled(said, account, region))
        found = _ROLE_ARN.fullmatch(arn)
        if set("{}") & set(arn):
            continue  # placeholders() has told of it
        if not found:
            sentence = f"{name(place)}: {arn} is not the ARN of an IAM role."
        elif found[2] != account.account_id:
            sentence = (
                f"{name(place)}: the role is in the account {found[2]}, and {account_name} is "
                f"{account.account_id}. Write {{account_id}} for the number."
            )
        elif found[1] != partitions.by_region().get(region, found[1]):
            sentence = (
                f"{name(place)}: {region} is in the partition {partitions.by_region()[region]}, "
                f"and the role in {found[1]}. Write {{partition}}."
            )
        else:
            continue
        told.add(place)
        yield Said(place, sentence)
