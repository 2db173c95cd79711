"""Twelve changes of a template's body in a row, while devices keep coming.

AWS IoT keeps five versions of a template and the provider removes none: without the pruner the
fifth change fails (VersionsLimitExceededException).
"""

import threading
import time
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ClientError

from tests.support.stack import Stack
from tools.device.failures import DeviceError

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]

CHANGES = 12
MOST_VERSIONS = 5
DEVICES = 600
PREFIX = "twelve"


def variables(revision, **template):
    """The same template with another body: what differs is the default of one parameter."""
    parameters = {"Revision": {"default": f"r{revision}"}}
    return {
        "name_prefix": PREFIX,
        "device_types": {"sensor": {"topics": {"publish": ["telemetry"]}}},
        "templates": {"factory": {"parameters": parameters, **template}},
        # They follow no template, and take most of an apply's time.
        "device_lifecycle": {"enabled": False},
        "monitoring": {"enabled": False},
    }


@dataclass
class Arrivals:
    """Devices that provision themselves one after the other until they are told to stop."""

    stack: Stack
    stopped: threading.Event = field(default_factory=threading.Event)
    arrived_at: list[float] = field(default_factory=list)
    revisions: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    version_counts: list[int] = field(default_factory=list)

    def run(self):
        claim = self.stack.trusted_user()
        for number in range(DEVICES):
            if self.stopped.is_set():
                return
            serial = f"SN-{number:04}"
            try:
                self.stack.provision(serial, "sensor", claim=claim)
            except DeviceError as error:
                self.refused.append(f"{serial}: {error}")
                continue
            self.arrived_at.append(time.monotonic())
            self.revisions.append(self.stack.thing(serial)["attributes"]["revision"])
            self.version_counts.append(len(versions(self.stack)))
        self.refused.append("there were too few devices for this test")


@dataclass
class Campaign:
    """What happened."""

    stack: Stack
    workspace: object
    arrivals: Arrivals
    # Begin and end of each apply, and what the template was called after it.
    applies: list[tuple[float, float]]
    identities: list[tuple[str, str]]
    kept: list[dict[int, bool]]


def versions(stack):
    name = stack.template()["name"]
    answer = stack.client("iot").list_provisioning_template_versions(templateName=name)
    return {one["versionId"]: one["isDefaultVersion"] for one in answer["versions"]}


@pytest.fixture(scope="module")
def campaign(root, tmp_path_factory):
    workspace, account = root(**variables(0))
    workspace.apply()
    stack = Stack(workspace.outputs(), account, tmp_path_factory.mktemp("devices"))
    stack.enrol(*(f"SN-{number:04}" for number in range(DEVICES)), device_type="sensor")
    arrivals = Arrivals(stack)
    thread = threading.Thread(target=arrivals.run)
    thread.start()
    applies, identities, kept = [], [], []
    try:
        for revision in range(1, CHANGES + 1):
            workspace.set(variables(revision))
            begin = time.monotonic()
            workspace.apply()
            applies.append((begin, time.monotonic()))
            described = stack.describe_template()
            identities.append((described["templateName"], described["templateArn"]))
            kept.append(versions(stack))
    finally:
        arrivals.stopped.set()
        thread.join()
    return Campaign(stack, workspace, arrivals, applies, identities, kept)


def test_twelve_changes_apply(campaign):
    assert len(campaign.applies) == CHANGES


def test_the_template_keeps_its_name_and_arn(campaign):
    template = campaign.stack.template()
    assert set(campaign.identities) == {(template["name"], template["arn"])}


def test_never_more_than_five_versions_exist(campaign):
    counts = [*map(len, campaign.kept), *campaign.arrivals.version_counts]
    assert max(counts) <= MOST_VERSIONS
    assert max(counts) > 1


def test_the_newest_version_is_the_default_after_every_change(campaign):
    for versions_then in campaign.kept:
        assert [n for n, is_default in versions_then.items() if is_default] == [max(versions_then)]


def test_no_device_is_refused_while_versions_change(campaign):
    assert campaign.arrivals.refused == []


def test_devices_came_during_every_change(campaign):
    during = [
        sum(begin < moment < end for moment in campaign.arrivals.arrived_at)
        for begin, end in campaign.applies
    ]
    assert all(during), during


def test_devices_are_given_the_body_of_the_moment(campaign):
    seen = [int(revision.removeprefix("r")) for revision in campaign.arrivals.revisions]
    assert seen == sorted(seen)
    # Some changes may pass between two devices, never most of them.
    assert len(set(seen)) > CHANGES // 2
    campaign.stack.enrol("SN-LAST", device_type="sensor")
    campaign.stack.provision("SN-LAST", "sensor")
    assert campaign.stack.thing("SN-LAST")["attributes"]["revision"] == f"r{CHANGES}"


def test_versions_that_somebody_added_by_hand_do_not_stop_the_next_change(campaign):
    stack, iot = campaign.stack, campaign.stack.client("iot")
    described = stack.describe_template()
    add = {"templateName": described["templateName"], "templateBody": described["templateBody"]}
    while len(versions(stack)) < MOST_VERSIONS:
        iot.create_provisioning_template_version(**add)
    with pytest.raises(ClientError, match="VersionsLimitExceededException"):
        iot.create_provisioning_template_version(**add)

    campaign.workspace.set(variables(CHANGES + 1))
    campaign.workspace.apply()

    assert len(versions(stack)) <= MOST_VERSIONS
    assert '"Default":"r13"' in stack.describe_template()["templateBody"]


def test_an_apply_that_was_interrupted_after_pruning_can_be_repeated(campaign):
    stack, workspace = campaign.stack, campaign.workspace
    before = versions(stack)
    workspace.set(variables(CHANGES + 2))
    prune = 'module.fleet_template["factory"].aws_lambda_invocation.prune[0]'
    workspace.apply(f"-target={prune}")
    pruned = versions(stack)
    assert len(pruned) < MOST_VERSIONS
    assert max(pruned) == max(before)

    for revision in (CHANGES + 2, CHANGES + 3):
        workspace.set(variables(revision))
        workspace.apply()
        assert f'"Default":"r{revision}"' in stack.describe_template()["templateBody"]
        assert len(versions(stack)) <= MOST_VERSIONS
