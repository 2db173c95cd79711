"""Read a manifest: the file becomes waves of targets, or one sentence for each mistake in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.rollout import document, rules, selection, shape, values
from tools.rollout.mistakes import Mistake
from tools.rollout.model import Backend, Manifest, Packages, Target, Wave
from tools.rollout.rules import choices
from tools.rollout.selection import Account

_SECONDS_A_MINUTE = 60


class ManifestError(ValueError):
    """The manifest cannot be used; ``mistakes`` holds every mistake, in the order of the lines."""

    def __init__(self, path: Path, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(f"{path}:{each.line}: {each.sentence}" for each in mistakes))
        self.mistakes = mistakes


def load(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestError: with every mistake that the file has.
    """
    read = document.read(path)
    mistakes = set(read.mistakes)
    if read.value is not None:
        misshapen, sound, wrong = shape.mistakes(read)
        mistakes.update(misshapen)
        if isinstance(sound, dict):
            mistakes.update(rules.mistakes(read, sound, wrong, path.parent))
    if mistakes:
        raise ManifestError(path, tuple(sorted(mistakes)))
    return _manifest(path, read.value)


def _manifest(path: Path, value: Mapping[str, Any]) -> Manifest:
    packages = value.get("packages") or {}
    directory = packages.get("directory")
    known = selection.accounts(value)
    pairs = selection.members(value, known)
    return Manifest(
        path=path,
        configuration=(path.parent / value["configuration"]).resolve(),
        packages=Packages(
            directory=(path.parent / directory).resolve() if directory else None,
            sha256=packages.get("sha256") or {},
        ),
        waves=tuple(
            _wave(value, wave, [(known[account], region) for account, region in of_wave])
            for wave, of_wave in zip(value["waves"], pairs, strict=True)
        ),
    )


def _wave(
    value: Mapping[str, Any], wave: Mapping[str, Any], pairs: list[tuple[Account, str]]
) -> Wave:
    said = {"max_parallel": 1, "failure_tolerance": 0, "bake_minutes": 0}
    said |= {**(value.get("defaults") or {}), **wave}
    return Wave(
        name=wave["name"],
        targets=tuple(_target(value, account, region, wave["name"]) for account, region in pairs),
        max_parallel=int(said["max_parallel"]),
        tolerated_failures=choices.tolerated(said["failure_tolerance"], len(pairs)),
        bake_seconds=said["bake_minutes"] * _SECONDS_A_MINUTE,
        environment=wave.get("environment"),
    )


def _target(value: Mapping[str, Any], account: Account, region: str, wave: str) -> Target:
    def fill(inner: Any) -> Any:
        return values.filled(inner, account, region)

    return Target(
        account_id=str(account.account_id),
        account_name=account.name,
        region=region,
        wave=wave,
        role_arn=fill(values.single(value, account, "role_arn")),
        external_id=fill(values.single(value, account, "external_id")),
        variables=values.of_target(value, account, region, "variables"),
        tags=values.of_target(value, account, region, "tags"),
        backend=Backend(type=value["backend"]["type"], settings=fill(value["backend"]["settings"])),
    )
