"""One stack at an endpoint that enforces IAM and IoT policies, for tests that take rights away."""

import contextlib
import copy as copying
import json
import secrets

import pytest

from tests.support import terraform as support
from tests.support.endpoint import new_account
from tests.support.stack import ClaimKey, Stack
from tests.support.terraform import Workspace

PREFIX = "guard"


class Guarded(Stack):
    """The applied example, and ways to take one right away for a while."""

    def role_name(self, purpose: str) -> str:
        """Of `provisioning-hook` or of a template's key with `-provision`."""
        return f"{self.name_prefix}-{purpose}-{self.endpoint.region}"

    @contextlib.contextmanager
    def without(self, purpose: str, action: str):
        """Take one action away from a role."""
        iam, role = self.client("iam"), self.role_name(purpose)
        before = {
            name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        }
        taken = 0
        for name, document in before.items():
            changed = copying.deepcopy(document)
            for statement in changed["Statement"]:
                held = statement["Action"]
                held = held if isinstance(held, list) else [held]
                taken += action in held
                # A statement must name an action: one that does not exist stands for none.
                statement["Action"] = [one for one in held if one != action] or ["none:None"]
            self._put(role, name, changed)
        try:
            assert taken, f"{role} does not have {action}"
            yield
        finally:
            for name, document in before.items():
                self._put(role, name, document)

    def _put(self, role: str, name: str, document: dict) -> None:
        self.client("iam").put_role_policy(
            RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document)
        )

    def user(self, *policy_arns: str) -> dict[str, str]:
        """Credentials of a new IAM user with these policies and no others."""
        iam, name = self.client("iam"), f"user-{secrets.token_hex(4)}"
        iam.create_user(UserName=name)
        for policy_arn in policy_arns:
            iam.attach_user_policy(UserName=name, PolicyArn=policy_arn)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "access_key_id": key["AccessKeyId"],
            "secret_access_key": key["SecretAccessKey"],
        }

    def certificate_status(self, serial_number: str) -> str:
        """Status of the certificate that a device was issued."""
        identity = self.store.load(serial_number)
        assert identity is not None
        answer = self.client("iot").describe_certificate(certificateId=identity.certificate_id)
        return answer["certificateDescription"]["status"]


@pytest.fixture(scope="session")
def guarded(auth_endpoint, tmp_path_factory):
    """examples/complete, applied once where IAM is enforced, with one claim certificate."""
    directory = tmp_path_factory.mktemp("security")
    key = ClaimKey(directory / "claim")
    account = new_account(auth_endpoint)
    workspace = Workspace(
        support.stage(directory / "copy"),
        "terraform/examples/complete",
        account,
        {"name_prefix": PREFIX, "claim_csrs": {"line-1": key.csr_pem}},
    ).init()
    workspace.apply()
    stack = Guarded(workspace.outputs(), account, directory / "devices")
    stack.claim = key.claim(stack.template()["claim_certificates"]["line-1"]["pem"])
    yield stack
    stack.transport.close()


@pytest.fixture
def serial_number():
    """A serial number that no other test uses."""
    return f"SN-{secrets.token_hex(4)}"
