"""What a log line says: the fields that filters and the audit trail read."""

import json

from device_lifecycle import journal
from device_registry.record import Status
from tests.unit.builders import CERTIFICATE, CLAIM_CERTIFICATE, NOW, record


def test_a_line_tells_which_device_under_which_claim_and_cuts_what_is_long(capsys):
    claimed = record(
        status=Status.PROVISIONING,
        certificate_id=CERTIFICATE,
        claim_certificate_id=CLAIM_CERTIFICATE,
        thing_name="acme-SN-0001",
    )
    told = {**journal.of_device(claimed), "reason": "r" * 600, "deviceTime": None}
    journal.Journal("r-1", lambda: NOW).tell(journal.ACTIVATION, told, numbers={"left": 2})
    line = json.loads(capsys.readouterr().out)
    assert line.pop("timestamp")
    assert len(line.pop("reason")) == journal.MAX_CHARACTERS
    assert line == {
        "event": "activation",
        "level": "INFO",
        "requestId": "r-1",
        "serialNumber": "SN-0001",
        "deviceType": claimed.device_type,
        "thingName": "acme-SN-0001",
        "certificateId": CERTIFICATE,
        "claimCertificateId": CLAIM_CERTIFICATE,
        "left": 2,
    }
