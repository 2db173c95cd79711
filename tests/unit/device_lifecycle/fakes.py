"""An account in memory behind real boto3 clients, which check each call's parameters."""

import hashlib
import io
import json
import ssl
import time
from types import SimpleNamespace

from botocore.response import StreamingBody

from device_lifecycle.first_shadow import Parameters
from device_lifecycle.journal import Journal
from device_lifecycle.runtime import Runtime
from device_lifecycle.settings import lifecycle
from device_lifecycle.store import Store
from device_registry.record import from_item, to_item
from tests.unit.aws_in_memory import Answer, client_of
from tests.unit.builders import EVENTS, NOW, record

ARN = "arn:aws:iot:us-east-1:123456789012:cert/"
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "DEVICE_REGISTRY_TABLE": "registry",
    "NAME_PREFIX": "acme",
    "CONFIRM_BY": "FIRST_CONNECTION",
    "UNEXPECTED_THINGS": "report",
    "SHADOW_PARAMETERS": "/iot-provisioning/acme/device-types",
}
QUARANTINE = {"UNEXPECTED_THINGS": "quarantine", "QUARANTINE_GROUP": "acme-quarantine"}
THING = "acme-SN-0001"
SHARED = "acme-temperature-sensor"
PARAMETER = "/iot-provisioning/acme/device-types/temperature-sensor/first-shadow"


def event(name, **changes):
    return {**json.loads((EVENTS / f"{name}.json").read_text()), **changes}


class Aws:
    """What one account holds. ``before`` is told of every call; ``answers`` are errors by name."""

    def __init__(self):
        self.certificates = {}
        self.things = {}
        self.attributes = {}
        self.types = {}
        self.authorities = {}
        self.registered = {}
        self.exclusive = set()
        self.policies = {SHARED: []}
        self.groups = {"acme-quarantine": []}
        self.shadows = {}
        self.parameters = {}
        self.connections = {}
        self.streams = {}
        self.objects = {}
        self.rejected = None
        self.calls = []
        self.answers = {}
        self.before = lambda operation, params: None

    def __call__(self, operation, params):
        self.calls.append(operation)
        self.before(operation, params)
        if operation in self.answers:
            raise Answer(self.answers[operation])
        return getattr(self, operation)(**params) or {}

    @staticmethod
    def _find(collection, name, code="ResourceNotFoundException"):
        if name not in collection:
            raise Answer(code)
        return collection[name]

    def DescribeCertificate(self, certificateId):  # noqa: N802, N803
        status = self._find(self.certificates, certificateId)
        described = {"certificateId": certificateId, "certificateArn": ARN + certificateId}
        ca = self.registered.get(certificateId)
        described |= {"caCertificateId": ca} if ca else {}
        return {"certificateDescription": {**described, "status": status}}

    def DescribeCACertificate(self, certificateId):  # noqa: N802, N803
        pem = self._find(self.authorities, certificateId)
        return {"certificateDescription": {"certificatePem": pem}}

    def RegisterCertificateWithoutCA(self, certificatePem, status):  # noqa: N802, N803
        return self._register(certificatePem, status, None)

    def RegisterCertificate(self, certificatePem, caCertificatePem, status):  # noqa: N802, N803
        (ca,) = [each for each, pem in self.authorities.items() if pem == caCertificatePem]
        return self._register(certificatePem, status, ca)

    def _register(self, pem, status, ca):
        certificate_id = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
        if certificate_id in self.certificates:
            raise Answer("ResourceAlreadyExistsException")
        self.certificates[certificate_id], self.registered[certificate_id] = status, ca
        return {"certificateId": certificate_id, "certificateArn": ARN + certificate_id}

    def CreateThing(self, thingName, thingTypeName, attributePayload):  # noqa: N802, N803
        wanted = thingTypeName, attributePayload["attributes"]
        if self.attributes.setdefault(thingName, wanted) != wanted:
            raise Answer("ResourceAlreadyExistsException")
        self.things.setdefault(thingName, [])

    def DescribeThing(self, thingName):  # noqa: N802, N803
        type_name, attributes = self._find(self.attributes, thingName)
        return {"thingTypeName": type_name, "attributes": attributes}

    def UpdateThing(self, thingName, thingTypeName, attributePayload):  # noqa: N802, N803
        self._find(self.things, thingName)
        self.attributes[thingName] = thingTypeName, attributePayload["attributes"]

    def AttachPolicy(self, policyName, target):  # noqa: N802, N803
        attached = self._find(self.policies, policyName)
        if target not in attached:
            attached.append(target)

    def AttachThingPrincipal(  # noqa: N802
        self,
        thingName,  # noqa: N803
        principal,
        thingPrincipalType="NON_EXCLUSIVE_THING",  # noqa: N803
    ):
        principals = self._find(self.things, thingName)
        if principal not in principals:
            principals.append(principal)
        if thingPrincipalType == "EXCLUSIVE_THING":
            self.exclusive.add(principal)

    def UpdateCertificate(self, certificateId, newStatus):  # noqa: N802, N803
        self._find(self.certificates, certificateId)
        self.certificates[certificateId] = newStatus

    def ListThingPrincipals(self, thingName):  # noqa: N802, N803
        return {"principals": list(self._find(self.things, thingName))}

    def AddThingToThingGroup(self, thingName, thingGroupName):  # noqa: N802, N803
        members = self._find(self.groups, thingGroupName)
        if thingName not in members:
            members.append(thingName)

    def ListThingsInThingGroup(self, thingGroupName):  # noqa: N802, N803
        return {"things": list(self._find(self.groups, thingGroupName))}

    def ListThingGroupsForThing(self, thingName):  # noqa: N802, N803
        self._find(self.things, thingName)
        names = [name for name, things in self.groups.items() if thingName in things]
        return {"thingGroups": [{"groupName": name} for name in names]}

    def DeleteConnection(self, clientId):  # noqa: N802, N803
        self._find(self.connections, clientId)
        del self.connections[clientId]

    def GetConnection(self, clientId):  # noqa: N802, N803
        return self._find(self.connections, clientId)

    def GetThingShadow(self, thingName, shadowName=None):  # noqa: N802, N803
        payload = json.dumps(self._find(self.shadows, (thingName, shadowName))).encode()
        return {"payload": StreamingBody(io.BytesIO(payload), len(payload))}

    def UpdateThingShadow(self, thingName, payload, shadowName=None):  # noqa: N802, N803
        update = json.loads(payload)
        empty = {"state": {}, "version": 0}
        shadow = self.shadows.setdefault((thingName, shadowName), empty)
        if update.get("version", shadow["version"]) != shadow["version"]:
            raise Answer("ConflictException")
        desired = shadow["state"].setdefault("desired", {})
        _merge(desired, update["state"]["desired"])
        shadow["version"] += 1

    def GetParameter(self, Name):  # noqa: N802, N803
        return {"Parameter": {"Value": self._find(self.parameters, Name, "ParameterNotFound")}}

    def CreateLogStream(self, logGroupName, logStreamName):  # noqa: N802, N803
        if (logGroupName, logStreamName) in self.streams:
            raise Answer("ResourceAlreadyExistsException")
        self.streams[logGroupName, logStreamName] = []

    def PutLogEvents(self, logGroupName, logStreamName, logEvents):  # noqa: N802, N803
        # As API_PutLogEvents counts.
        size = sum(len(each["message"].encode()) + 26 for each in logEvents)
        if size > 1_048_576 or len(logEvents) > 10_000:
            raise Answer("InvalidParameterException")
        self._find(self.streams, (logGroupName, logStreamName)).extend(logEvents)
        return {"rejectedLogEventsInfo": self.rejected} if self.rejected else {}

    def PutObject(self, **params):  # noqa: N802
        self.objects[params["Key"]] = params


