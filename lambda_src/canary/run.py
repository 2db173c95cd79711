"""One run: a device is enrolled, provisioned, looked at and removed, and a stranger refused.

The first check that does not pass ends it; what was made is removed all the same.
"""

import json
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from canary import causes, provisioning, registry, removal, template
from canary.checks import NOT_REACHED, Check, Name
from canary.failures import Closed, DeviceFailure, Rejected
from canary.mqtt import Connection
from canary.provisioning import Issued
from canary.target import Means, Target
from canary.template import Template
from canary.tls import Credentials
from device_registry import certificates
from device_registry.aws_errors import is_not_found
from device_registry.certificates import ACTIVE
from device_registry.record import DeviceRecord, MalformedRecordError, Status, from_item
from device_registry.shadow_parameter import FirstShadowError

# A policy, and a certificate that was just activated, take AWS IoT a moment to be known everywhere.
SETTLED_SECONDS = 30.0
# The device lifecycle turns a record ACTIVE by an event of AWS IoT.
CONFIRMED_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_FORBIDDEN = 403


class NotAsItShouldBe(Exception):
    """A check that does not pass; the message is one or more sentences."""


def run(target: Target, means: Means) -> tuple[Check, ...]:
    """Do one run.

    Args:
        target: the way that is looked at.
        means: what it is looked at with.

    Returns:
        The checks, in their order.
    """
    return _Run(target, means, registry.serial_number()).checks()


