"""What no schema can say of a manifest: whether its parts fit together, and fit AWS.

Every rule looks at what is sound; a part that the schema refused has been told of already.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from tools.rollout.document import Document, Place
from tools.rollout.mistakes import Mistake
from tools.rollout.rules import accounts, choices, terraform, variables
from tools.rollout.rules.checked import Checked, Said

_RULES: tuple[Callable[[Checked], Iterator[Said]], ...] = (
    accounts.one_of_each_id,
    accounts.regions_of_aws_iot,
    accounts.one_partition,
    accounts.roles,
    choices.known_names,
    choices.overrides,
    choices.wave_names,
    choices.wave_selectors,
    choices.one_wave_each,
    choices.tolerances,
    variables.variables,
    terraform.configuration,
    terraform.placeholders,
    terraform.backend,
)


def mistakes(
    document: Document, sound: Mapping[str, Any], wrong: set[Place], base: Path
) -> list[Mistake]:
    """Find what breaks a rule.

    Args:
        document: the manifest as it is, for its lines.
        sound: the manifest without what the schema refused.
        wrong: the places of that.
        base: the manifest's directory.
    """
    checked = Checked(document, sound, wrong, base)
    said = chain.from_iterable(rule(checked) for rule in _RULES)
    return [Mistake(document.line(place), sentence) for place, sentence in said]
