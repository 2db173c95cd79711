"""A registry and AWS IoT in memory that may be killed after any request."""

import threading

from device_registry.record import Status, to_item
from tests.unit.builders import NOW, record
from tests.unit.tools.fakes import FakeIot, FakeTable, client_error

CLAIM, OTHER_CLAIM = "c1" * 32, "c2" * 32
GROUP = "acme-quarantine"
TEMPLATE = "acme-fleet"


class KilledError(BaseException):
    """The process is gone: no handler for errors meets it."""


class Requests:
    """Counts what is asked for; after the last, no request is answered any more."""

    def __init__(self):
        self.count, self.last = 0, None
        self._lock = threading.Lock()

    def answered(self):
        """The request has had its effect; whether anybody hears of it is another matter."""
        with self._lock:
            self.count += 1
            if self.last is not None and self.count >= self.last:
                raise KilledError

    def begins(self):
        with self._lock:
            if self.last is not None and self.count >= self.last:
                raise KilledError


def _request(function):
    def call(self, *arguments, **named):
        self.requests.begins()
        result = function(self, *arguments, **named)
        self.requests.answered()
        return result

    return call


class Iot(FakeIot):
    """AWS IoT with a quarantine group and a template, as far as an incident goes."""

    def __init__(self, requests):
        super().__init__()
        self.requests = requests
        self.groups[GROUP] = set()
        self.templates = {TEMPLATE: True}

    describe_certificate = _request(FakeIot.describe_certificate)
    update_certificate = _request(FakeIot.update_certificate)

    @_request
    def describe_thing_group(self, thingGroupName):  # noqa: N803
        self._call("describe_thing_group", thingGroupName)
        if thingGroupName not in self.groups:
            raise client_error("ResourceNotFoundException", "DescribeThingGroup")

    @_request
    def add_thing_to_thing_group(self, thingGroupName, thingName):  # noqa: N803
        self._call("add_thing_to_thing_group", thingGroupName, thingName)
        if thingName not in self.things:
            raise client_error("ResourceNotFoundException", "AddThingToThingGroup")
        self.groups[thingGroupName].add(thingName)

    @_request
    def remove_thing_from_thing_group(self, thingGroupName, thingName):  # noqa: N803
        super().remove_thing_from_thing_group(thingGroupName, thingName)

    @_request
    def describe_provisioning_template(self, templateName):  # noqa: N803
        return {"enabled": self.templates[templateName]}

    @_request
    def update_provisioning_template(self, templateName, enabled):  # noqa: N803
        self._call("update_provisioning_template", templateName, enabled)
        self.templates[templateName] = enabled


class Table(FakeTable):
    """A registry table with its indexes; ``behind`` is what an index still says of some."""

    def __init__(self, requests, *items):
        super().__init__(*items)
        self.requests = requests
        self.behind: dict[str, dict] = {}

    get = _request(FakeTable.get)
    update = _request(FakeTable.update)
    get_many = _request(FakeTable.get_many)

    def _indexed(self):
        return list((self.items | self.behind).values())

    @_request
    def by_claim_certificate(self, certificate_id, statuses=(), *, since=0):
        assert not statuses
        found = [
            item
            for item in self._indexed()
            if item.get("claimCertificateId") == {"S": certificate_id}
            and int(item["claimedAt"]["N"]) >= since
        ]
        found.sort(key=lambda item: int(item["claimedAt"]["N"]), reverse=True)
        return iter(found)

    @_request
    def by_certificate(self, certificate_id, statuses=()):
        assert not statuses
        held = {"S": certificate_id}
        return iter([item for item in self._indexed() if item.get("certificateId") == held])

    @_request
    def by_batch(self, batch):
        return iter([item for item in self.items.values() if item.get("batch") == {"S": batch}])


class World:
    """Devices of two claim certificates, before NOW and after, and what AWS IoT has of them."""

    def __init__(self):
        self.requests = Requests()
        self.iot, self.table = Iot(self.requests), Table(self.requests)
        self.granted: dict[str, frozenset[str]] = {}
        self.iot.certificates = {CLAIM: "ACTIVE", OTHER_CLAIM: "ACTIVE"}

    def admit(self, serial, claim=CLAIM, claimed_at=NOW, *, status=Status.ACTIVE, former=()):
        """A device as the hook and AWS IoT left it; return its certificate."""
        certificate = f"{len(self.iot.certificates):064x}"
        kept = {"suspended_from": Status.ACTIVE} if status is Status.SUSPENDED else {}
        self.table.items[serial] = to_item(
            record(
                serial_number=serial,
                status=status,
                certificate_id=certificate,
                certificate_ids=frozenset({certificate, *former}),
                claim_certificate_id=claim,
                claimed_at=claimed_at,
                lease_expires_at=claimed_at + 3_600,
                batch="spring",
                **kept,
            )
        )
        self.iot.add_device(f"acme-{serial}", certificate, "acme-sensor")
        return certificate

    def moved_on(self, serial, *, status="ACTIVE", logged=True):
        """A device that came in through CLAIM, and through OTHER_CLAIM since; its former one."""
        former = f"{len(self.iot.certificates):064x}"
        self.iot.certificates[former] = status
        if logged:
            self.granted[serial] = frozenset({former})
        self.admit(serial, OTHER_CLAIM, NOW + 60, former=(former,))
        return former

    def status(self, serial):
        return self.table.items[serial]["status"]["S"]

    def state(self):
        """All that matters, without when it was."""
        timeless = {"statusChangedAt", "statusShard"}
        return {
            "records": {
                serial: {name: value for name, value in item.items() if name not in timeless}
                for serial, item in self.table.items.items()
            },
            "certificates": dict(self.iot.certificates),
            "group": set(self.iot.groups.get(GROUP, ())),
            "templates": dict(self.iot.templates),
        }
