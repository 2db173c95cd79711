"""What a review consists of: rules, scans, their results, and the skips that the sources hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

CODE = "Terraform code"
SECRETS = "Secrets"
# Ids of the rules that find secrets begin with it.
SECRET_RULE = "CKV_SECRET_"  # noqa: S105


class ReviewError(Exception):
    """The review cannot be made; the message says what to do."""


class Outcome(StrEnum):
    """What a rule says about a resource."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Rule:
    """One rule of checkov's, or of the project's own pack.

    Attributes:
        id: For example `CKV_AWS_7`.
        name: What it asks for.
        own: Whether it is one of the pack.
        severity: `HIGH`, for example; empty for built-in rules, whose severity checkov fetches.
        category: For example `IAM`; empty where checkov knows none.
        guideline: Why, and how to mend it; for built-in rules an address, or empty.
    """

    id: str
    name: str
    own: bool = False
    severity: str = ""
    category: str = ""
    guideline: str = ""


@dataclass(frozen=True)
class Result:
    """What one rule says about one resource, or about one line that looks like a secret.

    Attributes:
        rule: Its id.
        name: What it asks for.
        outcome: Of the rule.
        file: Where to mend it, relative to the repository's root.
        first: First line of the resource there, or the line of the secret.
        last: Its last line.
        resource: Address; of a secret there is none.
        reason: Of a skip.
    """

    rule: str
    name: str
    outcome: Outcome
    file: str
    first: int
    last: int
    resource: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Scan:
    """One run of rules over something.

    Attributes:
        name: `CODE`, `SECRETS`, or the plan of which example.
        kind: checkov's name of it: `terraform`, `terraform_plan` or `secrets`.
        unit: What was looked at: resources or files.
        seen: How many of them.
        results: All of them, in the order of the sources: checkov has another in each run.
        unread: Files that checkov could not parse, and therefore passed without a look.
    """

    name: str
    kind: str
    unit: str
    seen: int
    results: Sequence[Result] = ()
    unread: Sequence[str] = ()

    def __post_init__(self) -> None:
        ordered = sorted(
            self.results, key=lambda one: (one.file, one.first, one.rule, one.resource, one.outcome)
        )
        object.__setattr__(self, "results", ordered)

    def of(self, outcome: Outcome) -> list[Result]:
        """The results with this outcome."""
        return [one for one in self.results if one.outcome is outcome]


@dataclass(frozen=True)
class Skip:
    """A comment that takes a rule away from a resource, or from a line.

    Attributes:
        file: Relative to the repository's root.
        line: Of the comment.
        rule: As it is written, whether there is such a rule or not.
        reason: As it is written; may be empty.
        block: Address of the Terraform block that the comment is in; empty outside of any.
    """

    file: str
    line: int
    rule: str
    reason: str
    block: str = ""


@dataclass(frozen=True)
class Review:
    """Everything that the reports tell.

    Attributes:
        rules: Of checkov and of the pack, by id.
        scans: In the order of the reports.
        skips: All that the sources hold.
        silenced: Lines, as `file:line`, that hide a secret without a skip.
        modules: Directories of the Terraform code.
        versions: Of what was used, by name.
        problems: What fails the review, one sentence each.
    """

    rules: dict[str, Rule]
    scans: Sequence[Scan]
    skips: Sequence[Skip] = ()
    silenced: Sequence[str] = ()
    modules: Sequence[str] = ()
    versions: dict[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()

    def results(self) -> Iterator[tuple[Scan, Result]]:
        """Every result with its scan."""
        return ((scan, result) for scan in self.scans for result in scan.results)

    def count(self, outcome: Outcome) -> int:
        """How many results have this outcome."""
        return sum(result.outcome is outcome for _, result in self.results())


def excuses(skip: Skip, result: Result) -> bool:
    """Whether a skip is the one that a result of checkov's names.

    A skip of a resource is inside it; one of a secret is on its line, or on the line beside it.
    """
    beside = 1 if skip.rule.startswith(SECRET_RULE) else 0
    return (
        skip.rule == result.rule
        and skip.file == result.file
        and result.first - beside <= skip.line <= result.last + beside
    )
