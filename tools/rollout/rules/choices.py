"""What waves and overrides choose: whether it exists, and each target once."""

from collections.abc import Iterator

from tools.rollout import selection
from tools.rollout.mistakes import hint
from tools.rollout.rules.checked import Checked, Said
from tools.rollout.selection import Pair


def known_names(checked: Checked) -> Iterator[Said]:
    """Waves, overrides and accounts choose among what there is."""
    for place, kind, item, known in checked.strangers:
        yield Said(
            place,
            f"{checked.called(place[:-1])}: the manifest has no {kind} {item}. {hint(item, known)}",
        )


def overrides(checked: Checked) -> Iterator[Said]:
    """An override changes something somewhere."""
    for place, override in checked.whole("overrides"):
        if not override.get("variables") and not override.get("tags"):
            yield Said(
                place,
                f"{checked.called(place)} says nothing: give it variables or tags, or remove it.",
            )
        if not checked.open and not selection.chosen(override, checked.accounts, checked.regions):
            yield Said(
                place,
                f"{checked.called(place)} chooses no target: change its accounts, labels or "
                "regions.",
            )


def wave_names(checked: Checked) -> Iterator[Said]:
    """A wave has a name of its own."""
    first: dict[str, int] = {}
    for index, wave in enumerate(checked.sound.get("waves") or ()):
        called = (wave or {}).get("name")
        if called is not None and first.setdefault(called, index) != index:
            yield Said(
                ("waves", index),
                f"waves: {called} is the name of an earlier wave too (line "
                f"{checked.line('waves', first[called])}). Give each its own.",
            )


def wave_selectors(checked: Checked) -> Iterator[Said]:
    """A wave says whom it takes, in one way."""
    for place, wave in checked.whole("waves"):
        named = [key for key in ("accounts", "labels") if key in wave]
        if wave.get("rest") and named:
            yield Said(
                place,
                f"{checked.called(place)} takes the rest and names {' and '.join(named)}: keep "
                "one.",
            )
        elif not wave.get("rest") and not named:
            yield Said(
                place,
                f"{checked.called(place)} does not say whom it takes: give it accounts, labels or "
                "`rest: true`.",
            )


def one_wave_each(checked: Checked) -> Iterator[Said]:
    """Every target is in exactly one wave, and every wave has one."""
    first: dict[Pair, int] = {}
    for index, pairs in enumerate(checked.members):
        place = ("waves", index)
        if not pairs and {"accounts", "labels", "rest"} & checked.sound["waves"][index].keys():
            yield Said(
                place,
                f"{checked.called(place)} has no target: change what it takes, or remove it.",
            )
        again = [pair for pair in pairs if first.setdefault(pair, index) != index]
        if again:
            other = checked.called(("waves", first[again[0]]))
            more = f" and {len(again) - 1} more" if len(again) > 1 else ""
            yield Said(
                place,
                f"{checked.called(place)} takes {'/'.join(again[0])}{more}, which {other} (line "
                f"{checked.line('waves', first[again[0]])}) has already. A target goes in one "
                "wave.",
            )
    if not checked.members:
        return
    for account in checked.accounts.values():
        missing = [region for region in account.regions if (account.name, region) not in first]
        if missing:
            yield Said(
                ("accounts", account.name),
                f"accounts.{account.name} is in no wave in {', '.join(missing)}: name it in one, "
                "or end with a wave of `rest: true`.",
            )


def tolerated(said: float | str, targets: int) -> int:
    """Return how many of a wave's targets may fail; a share is rounded down."""
    if isinstance(said, str):
        return targets * int(said.removesuffix("%")) // 100
    return int(said)


def tolerances(checked: Checked) -> Iterator[Said]:
    """Some failure stops every wave."""
    default = (checked.sound.get("defaults") or {}).get("failure_tolerance", 0)
    for index, pairs in enumerate(checked.members):
        said = checked.sound["waves"][index].get("failure_tolerance", default)
        if pairs and tolerated(said, len(pairs)) >= len(pairs):
            place = ("waves", index, "failure_tolerance")
            yield Said(
                place,
                f"{checked.called(place)} is {said}, and the wave has {len(pairs)} "
                f"target{'s' if len(pairs) > 1 else ''}: all may fail and the next wave begins. "
                f"Tolerate at most {len(pairs) - 1}.",
            )
