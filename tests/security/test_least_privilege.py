"""A sample of `make least-privilege`: the rights of one stack, and a few taken away for a while."""

import pytest

from tests.least_privilege import documented, inventory, runner, stacks
from tests.least_privilege.documents import Kind
from tests.least_privilege.flows import FLOWS
from tests.support.capabilities import Capability, requires

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]


@pytest.fixture(scope="module")
def entries(guarded):
    """The rights in the applied example, by policy file and name."""
    found = {stacks.COMPLETE: (guarded, stacks.holders_of(guarded))}
    return inventory.take(found, FLOWS, documented.read())


def test_each_right_in_the_stack_is_spoken_of(entries):
    kinds = {entry.kind for entry in entries}
    assert kinds == set(Kind)
    elsewhere = [flow for flow in FLOWS if flow.stack != stacks.COMPLETE]
    silent = [
        entry.key
        for entry in entries
        if not entry.flows
        and not entry.documented
        and not any(
            one.covers(entry.key.group, entry.key.file, entry.key.name) for one in elsewhere
        )
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("right", "symptom"),
    [
        ("iot:CreateProvisioningClaim", "CreateProvisioningClaim was refused"),
        ("iot:DescribeEndpoint", "DescribeEndpoint was refused"),
        ("AWS:SourceArn", "the attack gets through: AWS IoT accepts the hook"),
        ("aws:SourceArn", "the attack gets through: the queue has a message from another Region"),
    ],
)
def test_a_flow_breaks_without_a_right_and_works_with_it(guarded, entries, right, symptom):
    files = {"trusted-user", "lambda-permission", "topic-rule-trust"}
    groups = {"*-trusted-user", "called by a provisioning template", "lifecycle-rule"}
    (entry,) = (
        one
        for one in entries
        if one.key.name == right and one.key.file in files and one.key.group in groups
    )
    proof = runner.prove(guarded, stacks.COMPLETE, entry, print)
    assert proof is not None
    assert symptom in proof.symptom
    runner.sufficient(guarded, entry.flows, print, "afterwards")
