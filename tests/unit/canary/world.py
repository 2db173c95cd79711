"""An account with a stack, as a canary sees it: real clients, and a broker in this process."""

# ruff: noqa: N802, N803 - operations and parameters bear AWS's names
import json
import secrets
from dataclasses import dataclass, field

from canary.failures import Closed, NoAnswer
from canary.mqtt import Connection
from canary.packets import Publish
from canary.target import Means, Target
from canary.tls import Credentials
from tests.unit.aws_in_memory import Answer, client_of

NOT_FOUND = "ResourceNotFoundException"
CATALOGUE = "acme-sensor"
ARN = "arn:aws:iot:us-east-1:123456789012"
REJECTED = {"statusCode": 403, "errorCode": "AccessDenied", "errorMessage": "Access Denied"}
TARGET = Target(
    table_name="registry",
    name_prefix="acme",
    template_name="acme-factory",
    claim_client_id_prefix="claim-acme-factory-",
    device_type="sensor",
    confirmed=True,
    first_shadow_parameter="/acme/sensor/first-shadow",
)


def ref(name):
    return {"Ref": name}


BODY = {
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {
                "ThingName": ref("ThingName"),
                "ThingTypeName": ref("ThingTypeName"),
                "ThingGroups": [ref("ThingGroupName"), "all"],
            },
        },
        "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"Status": "ACTIVE"}},
        "policy": {
            "Type": "AWS::IoT::Policy",
            "Properties": {"PolicyName": ref("PolicyName")},
        },
    }
}


