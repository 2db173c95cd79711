"""The lifecycle by other choices: things confirm, strangers go to quarantine; archive and sweep.

Events about things are the endpoint's own, as soon as the account's event configuration says so.
The sweep is invoked with what EventBridge sends it. Time passes by writing earlier times into the
records. What only GetConnection would tell the sweep, the endpoint does not know.
"""

import json
import secrets
import time
from contextlib import contextmanager
from http import HTTPStatus

import pytest
from botocore.exceptions import ClientError

from device_registry.record import ReprovisionPolicy, Status
from device_registry.transitions import Action
from tests.e2e.fleet import Fleet
from tests.e2e.just_in_time import GATEWAY
from tests.e2e.test_lifecycle import first_shadow, shadow, trail, turn
from tests.support import terraform as support
from tests.support.capabilities import Capability, requires
from tests.support.endpoint import client, new_account
from tests.support.stack import root_module
from tests.support.waiting import until
from tools.claims import csr
from tools.device.failures import ConnectionRefused, Rejected
from tools.device.model import ClientCredentials, DeviceSpec, registration_parameters

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

PREFIX = "choices"
HOUR = 3_600
DAY = 24 * HOUR


def variables(unexpected_things):
    """Of the root module: one device type, no alarms."""
    return {
        "name_prefix": PREFIX,
        "device_types": {GATEWAY: {"reprovision_policy": "replace"}},
        "templates": {"factory": {}},
        "monitoring": {"enabled": False},
        "device_lifecycle": {
            "confirm_by": "THING_EVENT",
            "thing_events": True,
            "unexpected_things": unexpected_things,
            "audit": {"archive": {"lock_days": 1}},
        },
    }


def apply(workspace, account):
    """Apply, and return the outputs. The bucket of the archive no longer insists on TLS.

    Functions reach the endpoint by plain HTTP on loopback, which the bucket's policy denies.
    """
    workspace.apply()
    outputs = workspace.outputs()
    bucket = outputs["device_lifecycle"]["archive_bucket_name"]
    client(account, "s3").delete_bucket_policy(Bucket=bucket)
    return outputs


