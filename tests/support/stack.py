"""An applied stack as tests use it: enrol devices, provision them, see what came of it."""

import contextlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from device_registry.record import DeviceRecord, ReprovisionPolicy, Status, from_item, to_item
from tests.support import endpoint as support
from tests.support.terraform import Workspace
from tools.claims import csr
from tools.device.claims import Claim, ClaimCertificate, TrustedUserClaim
from tools.device.just_in_time import JustInTimeResult, come_up
from tools.device.model import SILENT, ClientCredentials, DeviceSpec, Greeting, KeyFlow
from tools.device.provisioner import Provisioner, RetryPolicy
from tools.device.session import Endpoint as DeviceEndpoint
from tools.device.session import SdkSession, SdkTransport, discover_host_name
from tools.device.store import CredentialStore
from tools.endpoint import Endpoint

ONCE = RetryPolicy(attempts=1)
# Provisioning takes the endpoint a second or so, and more on a busy machine.
UNTIL_ADMITTED = RetryPolicy(attempts=100, first_delay=0.1, max_delay=0.5, deadline=40)
IN_VAIN = RetryPolicy(attempts=3, first_delay=0.4, max_delay=0.4)
LOG_SECONDS = 10.0
IN_SERVICE_SECONDS = 40.0
PROVIDER = 'provider "aws" {\n  max_retries = 2\n}\n'


def root_module(copy: Path, endpoint: Endpoint, variables: Mapping[str, Any]) -> Workspace:
    """The root module in a copy, initialised, with a provider that gives up early."""
    workspace = Workspace(copy, "terraform", endpoint, variables)
    (workspace.directory / "provider.tf").write_text(PROVIDER)
    return workspace.init()


class ClaimKey:
    """A claim certificate's key and signing request; the key stays in its file.

    Attributes:
        csr_pem: For the Terraform variable.
        key_file: PEM.
    """

    def __init__(self, directory: Path, name: str = "claim") -> None:
        key, request = csr.create(csr.KeyType.EC_P256, name)
        self.key_file, _ = csr.write(directory, name, key, request)
        self.csr_pem = request.decode()
        self._directory = directory
        self._name = name

    def claim(self, certificate_pem: str) -> ClaimCertificate:
        """The claim, once AWS IoT has signed the request."""
        certificate_file = self._directory / f"{self._name}.cert.pem"
        certificate_file.write_text(certificate_pem)
        return ClaimCertificate(certificate_file, self.key_file)


