"""An applied examples/complete, whose devices come with claims, as tests use it.

The fixture `fleet` is known to every layer, so that each uses the same stack.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import terraform as support
from tests.support.endpoint import new_account
from tests.support.stack import ClaimKey, Stack
from tests.support.terraform import Workspace
from tools.device.claims import ClaimCertificate
from tools.device.failures import Rejected

EXAMPLE = "terraform/examples/complete"


class Fleet(Stack):
    """The applied stack, with what these tests ask of it again and again."""

    claims: dict[str, ClaimCertificate]
    stack_file: Path

    def refused(self, serial_number: str, device_type: str, **options) -> Rejected:
        """Let a device try, and return how RegisterThing was refused."""
        with pytest.raises(Rejected) as caught:
            self.admit(serial_number, device_type, **options)
        assert caught.value.operation == "RegisterThing"
        return caught.value

    def admit(self, serial_number: str, device_type: str, *, line: str = "line-1", **options):
        """Provision a device with a claim certificate, unless another claim is given."""
        options.setdefault("claim", self.claims[line])
        return self.provision(serial_number, device_type, **options)

    def forget(self, serial_number: str) -> None:
        """Take its identity from a device, as a new board would come without one."""
        for file in self.store.directory(serial_number).iterdir():
            file.unlink()

    def reasons(self, serial_number: str, count: int) -> list[str]:
        """The reasons of the first `count` decisions on a serial number, as the log has them."""
        deadline = time.monotonic() + 10
        while True:
            found = [entry["reason"] for entry in self.decisions(serial_number)]
            if len(found) >= count or time.monotonic() > deadline:
                return found
            time.sleep(0.1)

    def certificate_status(self, certificate_id: str) -> str:
        """ACTIVE, PENDING_ACTIVATION and others."""
        answer = self.client("iot").describe_certificate(certificateId=certificate_id)
        return answer["certificateDescription"]["status"]

    def attached(self, serial_number: str) -> list[str]:
        """The ids of the certificates attached to a device's thing."""
        name = f"{self.name_prefix}-{serial_number}"
        arns = self.client("iot").list_thing_principals(thingName=name)["principals"]
        return [arn.rpartition("/")[2] for arn in arns]

    def has_thing(self, serial_number: str) -> bool:
        """Whether a device has a thing."""
        return f"{self.name_prefix}-{serial_number}" in self.thing_names()

    def rewrite(self, serial_number: str, **attributes) -> None:
        """Set attributes of a stored record, in DynamoDB's own format."""
        names = {f"#{name}": name for name in attributes}
        self.client("dynamodb").update_item(
            TableName=self.outputs["registry_table_name"],
            Key={"serialNumber": {"S": serial_number}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
        )


@pytest.fixture(scope="session")
def fleet(auth_endpoint, tmp_path_factory) -> Iterator[Fleet]:
    """examples/complete, applied once in an account of its own, with two claim certificates."""
    directory = tmp_path_factory.mktemp("e2e")
    keys = {name: ClaimKey(directory / "claims", name) for name in ("line-1", "line-2")}
    account = new_account(auth_endpoint)
    workspace = Workspace(
        support.stage(directory / "copy"),
        EXAMPLE,
        account,
        {"claim_csrs": {name: key.csr_pem for name, key in keys.items()}},
    ).init()
    workspace.apply()
    fleet = Fleet(workspace.outputs(), account, directory / "devices")
    certificates = fleet.template()["claim_certificates"]
    fleet.claims = {name: key.claim(certificates[name]["pem"]) for name, key in keys.items()}
    fleet.stack_file = workspace.stack_file()
    yield fleet
    fleet.transport.close()
