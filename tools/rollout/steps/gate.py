"""The policy gate: checkov with the project's own checks over one target's plan.

The rules and the skips are those of `make checkov`: a skip is a comment with a reason inside the
resource, and what no comment excuses stops the target.
"""

from collections.abc import Callable
from typing import Any

from tools.rollout.record import Gate
from tools.rollout.steps.artefact import Artefact
from tools.rollout.steps.interface import StepError


def policy_gate() -> Callable[[Artefact, dict[str, Any]], Gate]:
    """Return the gate.

    Raises:
        StepError: checkov's environment is not beside the repository.
    """
    try:
        # An installed package has no checkov: its libraries are older than the tools' own.
        from tools.checkov import scan  # noqa: PLC0415
    except ImportError:
        raise StepError(_MISSING) from None
    if not scan.PYTHON.exists():
        raise StepError(_MISSING)
    return review


_MISSING = (
    "The policy gate needs checkov in an environment beside the repository: run `make setup` in a"
    " checkout, and the rollout from there."
)


def review(artefact: Artefact, document: dict[str, Any]) -> Gate:
    """Look at a plan.

    Args:
        artefact: holds the sources, with the comments that excuse a finding.
        document: the plan in Terraform's JSON format.

    Raises:
        StepError: the plan could not be looked at.
    """
    from tools.checkov import gate  # noqa: PLC0415 - as above
    from tools.checkov.model import Outcome, ReviewError  # noqa: PLC0415

    try:
        made = gate.review(artefact.directory, artefact.configuration.as_posix(), document)
    except ReviewError as error:
        raise StepError(str(error)) from error
    return Gate(
        passed=made.count(Outcome.PASSED),
        skipped=made.count(Outcome.SKIPPED),
        findings=tuple(gate.problems(made)),
    )
