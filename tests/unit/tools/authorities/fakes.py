"""AWS IoT in memory, as far as a CA and its certificates go."""

import datetime as dt

from tests.unit.tools.fakes import client_error

ARN = "arn:aws:iot:eu-west-1:123456789012:cert/"
CA_ID = "ca" * 32
BORN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def identifier(number):
    return f"{number:064x}"


class FakeIot:
    """``meanwhile`` runs once, before the second list is read."""

    def __init__(self, *statuses, registered=True):
        self.certificates = {identifier(n): status for n, status in enumerate(statuses, 1)}
        self.authority = ["ACTIVE", "ENABLE"] if registered else None
        self.things: dict[str, list[str]] = {}
        self.connectivity: dict[str, dict | None] = {}
        self.calls: list[tuple] = []
        self.queries: list[str] = []
        self.failures: dict[str, list[Exception | None]] = {}
        self.lists = 0
        self.meanwhile = None

    def _fail(self, name):
        failure = self.failures[name].pop(0) if self.failures.get(name) else None
        if failure is not None:
            raise failure

    def get_registration_code(self):
        return {"registrationCode": "0a" * 32}

    def get_paginator(self, name):
        fake = self

        class Pages:
            def paginate(self, **arguments):
                return getattr(fake, f"_{name}")(**arguments)

        return Pages()

    def _list_certificates_by_ca(self, caCertificateId, ascendingOrder, PaginationConfig):  # noqa: N803
        assert (caCertificateId, ascendingOrder) == (CA_ID, False)
        assert PaginationConfig == {"PageSize": 250}
        self.lists += 1
        if self.lists > 1 and self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        self._fail("list")
        for number, (key, status) in enumerate(reversed(self.certificates.items())):
            yield {
                "certificates": [
                    {
                        "certificateId": key,
                        "certificateArn": ARN + key,
                        "status": status,
                        "creationDate": BORN - dt.timedelta(days=number),
                    }
                ]
            }

    def _list_principal_things(self, principal):
        self._fail("things")
        yield {"things": self.things.get(principal.removeprefix(ARN), [])}

    def describe_ca_certificate(self, certificateId):  # noqa: N803
        self._fail("describe")
        if self.authority is None:
            raise client_error("ResourceNotFoundException", "DescribeCACertificate")
        status, automatic = self.authority
        return {"certificateDescription": {"status": status, "autoRegistrationStatus": automatic}}

    def update_ca_certificate(self, certificateId, newStatus, newAutoRegistrationStatus):  # noqa: N803
        self.calls.append(("close", certificateId))
        self.authority = [newStatus, newAutoRegistrationStatus]

    def update_certificate(self, certificateId, newStatus):  # noqa: N803
        self._fail(certificateId)
        self._fail("update")
        self.calls.append((certificateId, newStatus))
        if certificateId in self.certificates:
            self.certificates[certificateId] = newStatus

    def search_index(self, indexName, queryString, maxResults):  # noqa: N803
        assert indexName == "AWS_Things"
        self._fail("search")
        self.queries.append(queryString)
        names = [part.split('"')[1] for part in queryString.split(" OR ")]
        assert len(names) <= maxResults
        return {
            "things": [
                {"thingName": name}
                | ({"connectivity": self.connectivity[name]} if self.connectivity[name] else {})
                for name in names
                if name in self.connectivity
            ]
        }