class Choices(Fleet):
    """The stack, which reports strangers until it is told to quarantine them."""

    def choose(self, unexpected_things):
        """Apply the other choice; what is as it was costs no apply."""
        if unexpected_things != self.unexpected_things:
            self.workspace.set(variables(unexpected_things))
            apply(self.workspace, self.endpoint)
            self.unexpected_things = unexpected_things

    def thing_events(self, *, enabled):
        """The account's event configuration, which is no stack's."""
        configurations = {"THING": {"Enabled": enabled}}
        self.client("iot").update_event_configurations(eventConfigurations=configurations)

    @contextmanager
    def no_thing_events(self):
        """Whatever happens to things meanwhile, its event is lost."""
        self.thing_events(enabled=False)
        try:
            yield
        finally:
            self.thing_events(enabled=True)

    @contextmanager
    def claiming(self, serial_number):
        """A device's connection under a claim."""
        client_id = f"{self.template()['claim_client_id_prefix']}{serial_number}"
        with self.session(self.trusted_user().credentials(), client_id) as session:
            yield session

    def register(self, serial_number):
        """Let a device get its certificate, and never connect with it; return the id."""
        with self.claiming(serial_number) as session:
            issued = session.create_keys_and_certificate()
            parameters = registration_parameters(DeviceSpec(serial_number, GATEWAY))

            def registered():
                try:
                    session.register_thing(
                        self.template()["name"], issued.ownership_token, parameters
                    )
                except Rejected as refused:
                    if refused.status_code != HTTPStatus.FORBIDDEN:
                        raise
                    return False
                return True

            # A hook that has no time left on a busy machine says no; devices ask again.
            until(registered)
        return issued.certificate_id

    def archived(self, entry_id):
        """An entry of the archive and the version of the object that it is in, or None."""
        s3, bucket = self.client("s3"), self.outputs["device_lifecycle"]["archive_bucket_name"]
        for found in s3.list_object_versions(Bucket=bucket).get("Versions", []):
            version = {"Bucket": bucket, "Key": found["Key"], "VersionId": found["VersionId"]}
            for line in s3.get_object(**version)["Body"].iter_lines():
                if json.loads(line)["id"] == entry_id:
                    return {"entry": json.loads(line), "version": version}
        return None

    def ask(self, serial_number):
        """Let the hook allow a device that then ends its registration no more.

        AWS IoT's own question, since the endpoint ends what it begins. Returns the certificate,
        which stays PENDING_ACTIVATION.
        """
        with self.claiming(serial_number) as session:
            certificate_id = session.create_keys_and_certificate().certificate_id
        event = {
            "claimCertificateId": secrets.token_hex(32),
            "certificateId": certificate_id,
            "certificatePem": "",
            "templateArn": self.template()["arn"],
            "clientId": serial_number,
            "parameters": registration_parameters(DeviceSpec(serial_number, GATEWAY)),
        }

        def allowed():
            answer = self.client("lambda").invoke(
                FunctionName=self.outputs["hook_function_name"],
                Qualifier="live",
                Payload=json.dumps(event),
            )
            return json.loads(answer["Payload"].read())["allowProvisioning"]

        until(allowed)
        assert self.certificate_status(certificate_id) == "PENDING_ACTIVATION"
        return certificate_id

    def switch(self, certificate_id, to):
        """Set a certificate's status past everybody, as AWS IoT or somebody by hand does."""
        self.client("iot").update_certificate(certificateId=certificate_id, newStatus=to)

    def journal(self, function, **fields):
        """What a function logged that has these fields."""
        group = self.outputs["device_lifecycle"]["functions"][function]["log_group_name"]
        return [entry for entry in self.log_entries(group) if entry.items() >= fields.items()]

    def sweep(self):
        """Start the sweep, wait for its end, and return what it counted, but for the zeros."""
        before = len(self.journal("sweep", event="sweep"))
        rule = self.outputs["device_lifecycle"]["sweep_rule_name"]
        event = {
            "version": "0",
            "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self.endpoint.account_id,
            "time": "2026-01-01T00:00:00Z",
            "region": self.endpoint.region,
            "resources": [f"arn:aws:events:::rule/{rule}"],
            "detail": {},
        }
        function = self.outputs["device_lifecycle"]["functions"]["sweep"]
        answer = self.client("lambda").invoke(
            FunctionName=function["name"], Qualifier="live", Payload=json.dumps(event)
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
        entries = until(lambda: self.journal("sweep", event="sweep")[before:])
        counted = {name: count for name, count in entries[0].items() if isinstance(count, int)}
        assert counted["checked"] > 0
        return {name: n for name, n in counted.items() if n and name not in ("checked", "stuck")}

    def age(self, serial_number, seconds, *attributes):
        """Let times of a record be so long ago."""
        moment = {"N": str(int(time.time()) - seconds)}
        self.rewrite(serial_number, **dict.fromkeys(attributes, moment))

    def quarantined(self):
        """The things in quarantine."""
        group = self.outputs["device_lifecycle"]["quarantine_group_name"]
        return self.client("iot").list_things_in_thing_group(thingGroupName=group)["things"]


class Stranger:
    """A thing that somebody made by hand, with a certificate that may do what a gateway's may.

    Attributes:
        name: The thing's.
        certificate_id: The certificate's.
    """

    def __init__(self, stack, name, *principals):
        """Make it; `principals` are certificates that it has besides."""
        self._stack = stack
        self.name = name
        iot = stack.client("iot")
        key, request = csr.create(csr.KeyType.EC_P256, "device")
        made = iot.create_certificate_from_csr(
            certificateSigningRequest=request.decode(), setAsActive=True
        )
        self.certificate_id = made["certificateId"]
        self._credentials = ClientCredentials(made["certificatePem"], key.decode())
        policy = stack.outputs["device_types"][GATEWAY]["policy_name"]
        iot.attach_policy(policyName=policy, target=made["certificateArn"])
        iot.create_thing(thingName=name)
        root = made["certificateArn"].rpartition("/")[0]
        for principal in (made["certificateArn"], *(f"{root}/{each}" for each in principals)):
            iot.attach_thing_principal(thingName=name, principal=principal)

    @property
    def status(self):
        """The certificate's."""
        return self._stack.certificate_status(self.certificate_id)

    def connects(self):
        """Whether it gets a connection."""
        try:
            self._stack.transport.connect(self._credentials, self.name).close()
        except ConnectionRefused:
            return False
        return True

    def change(self):
        """Write the thing anew."""
        attributes = {"attributes": {"changed": secrets.token_hex(4)}}
        self._stack.client("iot").update_thing(thingName=self.name, attributePayload=attributes)

    def let_out(self):
        """What an operator does: out of the group first."""
        iot, group = self._stack.client("iot"), f"{PREFIX}-quarantine"
        iot.remove_thing_from_thing_group(thingGroupName=group, thingName=self.name)
        self._stack.switch(self.certificate_id, "ACTIVE")


@pytest.fixture(scope="module")
def choices(auth_endpoint, tmp_path_factory):
    """The root module, applied in an account whose event configuration has things."""
    directory = tmp_path_factory.mktemp("choices")
    account = new_account(auth_endpoint)
    workspace = root_module(support.stage(directory / "copy"), account, variables("report"))
    stack = Choices(apply(workspace, account), account, directory / "devices")
    stack.workspace, stack.unexpected_things = workspace, "report"
    stack.thing_events(enabled=True)
    yield stack
    stack.transport.close()


@pytest.fixture
def enrolled(choices, serial_number):
    """The serial number of a gateway that may come."""
    choices.enrol(serial_number, device_type=GATEWAY, reprovision_policy=ReprovisionPolicy.REPLACE)
    return serial_number


def test_the_thing_of_a_registration_turns_the_record_active(choices, enrolled):
    """The device itself never connects."""
    certificate_id = choices.register(enrolled)
    record = choices.in_service(enrolled)
    assert record.certificate_id == certificate_id
    assert (record.status_changed_by, record.status_reason) == (
        "device-lifecycle",
        "thing registered",
    )
    assert shadow(choices, enrolled)[0] == first_shadow(GATEWAY)
    until(lambda: trail(choices, enrolled, to="ACTIVE"))
    told = {"event": "unexpected-thing", "thingName": record.thing_name}
    assert choices.journal("confirmation", **told) == []


def test_the_archive_has_what_the_trail_has_and_keeps_it(choices, enrolled):
    choices.register(enrolled)
    choices.in_service(enrolled)
    entry = until(lambda: trail(choices, enrolled, to="ACTIVE"))[0]
    archived = until(lambda: choices.archived(entry["id"]))
    assert archived["entry"] == entry
    s3, version = choices.client("s3"), archived["version"]
    retention = s3.get_object_retention(**version)["Retention"]
    assert retention["Mode"] == "GOVERNANCE"
    assert retention["RetainUntilDate"].timestamp() == pytest.approx(time.time() + DAY, abs=HOUR)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(**version)


def test_the_thing_of_a_device_that_was_cut_off_turns_nothing(choices, enrolled):
    choices.register(enrolled)
    thing_name = choices.in_service(enrolled).thing_name
    turn(choices, enrolled, Action.SUSPEND)
    choices.client("iot").update_thing(
        thingName=thing_name, attributePayload={"attributes": {"location": "shelf"}}
    )
    told = {"event": "activation", "outcome": "unchanged", "serialNumber": enrolled}
    (entry,) = until(lambda: choices.journal("confirmation", **told))
    assert entry["reason"] == "SUSPENDED"
    assert choices.record(enrolled).status is Status.SUSPENDED


def test_a_thing_without_a_record_is_reported_and_by_choice_quarantined(choices, enrolled):
    held = choices.register(enrolled)
    choices.in_service(enrolled)
    choices.choose("report")
    reported = Stranger(choices, f"{PREFIX}-{secrets.token_hex(4)}")
    told = {"event": "unexpected-thing", "thingName": reported.name}
    (entry,) = until(lambda: choices.journal("confirmation", **told))
    assert (entry["outcome"], entry["level"]) == ("reported", "WARN")
    group = choices.outputs["device_lifecycle"]["audit_log_group_name"]
    until(lambda: [each for each in choices.log_entries(group) if each.items() >= told.items()])
    assert (reported.status, choices.quarantined()) == ("ACTIVE", [])
    assert reported.connects()

    choices.choose("quarantine")
    stranger = Stranger(choices, f"{PREFIX}-{secrets.token_hex(4)}")
    elsewhere = Stranger(choices, f"else-{secrets.token_hex(4)}")
    told |= {"thingName": stranger.name, "outcome": "quarantined"}
    until(lambda: choices.journal("confirmation", **told))
    assert (stranger.status, choices.quarantined()) == ("INACTIVE", [stranger.name])
    assert not stranger.connects()
    # What was only reported then is found again when somebody changes it.
    reported.change()
    until(lambda: reported.status == "INACTIVE")

    # The certificate of a device of ours is not a stranger's to lose.
    with choices.no_thing_events():
        impostor = Stranger(choices, f"{PREFIX}-{secrets.token_hex(4)}", held)
    impostor.change()
    told |= {"thingName": impostor.name, "outcome": "reported"}
    (entry,) = until(lambda: choices.journal("confirmation", **told))
    assert held in entry["detail"]
    assert sorted(choices.quarantined()) == sorted([reported.name, stranger.name])
    statuses = [impostor.status, elsewhere.status, choices.certificate_status(held)]
    assert statuses == ["ACTIVE"] * 3

    # Somebody switches it on again, which no event tells.
    choices.switch(stranger.certificate_id, "ACTIVE")
    assert choices.sweep() == {"quarantined": 1}
    assert stranger.status == "INACTIVE"
    stranger.let_out()
    assert choices.sweep() == {}
    assert stranger.connects()


def test_the_sweep_makes_up_for_a_lost_event(choices, enrolled):
    with choices.no_thing_events():
        choices.register(enrolled)
    assert choices.sweep() == {}
    # A moment ago the event might still have come.
    assert choices.record(enrolled).status is Status.PROVISIONING
    choices.age(enrolled, 120, "statusChangedAt")
    assert choices.sweep() == {"confirmed": 1}
    record = choices.in_service(enrolled)
    assert record.status_reason == "thing registered, found by the sweep"
    assert shadow(choices, enrolled)[0] == first_shadow(GATEWAY)


def test_the_sweep_gives_a_claim_up_whose_lease_is_over(choices, enrolled):
    certificate_id = choices.ask(enrolled)
    choices.age(enrolled, 120, "statusChangedAt", "claimedAt")
    # Its lease lasts: its device may be in the middle of it.
    assert choices.sweep() == {}
    assert choices.certificate_status(certificate_id) == "PENDING_ACTIVATION"
    choices.age(enrolled, 1, "leaseExpiresAt")
    assert choices.sweep() == {"lapsed": 1}
    assert choices.certificate_status(certificate_id) == "INACTIVE"
    assert choices.record(enrolled).status is Status.PROVISIONING
    # The serial number is free for whoever comes next.
    after = choices.register(enrolled)
    assert choices.in_service(enrolled).certificate_id == after


def test_the_sweep_catches_what_is_activated_after_its_device_was_cut_off(choices, enrolled):
    certificate_id = choices.ask(enrolled)
    turn(choices, enrolled, Action.SUSPEND)
    # The last that the function does about it.
    dropped = {"serialNumber": enrolled, "event": "connection-dropped"}
    until(lambda: choices.journal("enforcement", **dropped))
    assert choices.certificate_status(certificate_id) == "PENDING_ACTIVATION"
    choices.switch(certificate_id, "ACTIVE")
    assert choices.sweep() == {"cutOff": 1}
    assert choices.certificate_status(certificate_id) == "INACTIVE"
    assert choices.record(enrolled).suspended_certificate_ids == {certificate_id}
    turn(choices, enrolled, Action.RESUME)
    until(lambda: choices.certificate_status(certificate_id) == "ACTIVE")


def test_the_sweep_switches_a_superseded_certificate_off(choices, enrolled):
    first = choices.register(enrolled)
    choices.in_service(enrolled)
    second = choices.register(enrolled)
    until(lambda: choices.record(enrolled).status is Status.ACTIVE)
    assert choices.record(enrolled).retired_certificate_ids == {first}
    until(lambda: choices.certificate_status(first) == "INACTIVE")
    choices.switch(first, "ACTIVE")
    assert choices.sweep() == {"superseded": 1}
    statuses = [choices.certificate_status(each) for each in (first, second)]
    assert statuses == ["INACTIVE", "ACTIVE"]
