"""What Terraform is run on: its root, and a place of its own for each target's state."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.rollout import values
from tools.rollout.document import Place, name
from tools.rollout.mistakes import hint
from tools.rollout.rules.checked import Checked, Said
from tools.rollout.rules.variables import credentials, leaves

BACKEND_NEEDS = {"s3": ("bucket", "key", "region"), "local": ("path",)}


def configuration(checked: Checked) -> Iterator[Said]:
    """The configuration is a Terraform root."""
    said = checked.sound.get("configuration")
    if said is not None and not any((checked.base / said).glob("*.tf")):
        yield Said(
            ("configuration",),
            f"configuration: {said} holds no .tf file. Give the Terraform root's directory, "
            "relative to the manifest.",
        )


def placeholders(checked: Checked) -> Iterator[Said]:
    """Every placeholder stands for something, and every brace belongs to one."""
    settings = (checked.sound.get("backend") or {}).get("settings")
    texts = list(leaves(("backend", "settings"), settings))
    holders: list[tuple[Place, Mapping[str, Any]]] = [
        (("defaults",), checked.sound.get("defaults") or {}),
        *((("accounts", account.name), account.own) for account in checked.accounts.values()),
    ]
    for place, said in holders:
        texts += [((*place, key), said.get(key)) for key in ("role_arn", "external_id")]
    for place, text in texts:
        if not isinstance(text, str):
            continue
        for found in values.PLACEHOLDER.findall(text):
            if found not in values.PLACEHOLDERS:
                yield Said(
                    place,
                    f"{name(place)}: nothing can be put in place of {{{found}}}. "
                    f"{hint(found, values.PLACEHOLDERS)}",
                )
        if set("{}") & set(values.PLACEHOLDER.sub("", text)):
            yield Said(place, f"{name(place)}: a brace is open or closed by itself. Complete it.")


def backend(checked: Checked) -> Iterator[Said]:
    """Terraform can be told where each target's state is, and no two are in one place."""
    said = checked.sound.get("backend") or {}
    settings, kind = said.get("settings"), said.get("type")
    if settings is None or kind is None:
        return
    yield from credentials(("backend", "settings"), settings)
    place: Place = ("backend", "settings")
    needed = BACKEND_NEEDS[kind]
    lacking = [key for key in needed if not isinstance(settings.get(key), str)]
    for key in lacking:
        yield Said(
            (*place, key),
            f"{name((*place, key))} has to be a text: a backend of type {kind} needs "
            f"{_list(needed)}.",
        )
    if not lacking:
        yield from _shared_states(checked, kind, settings)


def _shared_states(checked: Checked, kind: str, settings: Mapping[str, Any]) -> Iterator[Said]:
    first: dict[tuple[Any, ...], str] = {}
    for account_name, region in checked.pairs:
        account = checked.accounts[account_name]
        if account.account_id is None:
            continue
        own = values.filled(settings, account, region)
        state = (own["bucket"], own["key"]) if kind == "s3" else (own["path"],)
        key = f"{account_name}/{region}"
        if (other := first.setdefault(state, key)) != key:
            place: Place = ("backend", "settings", "key" if kind == "s3" else "path")
            yield Said(
                place,
                f"{name(place)}: {other} and {key} would share one state, {'/'.join(state)}. Put "
                "{account_name} and {region} into it.",
            )
            return


def _list(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + f" and {words[-1]}" if len(words) > 1 else words[0]
