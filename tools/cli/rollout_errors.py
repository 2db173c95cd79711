"""``rollout``: whatever makes a manifest, a plan or a file unusable becomes a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from tools.cli.errors import OperatorError
from tools.rollout.atlantis import AtlantisError
from tools.rollout.begin import BeginError
from tools.rollout.manifest import ManifestError
from tools.rollout.matrix import MatrixError
from tools.rollout.report import ReportError
from tools.rollout.steps.interface import StepError
from tools.rollout.sums import SumsError

_SENTENCES = (
    AtlantisError,
    BeginError,
    ManifestError,
    MatrixError,
    ReportError,
    StepError,
    SumsError,
)


@contextmanager
def in_sentences() -> Iterator[None]:
    """Turn what a rollout cannot be made of into an error for the operator.

    Raises:
        OperatorError: in place of it.
    """
    try:
        yield
    except _SENTENCES as error:
        raise OperatorError(str(error)) from error
    except OSError as error:
        where = f"{error.filename} cannot be read or written: " if error.filename else ""
        raise OperatorError(f"{where}{error.strerror or error}.") from error
