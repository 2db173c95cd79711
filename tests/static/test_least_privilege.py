"""Each right that a policy file names has a flow that needs it, or documentation that demands it.

`make least-privilege` tries them; here is seen, in no time, that none slips in untried.
"""

import pytest

from tests.least_privilege import documented, policy_files
from tests.least_privilege.flows import FLOWS
from tests.least_privilege.policy_files import files
from tests.support.terraform import ROOT

DOCUMENTED = documented.read()
# The file's own names of what a flow or an entry of the documentation has to speak of.
CONDITION = policy_files.CONDITION


def speaks(file, right):
    """Whether a flow or the documentation speaks of a right, whoever holds it."""
    groups = {group for flow in FLOWS for group, of_file in flow.needs if of_file == file}
    by_flow = any(flow.covers(group, file, right) for flow in FLOWS for group in groups)
    by_paper = any(
        one.policy == file and one.covers(one.holders.replace("*", "any"), file, right)
        for one in DOCUMENTED
    )
    return by_flow or by_paper


@pytest.mark.parametrize("name", files())
def test_every_action_and_condition_is_spoken_of(name):
    text = files()[name].read_text(encoding="utf-8")
    denies = '"Effect": "Deny"' in text and '"Effect": "Allow"' not in text
    actions = policy_files.actions(files()[name])
    found = {f"deny {action}" if denies else action for action in actions}
    # Of a statement that denies, the condition is part of what it denies.
    found |= set(CONDITION.findall(text)) - {"aws:SecureTransport"}
    assert found or "actions)}" in text
    assert sorted(right for right in found if not speaks(name, right)) == []


def test_every_action_that_a_module_adds_is_spoken_of():
    texts = [path.read_text() for path in (ROOT / "terraform/modules").glob("*/*.tf")]
    added = {action for text in texts for action in policy_files.ACTION.findall(text)}
    known = {*files(), policy_files.PERMISSION}
    assert "iot:CreatePolicy" in added
    assert sorted(one for one in added if not any(speaks(file, one) for file in known)) == []


def test_flows_and_documentation_speak_of_files_that_exist():
    spoken = {file for flow in FLOWS for _, file in flow.needs} | {one.policy for one in DOCUMENTED}
    assert spoken - {policy_files.PERMISSION} <= files().keys()


def test_flows_have_names_of_their_own():
    names = [flow.name for flow in FLOWS]
    assert len(names) == len(set(names))


def test_documentation_is_awss_and_says_why():
    for one in DOCUMENTED:
        assert one.url.startswith("https://docs.aws.amazon.com/")
        assert one.title
        assert one.why.endswith(".")