class _Run:
    """The state of one run. What a later check needs an earlier one has set."""

    _template: Template
    _first_shadow: dict[str, str] | None
    _claim: Credentials
    _claim_connection: Connection
    _issued: Issued
    _device: Connection

    def __init__(self, target: Target, means: Means, serial: str) -> None:
        self._target = target
        self._means = means
        self._serial = serial
        self._thing = target.thing_name(serial)
        self._neighbour = target.thing_name(removal.neighbour(serial))
        self._certificate_ids: list[str] = []
        self._connections: list[Connection] = []
        self._tried = False

    def checks(self) -> tuple[Check, ...]:
        steps: dict[Name, Callable[[], str]] = {
            Name.STACK: self._stack,
            Name.ENROLMENT: self._enrolment,
            Name.CLAIM: self._temporary_claim,
            Name.CLAIM_CONNECTION: self._claims_connection,
            Name.CERTIFICATE: self._certificate,
            Name.REGISTRATION: self._registration,
            Name.CONNECTION: self._connection,
            Name.OWN_SHADOW: self._own_shadow,
            Name.OTHERS_SHADOW: self._others_shadow,
            Name.RECORD: self._record,
            Name.THING: self._looks_of_the_thing,
            Name.STRANGER: self._stranger,
        }
        checks: list[Check] = []
        try:
            for name, step in steps.items():
                if checks and not checks[-1].passed:
                    checks.append(Check(name, passed=False, detail=NOT_REACHED))
                else:
                    checks.append(self._check(name, step))
        finally:
            for connection in self._connections:
                connection.close()
            # Without a record there is nothing else.
            if self._tried:
                checks.append(self._check(Name.REMOVAL, self._removal))
            else:
                checks.append(Check(Name.REMOVAL, passed=False, detail=NOT_REACHED))
        return tuple(checks)

    def _check(self, name: Name, step: Callable[[], str]) -> Check:
        try:
            return Check(name, passed=True, detail=step())
        except NotAsItShouldBe as failure:
            return Check(name, passed=False, detail=str(failure))
        except (ClientError, BotoCoreError) as error:
            cause = causes.of_call(error, self._target)
            return Check(name, passed=False, detail=f"{causes.describe(error)} Likely: {cause}")
        except DeviceFailure as error:
            return Check(name, passed=False, detail=causes.describe(error))
        except FirstShadowError as error:
            return Check(name, passed=False, detail=f"The parameter {error} holds no first shadow.")
        except Exception as error:  # noqa: BLE001  a finding too; its message may quote anything
            detail = f"The canary itself failed, with {type(error).__name__}."
            return Check(name, passed=False, detail=detail)

    # --- the checks, in their order

    def _stack(self) -> str:
        target = self._target
        self._template = template.read(self._means, target)
        registry.read(self._means, target, self._serial)
        self._first_shadow = removal.first_shadow(self._means, target)
        if not self._template.enabled:
            raise NotAsItShouldBe(f"The template {target.template_name} is disabled.")
        if self._template.hook_arn is None:
            raise NotAsItShouldBe(
                f"The template {target.template_name} has no hook: everybody with a claim gets in."
            )
        return f"{target.template_name} asks {self._template.hook_arn}, {target.table_name} answers"

    def _enrolment(self) -> str:
        self._tried = True
        registry.enrol(self._means, self._target, self._serial)
        return f"{self._serial} as {self._target.device_type}"

    def _temporary_claim(self) -> str:
        answer = self._means.iot.create_provisioning_claim(templateName=self._target.template_name)
        self._claim = Credentials(answer["certificatePem"], answer["keyPair"]["PrivateKey"])
        return f"certificate {answer['certificateId']}"

    def _claims_connection(self) -> str:
        self._claim_connection = self._connected_as_claim(self._serial)
        return "connected"

    def _certificate(self) -> str:
        self._issued = self._issue(self._claim_connection)
        return f"certificate {self._issued.certificate_id}"

    def _registration(self) -> str:
        try:
            thing = self._register(self._claim_connection, self._issued, self._serial)
        except Rejected as rejected:
            raise NotAsItShouldBe(f"{rejected} Likely: {self._why_not(rejected)}") from rejected
        if thing != self._thing:
            raise NotAsItShouldBe(f"Registered as {thing}, and not as {self._thing}.")
        # A device leaves the claim behind, and so does this one.
        self._claim_connection.close()
        return f"thing {thing}"

    def _connection(self) -> str:
        deadline = self._means.clock() + SETTLED_SECONDS
        while True:
            try:
                self._device = self._open(self._issued.credentials, self._thing)
                self._device.ping()
            except DeviceFailure as failure:
                if self._means.clock() > deadline:
                    raise NotAsItShouldBe(
                        f"{failure} Likely: {causes.of_connection()}"
                    ) from failure
                self._means.sleep(_PAUSE_SECONDS)
            else:
                return f"connected as {self._thing}"

    def _own_shadow(self) -> str:
        topic = f"$aws/things/{self._thing}/shadow/update"
        reported = {"state": {"reported": {"canary": True}}}
        try:
            answer = provisioning.request(self._device, "UpdateThingShadow", topic, reported)
        except DeviceFailure as failure:
            raise NotAsItShouldBe(f"{failure} Likely: {causes.of_connection()}") from failure
        return f"update accepted as version {answer.get('version')}"

    def _others_shadow(self) -> str:
        topic = f"$aws/things/{self._neighbour}/shadow/update"
        # One that is gone already would tell nothing of the policy.
        self._device.ping()
        sent = self._device.send(topic, json.dumps({"state": {"reported": {}}}).encode())
        try:
            self._device.await_taken(sent)
        except Closed:
            return f"publishing on {topic} closed the connection"
        raise NotAsItShouldBe(
            f"{self._thing} published on {topic}. Likely: a policy lets devices publish for others."
        )

    def _record(self) -> str:
        deadline = self._means.clock() + CONFIRMED_SECONDS
        while True:
            record = self._present_record()
            if self._is_settled(record):
                return f"{record.status} by certificate {record.certificate_id}"
            if self._means.clock() > deadline:
                raise NotAsItShouldBe(
                    f"The record is still {record.status}, its first shadow "
                    f"{'un' if record.shadow_written_at is None else ''}written, "
                    f"{CONFIRMED_SECONDS:g} seconds after the device connected. Likely: the device "
                    "lifecycle's confirmation does not get AWS IoT's events, or fails."
                )
            self._means.sleep(_PAUSE_SECONDS)

    def _looks_of_the_thing(self) -> str:
        iot, wanted = self._means.iot, self._template
        thing_type = iot.describe_thing(thingName=self._thing).get("thingTypeName")
        certificate = iot.describe_certificate(certificateId=self._issued.certificate_id)
        arn = certificate["certificateDescription"]["certificateArn"]
        in_groups = iot.list_thing_groups_for_thing(thingName=self._thing)["thingGroups"]
        attached = iot.list_attached_policies(target=arn)["policies"]
        groups = {group["groupName"] for group in in_groups}
        policies = {policy["policyName"] for policy in attached}
        lacks = [
            *([f"the type {wanted.thing_type}"] if thing_type != wanted.thing_type else []),
            *(f"the group {name}" for name in wanted.groups if name not in groups),
            *(f"the policy {name}" for name in wanted.policies if name not in policies),
        ]
        if lacks:
            raise NotAsItShouldBe(f"{self._thing} lacks {', '.join(lacks)}.")
        return (
            f"type {thing_type}, groups {', '.join(sorted(groups))}, policies "
            f"{', '.join(sorted(policies))}"
        )

    def _stranger(self) -> str:
        serial = removal.stranger(self._serial)
        connection = self._connected_as_claim(serial)
        issued = self._issue(connection)
        try:
            thing = self._register(connection, issued, serial)
        except Rejected as rejected:
            answer = rejected
        else:
            raise NotAsItShouldBe(
                f"{serial}, which nobody enrolled, was registered as {thing}. Likely: the hook is "
                "broken, or the template asks another one."
            )
        if answer.status_code != _FORBIDDEN:
            raise NotAsItShouldBe(f"Refused, but not as forbidden. {answer}")
        self._nothing_came_of(serial, issued)
        return f"refused with {answer.status_code} {answer.error_code}: {answer.error_message}"

    def _removal(self) -> str:
        told = removal.remove(self._means, self._target, self._serial, self._certificate_ids)
        before = [
            removal.remove(self._means, self._target, serial)
            for serial in registry.abandoned(self._means, self._target)
        ]
        return "; left by an earlier run: ".join([told, *before])

    # --- what several of them need

    def _open(self, credentials: Credentials, client_id: str) -> Connection:
        connection = self._means.open_connection(credentials, client_id)
        self._connections.append(connection)
        return connection

    def _connected_as_claim(self, serial: str) -> Connection:
        return self._open(self._claim, self._target.claim_client_id_prefix + serial)

    def _issue(self, connection: Connection) -> Issued:
        issued = provisioning.create_keys_and_certificate(connection)
        self._certificate_ids.append(issued.certificate_id)
        return issued

    def _register(self, connection: Connection, issued: Issued, serial: str) -> str:
        parameters = {"SerialNumber": serial, "DeviceType": self._target.device_type}
        return provisioning.register_thing(
            connection, self._target.template_name, issued.ownership_token, parameters
        )

    def _why_not(self, rejected: Rejected) -> str:
        try:
            now = template.read(self._means, self._target)
            missing = causes.missing_policies(self._means, list(now.policies))
            item = registry.read(self._means, self._target, self._serial)
        except (ClientError, BotoCoreError) as error:
            return causes.of_call(error, self._target)
        return causes.of_registration(rejected, now, missing, item)

    def _present_record(self) -> DeviceRecord:
        item = registry.read(self._means, self._target, self._serial)
        if item is None:
            raise NotAsItShouldBe(f"The record of {self._serial} is gone.")
        try:
            record = from_item(item)
        except MalformedRecordError as error:
            raise NotAsItShouldBe(f"The record of {self._serial} is malformed: {error}.") from error
        if record.certificate_id != self._issued.certificate_id or record.status not in (
            Status.PROVISIONING,
            Status.ACTIVE,
        ):
            raise NotAsItShouldBe(
                f"The record of {self._serial} is {record.status} by certificate "
                f"{record.certificate_id}. Likely: the hook did not claim it."
            )
        return record

    def _is_settled(self, record: DeviceRecord) -> bool:
        if not self._target.confirmed:
            return True
        written = self._first_shadow is None or record.shadow_written_at is not None
        return record.status is Status.ACTIVE and written

    def _nothing_came_of(self, serial: str, issued: Issued) -> None:
        thing = self._target.thing_name(serial)
        status = certificates.status_of(self._means.iot, issued.certificate_id)
        if status == ACTIVE:
            raise NotAsItShouldBe(f"{serial} was refused, and its certificate is ACTIVE.")
        try:
            self._means.iot.describe_thing(thingName=thing)
        except ClientError as error:
            if not is_not_found(error):
                raise
        else:
            raise NotAsItShouldBe(f"{serial} was refused, and there is a thing {thing}.")