def _merge(target, values):
    for key, value in values.items():
        if isinstance(value, dict):
            _merge(target.setdefault(key, {}), value)
        else:
            target[key] = value


def clients(aws, table):
    """What the functions make their clients with."""

    def of(service):
        def make():
            client = client_of(service)
            client.aws = aws
            return client

        return make

    return SimpleNamespace(
        dynamodb=lambda: table,
        iot=of("iot"),
        iot_data=of("iot-data"),
        logs=of("logs"),
        s3=of("s3"),
        ssm=of("ssm"),
    )


class Table:
    """A table client that keeps what the stream would hold; ``before`` is told of updates,
    ``reading`` of reads."""

    def __init__(self, client):
        self._client = client
        self.stream = []
        self.before = self.reading = lambda arguments: None

    def __getattr__(self, name):
        return getattr(self._client, name)

    def item(self, serial_number):
        key = {"serialNumber": {"S": serial_number}}
        return self._client.get_item(TableName="registry", Key=key).get("Item")

    def _write(self, serial_number, operation, arguments):
        old = self.item(serial_number)
        answer = operation(**arguments)
        new = self.item(serial_number)
        if old != new:
            self.stream.append(stream_record(old, new, len(self.stream)))
        return answer

    def get_item(self, **arguments):
        self.reading(arguments)
        return self._client.get_item(**arguments)

    def update_item(self, **arguments):
        self.before(arguments)
        serial = arguments["Key"]["serialNumber"]["S"]
        return self._write(serial, self._client.update_item, arguments)

    def put_item(self, **arguments):
        return self._write(arguments["Item"]["serialNumber"]["S"], self._client.put_item, arguments)

    def delete_item(self, **arguments):
        serial = arguments["Key"]["serialNumber"]["S"]
        return self._write(serial, self._client.delete_item, arguments)


def stream_record(old, new, number=0):
    """A record of the table's stream."""
    images = {"OldImage": old, "NewImage": new}
    image = new or old
    return {
        "eventID": f"change-{number}",
        "dynamodb": {
            "Keys": {"serialNumber": image["serialNumber"]},
            "SequenceNumber": str(number),
            **{name: value for name, value in images.items() if value},
        },
    }


class World:
    """One account, one table, and a clock that the test sets."""

    def __init__(self, table, **environ):
        self.aws = Aws()
        self.environ = environ
        self.table = Table(table)
        self.now = NOW
        self.seconds_left = 1000.0
        self.pauses = []

    def config(self, **environ):
        return lifecycle({**ENVIRONMENT, **self.environ, **environ})

    def runtime(self):
        return Runtime(
            clients=clients(self.aws, self.table),
            store=Store(self.table, "registry"),
            journal=Journal("request-1", lambda: self.now),
            parameters=Parameters(),
            seconds_left=lambda: self.seconds_left,
            clock=lambda: self.now,
            sleep=self.pauses.append,
        )

    def enrol(self, **changes):
        before = record(**changes)
        self.table.put_item(TableName="registry", Item=to_item(before))
        return before

    def stored(self, serial_number="SN-0001"):
        return from_item(self.table.item(serial_number))


def lines(capsys, *events):
    """What was logged since the last look, of some kinds or of every one."""
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in told if not events or line["event"] in events]


class Context:
    """A Lambda context object."""

    aws_request_id = "request-1"

    def __init__(self, seconds=300.0):
        self._until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self):
        return int((self._until - time.monotonic()) * 1000)
