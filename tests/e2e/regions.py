"""An applied examples/multi-region: one registry, two Regions, a stack in each.

The fixture `two_regions` is known to every layer, so that each uses the same stacks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import terraform as support
from tests.support.endpoint import new_account
from tests.support.stack import ClaimKey, Stack
from tests.support.terraform import Workspace
from tools.device.claims import ClaimCertificate
from tools.device.maker import Maker

EXAMPLE = "terraform/examples/multi-region"
CLAIM, GATEWAYS = "line-1", "northwind-gw"


@dataclass(frozen=True)
class TwoRegions:
    """The applied example.

    Attributes:
        first: The stack of the Region that decides about devices whose records name no other.
        second: The stack of the Region that has the replica.
        claim: The claim certificate, which is good in both.
        maker: Of the gateways, whose CA is registered in both.
        workspace: Where it is applied; its outputs are of both Regions.
        stack_file: The same outputs, as the tools read them.
    """

    first: Stack
    second: Stack
    claim: ClaimCertificate
    maker: Maker
    workspace: Workspace
    stack_file: Path

    @property
    def stacks(self) -> tuple[Stack, Stack]:
        """Both, the one that decides first."""
        return self.first, self.second


@pytest.fixture(scope="session")
def two_regions(auth_endpoint, tmp_path_factory) -> Iterator[TwoRegions]:
    """examples/multi-region, applied once in an account of its own, with a claim and a CA."""
    directory = tmp_path_factory.mktemp("regions")
    key, maker = ClaimKey(directory / "claims", CLAIM), Maker({"CommonName": "Northwind gateways"})
    account = new_account(auth_endpoint)
    variables = {
        "first_region": account.region,
        "claim_csrs": {CLAIM: key.csr_pem},
        "gateway_cas": {GATEWAYS: maker.certificate_pem},
    }
    workspace = Workspace(support.stage(directory / "copy"), EXAMPLE, account, variables).init()
    workspace.apply()
    outputs = workspace.outputs()["regions"]
    # A device has one identity, whichever Region it is in.
    stacks = {
        region: Stack(values, account.in_region(region), directory / "devices")
        for region, values in outputs.items()
    }
    first = stacks.pop(account.region)
    (second,) = stacks.values()
    claim = key.claim(first.template()["claim_certificates"][CLAIM]["pem"])
    yield TwoRegions(first, second, claim, maker, workspace, workspace.stack_file())
    for stack in (first, second):
        stack.own_name.close()
        stack.transport.close()
