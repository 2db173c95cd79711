"""AWS IoT and the registry table in memory, as far as the operator's tools use them.

They know AWS's refusals: a thing with principals is not deleted, nor is an active or attached
certificate. What DynamoDB makes of a condition is left to the tests against an endpoint.
"""

import datetime as dt

from botocore.exceptions import ClientError

from device_registry.record import Status
from tools.registry.table import ConditionFailedError

ARN = "arn:aws:iot:eu-west-1:123456789012:cert/"


def client_error(code: str, operation: str = "Operation", message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def _missing(operation: str) -> ClientError:
    return client_error("ResourceNotFoundException", operation)


class _Pages:
    """A paginator that splits what a method returns into pages of two."""

    def __init__(self, method):
        self.method = method

    def paginate(self, *, PaginationConfig=None, **arguments):  # noqa: N803
        key, values = self.method(**arguments)
        values = list(values)
        for start in range(0, max(len(values), 1), 2):
            yield {key: values[start : start + 2]}


class FakeIot:
    def __init__(self):
        self.things: dict[str, str | None] = {}
        self.groups: dict[str, set[str]] = {}
        self.parents: dict[str, str] = {}
        self.certificates: dict[str, str] = {}
        self.attached: set[tuple[str, str]] = set()
        self.policies: dict[str, set[str]] = {}
        # By a CA's id: what it signed, and whether it registers automatically.
        self.signed: dict[str, set[str]] = {}
        self.open: dict[str, bool] = {}
        self.pems: dict[str, str] = {}
        self.calls: list[tuple] = []
        self.failures: dict[str, list[ClientError]] = {}

    def add_device(self, thing, certificate, kind, status="ACTIVE"):
        self.certificates[certificate] = status
        self.policies.setdefault(kind, set()).add(ARN + certificate)
        if thing is not None:
            self.things[thing] = kind
            self.groups.setdefault(kind, set()).add(thing)
            self.attached.add((thing, ARN + certificate))

    def add_signed(self, authority, certificate, *things, status="ACTIVE", pem=""):
        self.certificates[certificate] = status
        self.signed.setdefault(authority, set()).add(certificate)
        self.pems[certificate] = pem
        self.attached |= {(thing, ARN + certificate) for thing in things}

    def _call(self, name, *arguments):
        self.calls.append((name, *arguments))
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    def get_paginator(self, name):
        return _Pages(getattr(self, f"_{name}"))

    def _list_thing_groups(self, parentGroup, namePrefixFilter, recursive):  # noqa: N803
        return "thingGroups", [{"groupName": name} for name in self.groups]

    def _list_things(self, thingTypeName):  # noqa: N803
        return "things", [
            {"thingName": name, "thingTypeName": kind} for name, kind in self.things.items()
        ]

    def _list_things_in_thing_group(self, thingGroupName):  # noqa: N803
        if thingGroupName not in self.groups:
            raise _missing("ListThingsInThingGroup")
        return "things", sorted(self.groups[thingGroupName])

    def _list_targets_for_policy(self, policyName):  # noqa: N803
        if policyName not in self.policies:
            raise _missing("ListTargetsForPolicy")
        return "targets", sorted(self.policies[policyName])

    def _list_thing_principals(self, thingName):  # noqa: N803
        if thingName not in self.things:
            raise _missing("ListThingPrincipals")
        return "principals", sorted(arn for thing, arn in self.attached if thing == thingName)

    def _list_certificates_by_ca(self, caCertificateId, ascendingOrder):  # noqa: N803
        return "certificates", [
            {
                "certificateId": certificate,
                "certificateArn": ARN + certificate,
                "status": self.certificates[certificate],
                "creationDate": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
            }
            for certificate in sorted(self.signed.get(caCertificateId, ()))
            if certificate in self.certificates
        ]

    def describe_ca_certificate(self, certificateId):  # noqa: N803
        if certificateId not in self.open:
            raise _missing("DescribeCACertificate")
        registers = "ENABLE" if self.open[certificateId] else "DISABLE"
        return {"certificateDescription": {"status": "ACTIVE", "autoRegistrationStatus": registers}}

    def _list_principal_things(self, principal):
        return "things", sorted(thing for thing, arn in self.attached if arn == principal)

    def _list_thing_groups_for_thing(self, thingName):  # noqa: N803
        return "thingGroups", [
            {"groupName": name} for name, members in self.groups.items() if thingName in members
        ]

    def _list_attached_policies(self, target):
        return "policies", [
            {"policyName": name} for name, targets in self.policies.items() if target in targets
        ]

    def describe_thing_group(self, thingGroupName):  # noqa: N803
        parent = self.parents.get(thingGroupName)
        parents = [{"groupName": parent}] if parent else []
        return {"thingGroupMetadata": {"rootToParentThingGroups": parents}}

    def describe_thing(self, thingName):  # noqa: N803
        if thingName not in self.things:
            raise _missing("DescribeThing")
        return {"thingName": thingName, "thingTypeName": self.things[thingName]}

    def describe_certificate(self, certificateId):  # noqa: N803
        self._call("describe_certificate", certificateId)
        if certificateId not in self.certificates:
            raise _missing("DescribeCertificate")
        return {
            "certificateDescription": {
                "certificateArn": ARN + certificateId,
                "status": self.certificates[certificateId],
                "certificatePem": self.pems.get(certificateId, ""),
            }
        }

    def update_certificate(self, certificateId, newStatus):  # noqa: N803
        self._call("update_certificate", certificateId, newStatus)
        self.certificates[certificateId] = newStatus

    def detach_policy(self, policyName, target):  # noqa: N803
        self._call("detach_policy", policyName, target)
        self.policies[policyName].discard(target)

    def detach_thing_principal(self, thingName, principal):  # noqa: N803
        self._call("detach_thing_principal", thingName, principal)
        if thingName not in self.things:
            raise _missing("DetachThingPrincipal")
        self.attached.discard((thingName, principal))

    def remove_thing_from_thing_group(self, thingGroupName, thingName):  # noqa: N803
        self._call("remove_thing_from_thing_group", thingGroupName, thingName)
        self.groups[thingGroupName].discard(thingName)

    def delete_thing(self, thingName):  # noqa: N803
        self._call("delete_thing", thingName)
        if any(thing == thingName for thing, _ in self.attached):
            raise client_error("InvalidRequestException", "DeleteThing")
        self.things.pop(thingName, None)

    def delete_certificate(self, certificateId, forceDelete):  # noqa: N803
        self._call("delete_certificate", certificateId)
        if certificateId not in self.certificates:
            raise _missing("DeleteCertificate")
        if self.certificates[certificateId] in {"ACTIVE", "PENDING_ACTIVATION"}:
            raise client_error("CertificateStateException", "DeleteCertificate")
        if any(arn == ARN + certificateId for _, arn in self.attached):
            raise client_error("DeleteConflictException", "DeleteCertificate")
        del self.certificates[certificateId]


class FakeTable:
    """A registry table. ``meanwhile`` runs once, between a read and the write after it."""

    name = "acme-registry"
    region = "eu-west-1"

    def __init__(self, *items):
        self.items = {item["serialNumber"]["S"]: dict(item) for item in items}
        self.writes: list[str] = []
        self.meanwhile = None
        self.failure: Exception | None = None
        self.limit = 0

    def _interfere(self):
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
            return True
        return False

    def arn(self):
        return f"arn:aws:dynamodb:{self.region}:123456789012:table/{self.name}"

    def get(self, serial_number):
        return self.items.get(serial_number)

    def fail_after(self, writes):
        """Refuse every read once so much was written."""
        self.limit = writes
        self.failure = client_error("AccessDeniedException", "BatchGetItem")

    def get_many(self, serial_numbers):
        if self.failure and len(self.writes) >= self.limit:
            raise self.failure
        return {serial: self.items[serial] for serial in serial_numbers if serial in self.items}

    def by_status(self, statuses):
        return [item for item in self.items.values() if item["status"]["S"] in statuses]

    def by_batch(self, batch):
        return [item for item in self.items.values() if item.get("batch") == {"S": batch}]

    def every(self):
        return list(self.items.values())

    def insert_many(self, items):
        self._interfere()
        results = []
        for item in items:
            serial = item["serialNumber"]["S"]
            results.append(serial not in self.items)
            if serial not in self.items:
                self.items[serial] = dict(item)
                self.writes.append(serial)
        return results

    def update(self, arguments):
        serial = arguments["Key"]["serialNumber"]["S"]
        values = arguments["ExpressionAttributeValues"]
        if self._interfere():
            raise ConditionFailedError(self.items.get(serial))
        if " DELETE " in arguments["UpdateExpression"]:
            return self._retire(serial, values[":certificateId"]["S"])
        names = arguments["ExpressionAttributeNames"]
        item = dict(self.items[serial])
        if arguments["UpdateExpression"].startswith("ADD "):
            if item["status"]["S"] != Status.SUSPENDED:
                raise ConditionFailedError(item)
            _, name, value = arguments["UpdateExpression"].split()
            members = {*item.get(name, {}).get("SS", []), *values[value]["SS"]}
            self.items[serial] = {**item, name: {"SS": sorted(members)}}
            return {}
        assignments, _, removal = arguments["UpdateExpression"].partition(" REMOVE ")
        for assignment in assignments.removeprefix("SET ").split(", "):
            name, value = assignment.split(" = ")
            item[names.get(name, name)] = values[value]
        for name in filter(None, removal.split(", ")):
            item.pop(names.get(name, name), None)
        self.items[serial] = item
        self.writes.append(serial)
        return item

    def _retire(self, serial, certificate_id):
        item = self.items.get(serial)
        if item is None or item.get("certificateId") == {"S": certificate_id}:
            raise ConditionFailedError(item)
        sets = {
            name: set(item.get(name, {}).get("SS", ()))
            for name in ("retiredCertificateIds", "suspendedCertificateIds")
        }
        sets["retiredCertificateIds"].add(certificate_id)
        sets["suspendedCertificateIds"].discard(certificate_id)
        kept = {name: value for name, value in item.items() if name not in sets}
        noted = {name: {"SS": sorted(members)} for name, members in sets.items() if members}
        self.items[serial] = kept | noted
        return {}

    def delete(self, serial_number, status):
        item = self.items.get(serial_number)
        if item is not None and item["status"]["S"] != status:
            raise ConditionFailedError(item)
        self.items.pop(serial_number, None)