class Stack:
    """One applied stack.

    Args:
        outputs: Terraform's, by name.
        endpoint: Where it is applied, in its account.
        directory: Where devices keep their keys.
    """

    def __init__(self, outputs: Mapping[str, Any], endpoint: Endpoint, directory: Path) -> None:
        self.outputs = outputs
        self.endpoint = endpoint
        self.name_prefix: str = outputs["name_prefix"]
        self.store = CredentialStore(directory)
        self._clients: dict[str, Any] = {}
        ca_file = Path(endpoint.ca_file) if endpoint.ca_file else None
        self.transport = SdkTransport(
            DeviceEndpoint(endpoint.mqtt_host, endpoint.mqtt_port, None, ca_file)
        )

    def client(self, service: str, **credentials: str) -> Any:
        """A boto3 client; the account's root user's unless `credentials` say otherwise."""
        if credentials:
            return support.client(self.endpoint, service, **credentials)
        if service not in self._clients:
            self._clients[service] = support.client(self.endpoint, service)
        return self._clients[service]

    # --- rights

    def user(
        self, *policy_arns: str, documents: Mapping[str, Mapping[str, Any]] | None = None
    ) -> dict[str, str]:
        """Credentials of a new IAM user with these policies and no others.

        Args:
            policy_arns: Of managed policies.
            documents: Policies of its own, by name.
        """
        iam, name = self.client("iam"), f"user-{secrets.token_hex(4)}"
        iam.create_user(UserName=name)
        for policy_arn in policy_arns:
            iam.attach_user_policy(UserName=name, PolicyArn=policy_arn)
        for policy, document in (documents or {}).items():
            iam.put_user_policy(
                UserName=name, PolicyName=policy, PolicyDocument=json.dumps(document)
            )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}

    def role_policies(self, role: str) -> dict[str, dict[str, Any]]:
        """The documents of a role's own policies, by name."""
        iam = self.client("iam")
        return {
            name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        }

    @contextlib.contextmanager
    def changed_role(self, role: str, documents: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
        """A role whose own policies have other documents for a while."""
        before = self.role_policies(role)
        self._put_role_policies(role, documents)
        try:
            yield
        finally:
            self._put_role_policies(role, before)

    def _put_role_policies(self, role: str, documents: Mapping[str, Mapping[str, Any]]) -> None:
        for name, document in documents.items():
            self.client("iam").put_role_policy(
                RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document)
            )

    # --- templates

    def template(self, key: str = "factory") -> Mapping[str, Any]:
        """The output of one template."""
        return self.outputs["templates"][key]

    def describe_template(self, key: str = "factory") -> dict[str, Any]:
        """The template as AWS IoT describes it."""
        name = self.template(key)["name"]
        return self.client("iot").describe_provisioning_template(templateName=name)

    # --- registry

    def enrol(
        self,
        *serial_numbers: str,
        device_type: str,
        reprovision_policy: ReprovisionPolicy = ReprovisionPolicy.NEVER,
        status: Status = Status.ENROLLED,
        **fields: Any,
    ) -> None:
        """Write records."""
        table = self.client("dynamodb")
        for serial_number in serial_numbers:
            record = DeviceRecord(
                serial_number=serial_number,
                device_type=device_type,
                status=status,
                enrolled_at=int(time.time()),
                enrolled_by="test",
                status_changed_at=int(time.time()),
                reprovision_policy=reprovision_policy,
                **fields,
            )
            table.put_item(TableName=self.outputs["registry_table_name"], Item=to_item(record))

    def record(self, serial_number: str) -> DeviceRecord | None:
        """The stored record."""
        answer = self.client("dynamodb").get_item(
            TableName=self.outputs["registry_table_name"],
            Key={"serialNumber": {"S": serial_number}},
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def in_service(self, serial_number: str) -> DeviceRecord:
        """The record of a device that has connected, once AWS IoT's event has turned it ACTIVE.

        Nothing changes it after: its first shadow has been written.
        """
        deadline = time.monotonic() + IN_SERVICE_SECONDS
        while True:
            record = self.record(serial_number)
            assert record is not None
            if record.status is Status.ACTIVE and record.shadow_written_at is not None:
                return record
            assert time.monotonic() < deadline, f"still {record}"
            time.sleep(0.1)

    # --- devices

    def trusted_user(self, key: str = "factory", **credentials: str) -> TrustedUserClaim:
        """A temporary claim."""
        return TrustedUserClaim(self.client("iot", **credentials), self.template(key)["name"])

    def provision(
        self,
        serial_number: str,
        device_type: str,
        *,
        claim: Claim | None = None,
        key: str = "factory",
        template_name: str | None = None,
        parameters: Mapping[str, str] | None = None,
        greeting: Greeting = SILENT,
    ) -> Any:
        """Let one device provision itself, in one try, and connect.

        Raises:
            DeviceError: It was refused.
        """
        return Provisioner(
            transport=self.transport,
            template_name=template_name or self.template(key)["name"],
            claim=claim or self.trusted_user(key),
            store=self.store,
            key_flow=KeyFlow.KEYS,
            client_id_prefix=self.template(key)["claim_client_id_prefix"],
            retry=ONCE,
            greeting=greeting,
        ).provision(DeviceSpec(serial_number, device_type, None, parameters or {}))

    @contextlib.contextmanager
    def session(self, credentials: ClientCredentials, client_id: str) -> Iterator[SdkSession]:
        """A connection with this certificate and this client id."""
        connection = self.transport.connect(credentials, client_id)
        try:
            yield connection
        finally:
            connection.close()

    @cached_property
    def own_name(self) -> SdkTransport:
        """The way to the account's own endpoint name, for certificates from a factory.

        Close it when done; it is made at first use.
        """
        name, here = discover_host_name(self.client("iot")), self.transport.endpoint
        return SdkTransport(DeviceEndpoint(name, here.port, here.host_name, here.ca_file))

    def come_up(
        self,
        credentials: ClientCredentials,
        thing_name: str,
        *,
        device_type: str = "",
        greeting: Greeting = SILENT,
        retry: RetryPolicy = UNTIL_ADMITTED,
    ) -> JustInTimeResult:
        """Let a device with a certificate from its factory connect until it is let in.

        Raises:
            NotAdmitted: It never was.
        """
        return come_up(
            DeviceSpec(thing_name, device_type),
            credentials,
            thing_name,
            transport=self.own_name,
            greeting=greeting,
            retry=retry,
        )

    def credentials(self, serial_number: str) -> ClientCredentials:
        """The certificate and key that a provisioned device keeps."""
        identity = self.store.load(serial_number)
        assert identity is not None, f"{serial_number} has no certificate"
        return identity.credentials

    # --- what came of it

    def thing(self, serial_number: str) -> dict[str, Any]:
        """The thing as AWS IoT describes it."""
        return self.client("iot").describe_thing(thingName=f"{self.name_prefix}-{serial_number}")

    def thing_names(self) -> set[str]:
        """Every thing of the account."""
        pages = self.client("iot").get_paginator("list_things").paginate()
        return {thing["thingName"] for page in pages for thing in page["things"]}

    def decisions(self, serial_number: str) -> list[dict[str, str]]:
        """The decision log's entries for a serial number, oldest first.

        Lines reach the log a moment after the answer reached the device.
        """
        deadline = time.monotonic() + LOG_SECONDS
        while True:
            entries = [
                entry
                for entry in self.log_entries(self.outputs["hook_log_group_name"])
                if entry.get("event") == "provisioning-decision"
                and entry.get("serialNumber") == serial_number
            ]
            if entries or time.monotonic() > deadline:
                return entries
            time.sleep(0.2)

    def log_entries(self, log_group_name: str) -> Iterator[dict[str, str]]:
        """A function's own lines in its log group."""
        paginator = self.client("logs").get_paginator("filter_log_events")
        for page in paginator.paginate(logGroupName=log_group_name):
            for event in page["events"]:
                # The platform writes lines of its own.
                with contextlib.suppress(ValueError):
                    entry = json.loads(event["message"])
                    if isinstance(entry, dict):
                        yield entry
