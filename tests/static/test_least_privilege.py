"""Each right that a policy file names has a flow that needs it, or documentation that demands it.

`make least-privilege` tries them; here is seen, in no time, that none slips in untried.
"""

import fnmatch
from collections import defaultdict

import pytest

from tests.least_privilege import documented, policy_files
from tests.least_privilege.flows import FLOWS
from tests.least_privilege.policy_files import files
from tests.support.terraform import ROOT

DOCUMENTED = documented.read()
# The file's own names of what a flow or an entry of the documentation has to speak of.
CONDITION = policy_files.CONDITION
# Of a permission: the provider writes them.
CONDITIONS = {"AWS:SourceArn", "AWS:SourceAccount"}


def speaks(file, right):
    """Whether a flow or the documentation speaks of a right, whoever holds it."""
    groups = {group for flow in FLOWS for group, of_file in flow.needs if of_file == file}
    by_flow = any(flow.covers(group, file, right) for flow in FLOWS for group in groups)
    by_paper = any(
        one.policy == file and one.covers(one.holders.replace("*", "any"), file, right)
        for one in DOCUMENTED
    )
    return by_flow or by_paper


def named(name):
    """The rights that a file names itself."""
    text = files()[name].read_text(encoding="utf-8")
    denies = '"Effect": "Deny"' in text and '"Effect": "Allow"' not in text
    actions = policy_files.actions(files()[name])
    found = {f"deny {action}" if denies else action for action in actions}
    # Of a statement that denies, the condition is part of what it denies.
    return found | set(CONDITION.findall(text)) - {"aws:SecureTransport"}


def added():
    """The actions that modules hand to each file, and those of permissions, which have none."""
    found = defaultdict(set)
    for path in (ROOT / "terraform/modules").glob("*/*.tf"):
        text = path.read_text(encoding="utf-8")
        handed = list(policy_files.filled_in(text))
        for file, actions in handed:
            found[file] |= actions
        rest = set(policy_files.ACTION.findall(text)) - set().union(*(one for _, one in handed))
        if rest:
            found[policy_files.PERMISSION] |= rest
    return found


@pytest.mark.parametrize("name", files())
def test_every_action_and_condition_is_spoken_of(name):
    assert named(name) or "actions)}" in files()[name].read_text(encoding="utf-8")
    assert sorted(right for right in named(name) if not speaks(name, right)) == []


def test_every_action_that_a_module_adds_is_spoken_of_where_it_adds_it():
    assert "iot:CreatePolicy" in added()["provisioning-role"]
    assert added()[policy_files.PERMISSION] == {"lambda:InvokeFunction"}
    silent = {
        (file, action)
        for file, actions in added().items()
        for action in actions
        if not speaks(file, action)
    }
    assert silent == set()


def test_what_a_module_hands_to_a_file_is_what_stands_in_its_call():
    text = """
      a = templatefile("${local.dir}/first.json.tftpl", { actions = concat(["iot:Connect"], []) })
      b = templatefile("${local.dir}/second.json.tftpl", { actions = ["iot:Publish"] })
      c = "iot:Receive"
    """
    handed = [("first", {"iot:Connect"}), ("second", {"iot:Publish"})]
    assert list(policy_files.filled_in(text)) == handed


@pytest.mark.parametrize("one", DOCUMENTED, ids=lambda one: f"{one.policy}-{one.rights[0]}")
def test_each_right_of_an_entry_is_one_that_its_policy_has(one):
    held = added()[one.policy] | (named(one.policy) if one.policy in files() else CONDITIONS)
    # Which resources a policy has is seen when it is applied.
    actions = {pattern: pattern.partition("?on?")[0] for pattern in one.rights}
    unheld = [name for name, action in actions.items() if not fnmatch.filter(held, action)]
    assert unheld == []


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
