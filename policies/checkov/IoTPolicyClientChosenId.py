from __future__ import annotations

from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import IoTPolicyCheck, Policy

CHOSEN = "${iot:clientid}"


class IoTPolicyClientChosenId(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure the client id a device may connect with is not whatever it sends",
            id="CKV_AWSIOT_24",
            severity="HIGH",
            guideline=(
                "${iot:ClientId} is the client id in the device's own connect request, so"
                " client/${iot:ClientId} allows every client id, and every topic with that variable"
                " in it is open to whoever claims the id. Use"
                " client/${iot:Connection.Thing.ThingName} under the condition Bool"
                " iot:Connection.Thing.IsAttached true, or a value out of the certificate, as"
                " ${iot:Certificate.Subject.CommonName}. AWS: Developer Guide, Thing policy"
                " variables; Device Defender, AWS IoT policies overly permissive."
            ),
        )

    def judge(self, policy: Policy) -> Iterator[CheckResult]:
        for _, client in policy.of("iot:Connect"):
            if client.kind == "client":
                if CHOSEN in client.name.lower():
                    yield CheckResult.FAILED
                else:
                    yield CheckResult.PASSED if client.is_known else CheckResult.UNKNOWN


check = IoTPolicyClientChosenId()
