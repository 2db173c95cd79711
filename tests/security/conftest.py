"""A stack at an endpoint that enforces IAM and IoT policies, for tests that take rights away."""

import contextlib
import secrets

import pytest

from tests.least_privilege.documents import rights, without
from tests.support.stack import Stack


class Guarded(Stack):
    """An applied examples/complete, and ways to take one right away for a while."""

    def role_name(self, purpose: str) -> str:
        """Of `provisioning-hook` or of a template's key with `-provision`."""
        return f"{self.name_prefix}-{purpose}-{self.endpoint.region}"

    @contextlib.contextmanager
    def without(self, purpose: str, action: str):
        """Take one action away from a role."""
        role, changed, taken = self.role_name(purpose), {}, 0
        for name, document in self.role_policies(role).items():
            mine = [right for right in rights(document) if right.name == action]
            changed[name] = without(document, *mine)
            taken += len(mine)
        assert taken, f"{role} does not have {action}"
        with self.changed_role(role, changed):
            yield

    @contextlib.contextmanager
    def uncallable_hook(self, key: str = "factory"):
        """Take one template's permission to call the hook away."""
        functions, template = self.client("lambda"), self.template(key)
        permission = {
            "FunctionName": self.outputs["hook_function_name"],
            "Qualifier": "live",
            "StatementId": f"provisioning-template-{template['name']}",
        }
        functions.remove_permission(**permission)
        try:
            yield
        finally:
            functions.add_permission(
                **permission,
                Action="lambda:InvokeFunction",
                Principal="iot.amazonaws.com",
                SourceArn=template["arn"],
                SourceAccount=self.endpoint.account_id,
            )

    def certificate_status(self, serial_number: str) -> str:
        """Status of the certificate that a device was issued."""
        identity = self.store.load(serial_number)
        assert identity is not None
        answer = self.client("iot").describe_certificate(certificateId=identity.certificate_id)
        return answer["certificateDescription"]["status"]


@pytest.fixture(scope="session")
def guarded(fleet, tmp_path_factory):
    """The stack of `fleet`; whatever is taken away there is given back."""
    stack = Guarded(fleet.outputs, fleet.endpoint, tmp_path_factory.mktemp("security"))
    stack.claim = fleet.claims["line-1"]
    yield stack
    stack.transport.close()


@pytest.fixture
def serial_number():
    """A serial number that no other test uses."""
    return f"SN-{secrets.token_hex(4)}"
