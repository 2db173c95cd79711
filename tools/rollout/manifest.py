"""Read a manifest: the file becomes waves of targets, or one sentence for each mistake in it."""

from dataclasses import dataclass
from pathlib import Path

from tools.rollout.model import Manifest


@dataclass(frozen=True, order=True)
class Mistake:
    """Something wrong with the manifest.

    Attributes:
        line: where, counted from 1.
        sentence: what is wrong, and what to change.
    """

    line: int
    sentence: str


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
    raise NotImplementedError(path)
