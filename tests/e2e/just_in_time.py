"""An applied examples/jitp as the tests of this layer use it: the makers, their devices, the gate.

The fixture `just_in_time` is known to every layer, so that each uses the same stack.

The example is applied with the CA of one maker of sensors, which come up by a template, and those
of two makers of gateways, each behind a gate of its own with a revocation list.
"""

import contextlib
import datetime as dt
import json
import secrets
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.support import terraform as support
from tests.support.endpoint import new_account
from tests.support.stack import IN_VAIN, Stack
from tests.support.terraform import Workspace
from tests.support.waiting import until
from tools.device.failures import ConnectionRefused, NotAdmitted
from tools.device.just_in_time import JustInTimeResult
from tools.device.maker import Maker
from tools.device.model import ClientCredentials
from tools.device.provisioner import RetryPolicy

EXAMPLE = "terraform/examples/jitp"
SENSORS, GATEWAYS, OTHER_GATEWAYS = "northwind", "northwind-gw", "fabrikam-gw"
SENSOR, GATEWAY = "temperature-sensor", "gateway"
MANUFACTURER = "Northwind"

KNOCK = RetryPolicy(attempts=1)

DECISION = "provisioning-decision"


def make_makers() -> dict[str, Maker]:
    """The makers of the example's devices, by the names of their CAs."""
    return {
        SENSORS: Maker({"CommonName": "Northwind sensors", "Organization": "Northwind"}),
        GATEWAYS: Maker({"CommonName": "Northwind gateways", "Organization": "Northwind"}),
        OTHER_GATEWAYS: Maker({"CommonName": "Fabrikam gateways", "Organization": "Fabrikam"}),
    }


