"""AWS IoT and S3 behind real boto3 clients, which check each call's parameters; certificates."""

import copy
import io
import json
import threading
import time
from functools import cache
from types import SimpleNamespace

from botocore.response import StreamingBody

from device_registry import table
from tests.unit.aws_in_memory import Answer, client_of
from tests.unit.builders import CERTIFICATE, CLAIM_CERTIFICATE, ENVIRONMENT, EVENTS
from tools.device.maker import Maker

CA = CLAIM_CERTIFICATE
GATE_ENVIRONMENT = {
    **ENVIRONMENT,
    "GATE_NAME": "acme-maker",
    "CA_CERTIFICATE_ID": CA,
    "SERIAL_NUMBER_FIELD": "CommonName",
    "DEVICE_TYPE": "temperature-sensor",
    "MANUFACTURER_FIELD": "Organization",
    "REFUSED_CERTIFICATE_STATUS": "INACTIVE",
}
CRL_ENVIRONMENT = {
    **GATE_ENVIRONMENT,
    "CRL_BUCKET": "acme-lists",
    "CRL_KEY": "maker.crl",
    "CRL_BUCKET_OWNER": "123456789012",
}
SUBJECT = {"CommonName": "SN-0001", "Organization": "AcmeIoT"}
THING = "acme-SN-0001"
SHARED = "acme-temperature-sensor"


def registered(**changes):
    """The event of a certificate's registration."""
    return {**json.loads((EVENTS / "certificate_registered.json").read_text()), **changes}


def arn(certificate_id):
    return f"arn:aws:iot:us-east-1:123456789012:cert/{certificate_id}"


@cache
def maker():
    return Maker({"CommonName": "Acme signing CA", "Organization": "AcmeIoT"})


@cache
def device_pem(**subject):
    return maker().device(subject or SUBJECT).certificate_pem


class Aws:
    """What one account holds. ``before`` and ``after`` are told of every call."""

    def __init__(self, *, pem=None, status="PENDING_ACTIVATION", ca=CA, crl=None):
        self.certificates = {
            CERTIFICATE: {"status": status, "pem": pem or device_pem(), "ca": ca, "policies": []}
        }
        self.things = {}
        self.groups = {SHARED: []}
        self.types = {SHARED}
        self.policies = {SHARED}
        self.crl = crl
        self.calls = []
        self.writes = []
        self.answers = {}
        self.before = self.after = lambda operation: None
        self._lock = threading.Lock()

    @property
    def status(self):
        return self.certificates[CERTIFICATE]["status"]

    def state(self):
        """Everything that a call can change."""
        return copy.deepcopy((self.certificates, self.things, self.groups))

    def __call__(self, operation, params):
        self.before(operation)
        with self._lock:
            self.calls.append(operation)
            earlier = self.state()
            if operation in self.answers:
                raise Answer(self.answers[operation])
            answer = getattr(self, operation)(**params)
            if self.state() != earlier:
                self.writes.append(operation)
        self.after(operation)
        return answer or {}

    @staticmethod
    def _find(collection, name):
        if name not in collection:
            raise Answer("ResourceNotFoundException")
        return collection[name]

    def DescribeCertificate(self, certificateId):  # noqa: N802, N803
        found = self._find(self.certificates, certificateId)
        described = {
            "certificateId": certificateId,
            "certificateArn": arn(certificateId),
            "status": found["status"],
            "certificatePem": found["pem"],
        }
        if found["ca"]:
            described["caCertificateId"] = found["ca"]
        return {"certificateDescription": described}

    def UpdateCertificate(self, certificateId, newStatus):  # noqa: N802, N803
        self._find(self.certificates, certificateId)["status"] = newStatus

    def CreateThing(self, thingName, thingTypeName, attributePayload):  # noqa: N802, N803
        if thingTypeName not in self.types:
            raise Answer("ResourceNotFoundException")
        wanted = {"type": thingTypeName, "attributes": attributePayload["attributes"]}
        thing = self.things.setdefault(thingName, {**wanted, "version": 1, "principals": []})
        if {key: thing[key] for key in wanted} != wanted:
            raise Answer("ResourceAlreadyExistsException")

    def DescribeThing(self, thingName):  # noqa: N802, N803
        thing = self._find(self.things, thingName)
        described = {"attributes": thing["attributes"], "version": thing["version"]}
        return described | ({"thingTypeName": thing["type"]} if thing["type"] else {})

    def UpdateThing(self, thingName, thingTypeName, attributePayload):  # noqa: N802, N803
        thing = self._find(self.things, thingName)
        kept = thing["attributes"] if attributePayload["merge"] else {}
        thing["attributes"] = {**kept, **attributePayload["attributes"]}
        thing["type"] = thingTypeName
        thing["version"] += 1

    def AddThingToThingGroup(self, thingName, thingGroupName):  # noqa: N802, N803
        self._find(self.things, thingName)
        members = self._find(self.groups, thingGroupName)
        if thingName not in members:
            members.append(thingName)

    def AttachThingPrincipal(self, thingName, principal):  # noqa: N802, N803
        principals = self._find(self.things, thingName)["principals"]
        if principal not in principals:
            principals.append(principal)

    def AttachPolicy(self, policyName, target):  # noqa: N802, N803
        attached = self.certificates[target.rpartition("/")[2]]["policies"]
        if policyName not in self.policies:
            raise Answer("ResourceNotFoundException")
        if policyName not in attached:
            attached.append(policyName)

    def GetObject(self, Bucket, Key, ExpectedBucketOwner):  # noqa: N802, N803
        assert (Bucket, Key, ExpectedBucketOwner) == ("acme-lists", "maker.crl", "123456789012")
        if self.crl is None:
            raise Answer("NoSuchKey")
        body = StreamingBody(io.BytesIO(self.crl), len(self.crl))
        return {"Body": body, "ContentLength": len(self.crl)}


def clients(aws):
    """What the gate makes its clients with."""

    def of(service):
        client = client_of(service)
        client.aws = aws
        return client

    return SimpleNamespace(iot=lambda: of("iot"), s3=lambda: of("s3"))


class Registry:
    """The claim on the table in this process; ``before`` and ``after`` are told of every one."""

    def __init__(self, connection):
        self.connection = connection
        self.before = self.after = lambda operation: None
        self.answers = []

    def __call__(self, config, request):
        self.before("Claim")
        if self.answers and (answer := self.answers.pop(0)) is not None:
            if isinstance(answer, BaseException):
                raise answer
            return answer
        answer = table.claim(
            config.registry.table_name,
            self.connection,
            request,
            now=int(time.time()),
            lease_seconds=config.registry.claim_lease_seconds,
            regions=config.registry.regions,
            deadline=0.0,
        )
        self.after("Claim")
        return answer
