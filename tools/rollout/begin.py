"""What a run begins with: how far the rollout is, and which earlier records still count."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tools.rollout.model import Manifest, Wave
from tools.rollout.report import Report, State, without
from tools.rollout.waves import Rollout, resume


class BeginError(ValueError):
    """The run cannot begin; the message is a sentence."""


def chosen(manifest: Manifest, names: Sequence[str]) -> tuple[Wave, ...]:
    """Return the waves of these names in the manifest's order; all of them where none is named.

    Raises:
        BeginError: there is no such wave.
    """
    known = [wave.name for wave in manifest.waves]
    if unknown := [name for name in names if name not in known]:
        raise BeginError(
            f"There is no wave {', '.join(unknown)}: {manifest.path.name} has {', '.join(known)}."
        )
    return tuple(wave for wave in manifest.waves if not names or wave.name in names)


def begin(
    manifest: Manifest,
    waves: tuple[Wave, ...],
    *,
    sources: str,
    packages: Mapping[str, str],
    earlier: Report | None,
    resumed: bool,
    dry_run: bool,
    now: float,
) -> tuple[Rollout, Report]:
    """Return how far the rollout is, and the report to go on with.

    Waves that are not chosen keep their records. A run that is not resumed does its own waves
    anew: somebody may have changed by hand what an earlier one had applied.

    Args:
        manifest: as it is now.
        waves: those that are to be done.
        sources: a digest of what is applied everywhere.
        packages: the SHA-256 of each package, by its file name.
        earlier: the last report, if there is one.
        resumed: whether to leave out what it calls done and nothing has changed since.
        dry_run: whether nothing is applied.
        now: seconds since 1970.

    Raises:
        BeginError: there is nothing to resume.
    """
    name = manifest.path.name
    if resumed and earlier is None:
        raise BeginError("There is no report to go on with: run it without --resume.")
    if earlier is None or earlier.manifest != name:
        if resumed:
            raise BeginError(f"The report is not of {name}: run it without --resume.")
        earlier = None
    report = Report(
        manifest=name, dry_run=dry_run, started_at=now, sources=sources, packages=packages
    )
    if earlier is not None:
        wave = {target.key: target.wave for target in manifest.targets}
        known = {
            key: replace(record, wave=wave[key])
            for key, record in earlier.records.items()
            if key in wave
        }
        report = replace(report, over=earlier.over, records=known)
    if not resumed:
        return Rollout(waves=waves), replace(without(report, waves), state=State.RUNNING)
    fingerprints = {target.key: target.fingerprint(sources) for target in manifest.targets}
    rollout = resume(waves, fingerprints, report.before(), report.over)
    over = {wave.name for wave in waves} - rollout.over
    return rollout, replace(report, over=report.over - over)