@dataclass
class World:
    """What there is, and what goes wrong: ``refused`` are codes by operation.

    ``said`` is what RegisterThing answers an enrolled device instead of registering it, and
    ``strangers`` whether everybody is let in.
    """

    template: dict = field(
        default_factory=lambda: {
            "enabled": True,
            "templateBody": json.dumps(BODY),
            "preProvisioningHook": {"targetArn": "arn:hook"},
        }
    )
    policies: set = field(default_factory=lambda: {CATALOGUE})
    records: dict = field(default_factory=dict)
    things: dict = field(default_factory=dict)
    certificates: dict = field(default_factory=dict)
    shadows: set = field(default_factory=set)
    refused: dict = field(default_factory=dict)
    said: dict | None = None
    claims: bool = True
    strangers: dict | bool = False
    publishes_for_others: bool = False
    refuses_connections: int = 0
    refuses_shadow: bool = False
    hangs_up: bool = False
    confirms: bool = True
    groups: tuple = (CATALOGUE, "all")
    thing_name: str | None = None
    shadow_name: str | None = "settings"
    now: float = 1_800_000_000.0
    slept: list = field(default_factory=list)
    opened: list = field(default_factory=list)
    asked: list = field(default_factory=list)

    def means(self):
        clients = {name: client_of(name) for name in ("dynamodb", "iot", "iot-data", "ssm")}
        for client in clients.values():
            client.aws = self.aws
        return Means(
            dynamodb=clients["dynamodb"],
            iot=clients["iot"],
            iot_data=clients["iot-data"],
            ssm=clients["ssm"],
            open_connection=self.open_connection,
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def open_connection(self, credentials, client_id):
        if client_id.startswith("acme-") and self.refuses_connections:
            self.refuses_connections -= 1
            raise Closed("by the server")
        self.opened.append(Broker(self, credentials, client_id))
        return self.opened[-1]

    def is_empty(self):
        return not (self.records or self.things or self.certificates or self.shadows)

    # --- AWS

    def aws(self, operation, asked):
        self.asked.append(operation)
        code = self.refused.get(operation)
        if isinstance(code, list):
            code = code.pop(0) if code else None
        if code is not None:
            raise Answer(code) if isinstance(code, str) else code
        return getattr(self, operation)(**asked)

    def DescribeProvisioningTemplate(self, templateName):
        assert templateName == "acme-factory"
        return self.template

    def CreateProvisioningClaim(self, templateName):
        return {
            "certificateId": "c" * 64,
            "certificatePem": "claim",
            "keyPair": {"PrivateKey": "key", "PublicKey": "public"},
        }

    def GetPolicy(self, policyName):
        if policyName not in self.policies:
            raise Answer(NOT_FOUND)
        return {}

    def GetItem(self, TableName, Key, ConsistentRead):
        item = self.records.get(Key["serialNumber"]["S"])
        return {"Item": item} if item else {}

    def PutItem(self, TableName, Item, ConditionExpression):
        assert ConditionExpression == "attribute_not_exists(serialNumber)"
        self.records[Item["serialNumber"]["S"]] = Item
        return {}

    def DeleteItem(self, TableName, Key):
        self.records.pop(Key["serialNumber"]["S"], None)
        return {}

    def Query(self, TableName, IndexName, **asked):
        values = asked["ExpressionAttributeValues"]
        found = [
            {"serialNumber": item["serialNumber"]}
            for serial, item in self.records.items()
            if item["statusShard"] == values[":shard"]
            and int(item["statusChangedAt"]["N"]) > int(values[":since"]["N"])
            and serial.startswith(values[":prefix"]["S"])
            and values.get(":by") in (None, item["enrolledBy"])
            and values.get(":home") in (None, item["homeRegion"])
            and int(item["enrolledAt"]["N"]) < int(values[":before"]["N"])
        ]
        return {"Items": found}

    def GetParameter(self, Name):
        if Name == "/gone":
            raise Answer("ParameterNotFound")
        value = json.dumps({"name": self.shadow_name, "desired": {}})
        return {"Parameter": {"Value": value}}

    def DescribeThing(self, thingName):
        if thingName not in self.things:
            raise Answer(NOT_FOUND)
        return {"thingTypeName": CATALOGUE}

    def ListThingPrincipals(self, thingName):
        if thingName not in self.things:
            raise Answer(NOT_FOUND)
        return {"principals": [f"{ARN}:cert/{each}" for each in self.things[thingName]]}

    def ListThingGroupsForThing(self, thingName):
        return {"thingGroups": [{"groupName": name, "groupArn": ARN} for name in self.groups]}

    def ListAttachedPolicies(self, target):
        return {"policies": [{"policyName": name, "policyArn": ARN} for name in self.policies]}

    def DetachThingPrincipal(self, thingName, principal):
        self.things[thingName].remove(principal.rpartition("/")[2])
        return {}

    def DeleteThing(self, thingName):
        if self.things.get(thingName):
            raise Answer("InvalidRequestException")
        self.things.pop(thingName, None)
        return {}

    def DescribeCertificate(self, certificateId):
        if certificateId not in self.certificates:
            raise Answer(NOT_FOUND)
        arn = f"{ARN}:cert/{certificateId}"
        described = {"certificateArn": arn, "status": self.certificates[certificateId]}
        return {"certificateDescription": described}

    def UpdateCertificate(self, certificateId, newStatus):
        self.certificates[certificateId] = newStatus
        return {}

    def DeleteCertificate(self, certificateId, forceDelete):
        assert forceDelete
        assert self.certificates[certificateId] == "INACTIVE"
        if any(certificateId in each for each in self.things.values()):
            raise Answer("DeleteConflictException")
        del self.certificates[certificateId]
        return {}

    def DeleteThingShadow(self, thingName, shadowName=None):
        if (thingName, shadowName) not in self.shadows:
            raise Answer(NOT_FOUND)
        self.shadows.remove((thingName, shadowName))
        return {}

    # --- the broker

    def create(self):
        certificate_id = secrets.token_hex(32)
        self.certificates[certificate_id] = "PENDING_ACTIVATION"
        return True, {
            "certificateId": certificate_id,
            "certificatePem": f"pem of {certificate_id}",
            "privateKey": "key",
            "certificateOwnershipToken": certificate_id,
        }

    def register(self, asked):
        serial, token = asked["parameters"]["SerialNumber"], asked["certificateOwnershipToken"]
        record = self.records.get(serial)
        if record is None and isinstance(self.strangers, dict):
            return False, self.strangers
        if record is None and not self.strangers:
            return False, REJECTED
        if record is not None and self.said is not None:
            return False, self.said
        thing = self.thing_name or f"acme-{serial}"
        if record is not None and self.claims:
            record |= {
                "status": {"S": "PROVISIONING"},
                "certificateId": {"S": token},
                "certificateIds": {"SS": [token]},
                "claimedAt": {"N": "1"},
                "leaseExpiresAt": {"N": "1"},
            }
        self.things[thing] = [token]
        self.certificates[token] = "ACTIVE"
        return True, {"thingName": thing}

    def connected(self, thing):
        record = self.records.get(thing.removeprefix("acme-"))
        if record and self.confirms:
            record |= {"status": {"S": "ACTIVE"}, "shadowWrittenAt": {"N": "1"}}
            self.shadows.add((thing, self.shadow_name))


class Broker(Connection):
    """A connection whose other end is the world."""

    def __init__(self, world, credentials, client_id):
        self.world, self.client_id = world, client_id
        self.is_claim = credentials == Credentials("claim", "key")
        self.answers = []
        self.pings = 0
        self.refusal = None
        self.closed = 0

    def subscribe(self, *topic_filters):
        pass

    def ping(self):
        self.pings += 1
        if self.pings == 1:
            self.world.connected(self.client_id)
        elif self.world.hangs_up:
            raise Closed("by the server")

    def close(self):
        self.closed += 1

    def send(self, topic, payload):
        asked = json.loads(payload)
        if topic == "$aws/certificates/create/json":
            assert self.is_claim
            self.answer(topic, *self.world.create())
        elif topic == "$aws/provisioning-templates/acme-factory/provision/json":
            assert self.is_claim
            self.answer(topic, *self.world.register(asked))
        else:
            self.update_shadow(topic, topic.split("/")[2])
        return 1

    def await_taken(self, packet_id):
        if self.refusal is not None:
            raise self.refusal

    def update_shadow(self, topic, thing):
        own = thing == self.client_id
        if (own and self.world.refuses_shadow) or not (own or self.world.publishes_for_others):
            self.refusal = Closed("by the server")
            return
        self.world.shadows.add((thing, None))
        if own:
            self.answer(topic, True, {"version": 1})

    def answer(self, topic, accepted, document):
        suffix = "accepted" if accepted else "rejected"
        self.answers.append(Publish(f"{topic}/{suffix}", json.dumps(document).encode()))

    def message(self, *topics):
        if not self.answers:
            raise NoAnswer(topics[0], 1)
        return self.answers.pop(0)