@dataclass(frozen=True)
class Device:
    """A device as it leaves its factory.

    Attributes:
        credentials: Its certificate and key.
        thing_name: What its thing is to be called, and its client id.
        serial_number: As on its label.
    """

    credentials: ClientCredentials
    thing_name: str
    serial_number: str

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.credentials.certificate_pem.encode())

    @property
    def certificate_id(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()


class JustInTime(Stack):
    """The applied example and what these tests ask of it.

    Args:
        makers: Those whose CAs are registered, by the CAs' names.
        crl_bucket: Where the gates read the makers' revocation lists.
    """

    def __init__(self, outputs, endpoint, directory, makers: dict[str, Maker], crl_bucket: str):
        super().__init__(outputs, endpoint, directory)
        self.makers = makers
        self.crl_bucket = crl_bucket

    # --- devices

    def sensor(self, name: str | None = None, *, maker: Maker | None = None, **subject: Any):
        """A sensor; a field of the subject that is None is left out."""
        number = secrets.token_hex(4)
        name = name or f"{self.name_prefix}-sensor-{number}"
        fields = {"CommonName": name, "SerialNumber": number, "Country": "DE"} | subject
        given = {field: value for field, value in fields.items() if value is not None}
        return Device((maker or self.makers[SENSORS]).device(given), name, number)

    def gateway(self, serial_number: str | None = None, *, ca: str = GATEWAYS, **subject: Any):
        """A gateway that nobody has enrolled yet; a field that is None is left out."""
        number = serial_number or f"GW-{secrets.token_hex(4)}"
        fields = {"SerialNumber": number, "Organization": MANUFACTURER} | subject
        given = {field: value for field, value in fields.items() if value is not None}
        credentials = self.makers[ca].device(given or {"CommonName": "nothing"})
        return Device(credentials, f"{self.name_prefix}-{number}", number)

    def enrolled_gateway(self, **fields: Any) -> Device:
        """A gateway that the registry expects."""
        device = self.gateway()
        self.enrol(device.serial_number, device_type=GATEWAY, **fields)
        return device

    def admit(self, device: Device, **options: Any) -> JustInTimeResult:
        """Let a device connect until it is let in."""
        return self.come_up(device.credentials, device.thing_name, **options)

    def turned_away(
        self, device: Device, client_id: str | None = None, retry: RetryPolicy = IN_VAIN
    ) -> ConnectionRefused:
        """Let a device try, and return how the last of its connections ended."""
        with pytest.raises(NotAdmitted) as failure:
            self.come_up(device.credentials, client_id or device.thing_name, retry=retry)
        return failure.value.last

    def knock(self, device: Device) -> None:
        """Let a device connect once, in vain: the connection that registers its certificate."""
        self.turned_away(device, retry=KNOCK)

    # --- CAs

    def ca(self, name: str) -> Any:
        """What the example says of a CA."""
        return self.outputs["certificate_authorities"][name]

    @contextlib.contextmanager
    def ca_with(self, name: str, *, usually: dict[str, Any], **changes: Any) -> Iterator[None]:
        """Change a CA for a while, with the arguments of UpdateCACertificate."""
        iot, ca_id = self.client("iot"), self.ca(name)["certificate_id"]
        iot.update_ca_certificate(certificateId=ca_id, **changes)
        try:
            yield
        finally:
            iot.update_ca_certificate(certificateId=ca_id, **usually)

    def publish_crl(self, name: str, serial_numbers: Iterable[int] = (), *, days: int = 1) -> None:
        """Put a CA's revocation list where its gate reads it; with `days=0` it is over already."""
        listed = self.makers[name].revocation_list(serial_numbers, days=days)
        self.client("s3").put_object(
            Bucket=self.crl_bucket,
            Key=f"{name}.crl",
            Body=listed.public_bytes(serialization.Encoding.DER),
        )

    @contextlib.contextmanager
    def crl(
        self, name: str, serial_numbers: Iterable[int] = (), *, days: int = 1
    ) -> Iterator[None]:
        """Another revocation list for a while."""
        self.publish_crl(name, serial_numbers, days=days)
        try:
            yield
        finally:
            self.publish_crl(name)

    # --- the gate

    def event(self, device: Device, ca: str = GATEWAYS) -> dict[str, Any]:
        """What AWS IoT publishes when the device's certificate has been registered."""
        now = int(time.time() * 1000)
        return {
            "certificateId": device.certificate_id,
            "caCertificateId": self.ca(ca)["certificate_id"],
            "timestamp": now,
            "certificateStatus": "PENDING_ACTIVATION",
            "awsAccountId": self.endpoint.account_id,
            "certificateRegistrationTimestamp": str(now),
        }

    def replay(self, device: Device, ca: str = GATEWAYS) -> None:
        """Send the gate a device's event once more, and wait until it is done with it."""
        answer = self.client("lambda").invoke(
            FunctionName=self.ca(ca)["function_name"],
            Qualifier="live",
            Payload=json.dumps(self.event(device, ca)),
        )
        assert "FunctionError" not in answer, answer["Payload"].read()

    @contextlib.contextmanager
    def events_kept_from(self, ca: str) -> Iterator[None]:
        """Switch a gate's topic rule off for a while."""
        iot, rule = self.client("iot"), f"{self.ca(ca)['name']}_registered".replace("-", "_")
        iot.disable_topic_rule(ruleName=rule)
        try:
            yield
        finally:
            iot.enable_topic_rule(ruleName=rule)

    def gate_log(self, device: Device, ca: str = GATEWAYS) -> list[dict[str, str]]:
        """What the gate has said of a device's certificate, oldest first."""
        entries = self.log_entries(self.ca(ca)["log_group_name"])
        return [one for one in entries if one.get("certificateId") == device.certificate_id]

    def verdicts(self, device: Device, ca: str = GATEWAYS) -> list[str]:
        """The reasons of what the gate decided so far."""
        return [one["reason"] for one in self._decided(device, ca)]

    def decision(self, device: Device, ca: str = GATEWAYS) -> dict[str, str]:
        """The first decision on a device; it reaches the log a moment after it was made."""
        return until(lambda: self._decided(device, ca))[0]

    def _decided(self, device: Device, ca: str) -> list[dict[str, str]]:
        """The log without the events that there was nothing to decide on."""
        return [one for one in self.gate_log(device, ca) if one["event"] == DECISION]

    def gate_environment(self, ca: str = GATEWAYS) -> dict[str, str]:
        """The deployed function's environment, with credentials that have its role's rights."""
        function = self.ca(ca)["function_name"]
        configuration = self.client("lambda").get_function_configuration(FunctionName=function)
        role = configuration["Role"].rpartition("/")[2]
        credentials = self.user(documents=self.role_policies(role))
        return {
            **self.endpoint.environment(),
            **configuration["Environment"]["Variables"],
            "AWS_ACCESS_KEY_ID": credentials["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": credentials["secret_access_key"],
        }

    # --- what came of it

    def status(self, device: Device) -> str | None:
        """A certificate's status; None where AWS IoT does not know it."""
        iot = self.client("iot")
        try:
            answer = iot.describe_certificate(certificateId=device.certificate_id)
        except iot.exceptions.ResourceNotFoundException:
            return None
        return answer["certificateDescription"]["status"]

    def has_thing(self, device: Device) -> bool:
        """Whether there is a thing for a device."""
        return device.thing_name in self.thing_names()

    def principals(self, thing_name: str) -> list[str]:
        """The ids of the certificates that are attached to a thing."""
        arns = self.client("iot").list_thing_principals(thingName=thing_name)["principals"]
        return [arn.rpartition("/")[2] for arn in arns]

    def groups(self, thing_name: str) -> set[str]:
        """The groups that a thing is in."""
        answer = self.client("iot").list_thing_groups_for_thing(thingName=thing_name)
        return {group["groupName"] for group in answer["thingGroups"]}

    def policies(self, device: Device) -> list[str]:
        """The policies that are attached to a device's certificate."""
        arn = self.describe(device)["certificateArn"]
        answer = self.client("iot").list_attached_policies(target=arn)
        return [policy["policyName"] for policy in answer["policies"]]

    def describe(self, device: Device) -> dict[str, Any]:
        """A certificate as AWS IoT describes it."""
        answer = self.client("iot").describe_certificate(certificateId=device.certificate_id)
        return answer["certificateDescription"]

    def item(self, device: Device) -> dict[str, Any] | None:
        """A device's record as DynamoDB stores it."""
        answer = self.client("dynamodb").get_item(
            TableName=self.outputs["registry_table_name"],
            Key={"serialNumber": {"S": device.serial_number}},
            ConsistentRead=True,
        )
        return answer.get("Item")

    def everything(self, device: Device) -> dict[str, Any]:
        """All there is of a device that was let in, as it is, times included."""
        thing = self.client("iot").describe_thing(thingName=device.thing_name)
        thing.pop("ResponseMetadata")
        return {
            "thing": thing,
            "principals": self.principals(device.thing_name),
            "groups": self.groups(device.thing_name),
            "certificate": self.describe(device),
            "policies": self.policies(device),
            "record": self.item(device),
        }

    def outcome(self, device: Device) -> dict[str, Any]:
        """What a gateway that was let in comes to, but for names, ids and times.

        Each of these is compared with what it has to be instead.
        """
        found = self.everything(device)
        thing, record = found["thing"], self.record(device.serial_number)
        assert record is not None
        assert record.claimed_at is not None
        claimed = dt.datetime.fromtimestamp(record.claimed_at, dt.UTC)
        return {
            "thing type": thing["thingTypeName"],
            "thing version": thing["version"],
            "attributes": thing["attributes"].keys(),
            "serial number": thing["attributes"]["serialNumber"] == device.serial_number,
            "since the claim": thing["attributes"]["provisionedAt"]
            == claimed.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "attached": found["principals"] == [device.certificate_id],
            "groups": found["groups"],
            "policies": found["policies"],
            "certificate": found["certificate"]["status"],
            "status": record.status,
            "turned so by": record.status_changed_by,
            "claims": record.provision_count,
            "claimed by": record.certificate_id == device.certificate_id,
            "all that ever claimed": record.certificate_ids == {device.certificate_id},
            "under": record.thing_name == device.thing_name,
            "by the CA": record.claim_certificate_id == self.ca(GATEWAYS)["certificate_id"],
            "by the gate": record.template_name,
        }


@pytest.fixture(scope="session")
def two_accounts(auth_endpoint, tmp_path_factory) -> Iterator[list[JustInTime]]:
    """examples/jitp twice: once with all makers' CAs and revocation lists, once with one CA only.

    Both are applied at the same time: most of it is the provider's waiting for a queue.
    """
    directory = tmp_path_factory.mktemp("just-in-time")
    makers = make_makers()
    sensors = {SENSORS: makers[SENSORS].certificate_pem}
    gateways = {name: makers[name].certificate_pem for name in makers.keys() - sensors.keys()}
    accounts = [new_account(auth_endpoint) for _ in range(2)]
    bucket = f"revocations-{accounts[0].account_id}"
    variables = [
        {"sensor_cas": sensors, "gateway_cas": gateways, "gateway_crl_bucket": bucket},
        {"sensor_cas": sensors},
    ]
    workspaces = [
        Workspace(support.stage(directory / account.account_id), EXAMPLE, account, values)
        for account, values in zip(accounts, variables, strict=True)
    ]
    with ThreadPoolExecutor(len(workspaces)) as pool:
        list(pool.map(lambda workspace: workspace.init().apply(), workspaces))
    stacks = [
        JustInTime(workspace.outputs(), account, directory / "devices", makers, bucket)
        for workspace, account in zip(workspaces, accounts, strict=True)
    ]
    region = {"LocationConstraint": auth_endpoint.region}
    stacks[0].client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=region)
    for name in gateways:
        stacks[0].publish_crl(name)
    yield stacks
    for stack in stacks:
        stack.own_name.close()
        stack.transport.close()


@pytest.fixture(scope="session")
def just_in_time(two_accounts) -> JustInTime:
    """examples/jitp, applied with the CAs of three makers."""
    return two_accounts[0]


@pytest.fixture(scope="session")
def elsewhere(two_accounts) -> JustInTime:
    """examples/jitp in another account, with the CA of the sensors' maker only."""
    return two_accounts[1]
