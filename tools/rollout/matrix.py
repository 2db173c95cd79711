"""What GitHub Actions needs of a manifest: for each wave its targets as a matrix, and its rules.

https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations
"""

import os
from pathlib import Path
from typing import Any

from tools.rollout import pipelines, tfvars
from tools.rollout.model import Manifest, Target, Wave

# "A matrix will generate a maximum of 256 jobs per workflow run."
# https://docs.github.com/en/actions/reference/limits
MOST_JOBS = 256
# A job on GitHub's own runners ends after six hours; the bake is one job.
# https://docs.github.com/en/actions/reference/limits
LONGEST_BAKE_MINUTES = 350
_SECONDS_A_MINUTE = 60


class MatrixError(ValueError):
    """GitHub Actions cannot run the manifest; the message is a sentence a line."""


def of(manifest: Manifest, repository: Path) -> list[dict[str, Any]]:
    """Return the waves in their order.

    Args:
        manifest: of the rollout.
        repository: what jobs check out; paths are relative to it.

    Raises:
        MatrixError: no pipeline can do what the manifest says, or a wave goes beyond one of
            GitHub's limits.
    """
    limits = (said for wave in manifest.waves for said in _beyond(wave))
    if sentences := [*pipelines.beyond(manifest), *limits]:
        raise MatrixError("\n".join(sentences))
    configuration = Path(os.path.relpath(manifest.configuration, repository)).as_posix()
    return [
        {
            "name": wave.name,
            "configuration": configuration,
            "environment": wave.environment or "",
            "max_parallel": wave.max_parallel,
            "failure_tolerance": wave.tolerated_failures,
            "bake_minutes": wave.bake_seconds / _SECONDS_A_MINUTE,
            "matrix": {"include": [_job(target) for target in wave.targets]},
        }
        for wave in manifest.waves
    ]


def _job(target: Target) -> dict[str, str]:
    return {
        "target": target.key,
        # A name for artefacts, in which GitHub allows no slash.
        "slug": target.key.replace("/", "_"),
        "account_id": target.account_id,
        "region": target.region,
        "role_arn": target.role_arn or "",
        "external_id": target.external_id or "",
        "tfvars": str(tfvars.variables_file(target)),
        "backend": str(tfvars.backend_file(target)),
    }


def _beyond(wave: Wave) -> list[str]:
    said = []
    if len(wave.targets) > MOST_JOBS:
        said.append(
            f"The wave {wave.name} has {len(wave.targets)} targets, and GitHub Actions makes at "
            f"most {MOST_JOBS} jobs of one matrix: divide it into waves of {MOST_JOBS} or fewer."
        )
    if wave.bake_seconds > LONGEST_BAKE_MINUTES * _SECONDS_A_MINUTE:
        said.append(
            f"The wave {wave.name} bakes for {wave.bake_seconds / _SECONDS_A_MINUTE:g} minutes, "
            "and GitHub Actions ends a job after six hours: bake for at most "
            f"{LONGEST_BAKE_MINUTES}, and give the next wave's environment a wait timer."
        )
    return said
