"""A device that came in through another Region may connect to this one too.

AWS IoT knows a certificate only in the Region where it was registered. So each Region registers
those that the record permits and another Region granted, and gives them what RegisterThing gave
them there. Each step may be repeated, and nothing here switches on what was switched off: whether
a device may connect is settled afterwards, as ever.

Follows https://docs.aws.amazon.com/iot/latest/apireference/API_RegisterCertificateWithoutCA.html
and https://docs.aws.amazon.com/iot/latest/apireference/API_RegisterCertificate.html.
"""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from device_lifecycle import first_shadow, identities, journal
from device_lifecycle.runtime import Runtime
from device_lifecycle.settings import Enforcement, Lifecycle
from device_registry import identity, names
from device_registry.aws_errors import EXISTS, error_code, is_not_found
from device_registry.certificates import (
    ACTIVE,
    INACTIVE,
    PENDING,
    attached_to,
    describe,
    status_of,
    verified_pem,
)
from device_registry.record import DeviceRecord, MalformedRecordError, Status
from device_registry.regions import Regions
from device_registry.shadow_parameter import FirstShadowError

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

DELETED = "record deleted"


def is_due(record: DeviceRecord, regions: Regions) -> bool:
    """Tell whether this Region is to have a copy of the record's certificate.

    A canary is removed where it came in, and nobody would remove its copy.
    """
    if record.enrolled_by == names.CANARY:
        return False
    permits = record.status in (Status.PROVISIONING, Status.ACTIVE)
    return permits and regions.claimed_elsewhere(record) and record.certificate_pem is not None


def ensure(runtime: Runtime, config: Enforcement | Lifecycle, serial_number: str) -> bool:
    """Give the device here what it has where it was granted; False: there was nothing to do.

    Raises:
        MalformedRecordError: the record is damaged, or its PEM is another certificate's.
        FirstShadowError: the device type's first shadow cannot be used.
        RetryError, ClientError, BotoCoreError: not done; worth another try.
    """
    record = runtime.store.get(serial_number)
    if record is None or not is_due(record, config.registry.regions):
        return False
    iot, certificate_id = runtime.clients.iot(), str(record.certificate_id)
    found = describe(iot, certificate_id)
    before = None if found is None else found["status"]
    overrides = identity.parameters(record, config.registry.name_prefix, record.claimed_at or 0)
    thing_name = overrides["ThingName"]
    # What a CA vouches for may have come by itself, when its device connected here: then it waits.
    if before not in (None, PENDING, ACTIVE, INACTIVE):
        return False
    attached = certificate_id in (attached_to(iot, thing_name) or ())
    if found is not None and attached and before != PENDING:
        return False
    if found is None:
        _register(iot, record)
        found = iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
    # Before the step by which it counts as done; AWS IoT keeps a shadow for a thing to come.
    fault = _write_first_shadow(runtime, config, record, thing_name)
    if not attached:
        # A gate attaches without that, and AWS IoT takes one kind for a certificate and its thing.
        exclusive = found.get("caCertificateId") is None
        identity.prepare(iot, found["certificateArn"], overrides, exclusive=exclusive)
    if before == PENDING:
        identities.switch(iot, certificate_id, ACTIVE)
    to = ACTIVE if before == PENDING else found["status"]
    told = {**journal.of_device(record), "from": before or "none", "to": to}
    runtime.journal.tell(journal.CERTIFICATE_REPLICATED, told)
    if fault is not None:
        raise fault
    return True


def withdraw(runtime: Runtime, serial_number: str, certificate_ids: frozenset[str]) -> None:
    """Switch the copies off of a device whose record is gone: nothing else would ever do.

    Raises:
        MalformedRecordError: there is a record again, a damaged one.
        ClientError, BotoCoreError: AWS refused.
    """
    if runtime.store.get(serial_number) is not None:
        return
    iot = runtime.clients.iot()
    for certificate_id in sorted(certificate_ids):
        if status_of(iot, certificate_id) == ACTIVE:
            identities.switch(iot, certificate_id, INACTIVE)
            told = {"serialNumber": serial_number, "certificateId": certificate_id}
            told |= {"from": ACTIVE, "to": INACTIVE, "reason": DELETED}
            runtime.journal.tell(journal.CERTIFICATE_SWITCHED, told)


def _register(iot: "IoTClient", record: DeviceRecord) -> None:
    pem = verified_pem(str(record.certificate_pem), str(record.certificate_id))
    if pem is None:
        raise MalformedRecordError("certificatePem")
    authority = _authority(iot, str(record.claim_certificate_id))
    try:
        if authority is None:
            iot.register_certificate_without_ca(certificatePem=pem, status=ACTIVE)
        else:
            iot.register_certificate(certificatePem=pem, caCertificatePem=authority, status=ACTIVE)
    except ClientError as error:
        # The device connected here at this very moment, or another run was faster.
        if error_code(error) != EXISTS:
            raise


def _authority(iot: "IoTClient", certificate_id: str) -> str | None:
    """Return the CA that a gated device came in through, if it is registered here as well."""
    try:
        found = iot.describe_ca_certificate(certificateId=certificate_id)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return found["certificateDescription"]["certificatePem"]


def _write_first_shadow(
    runtime: Runtime, config: Enforcement | Lifecycle, record: DeviceRecord, thing_name: str
) -> FirstShadowError | None:
    """Write the first shadow, which is each Region's own, and return what is wrong with its text.

    The record's note of it is for the Region that granted the device to write.
    """
    if config.shadow_parameters is None:
        return None
    clients = runtime.clients
    try:
        shadow = runtime.parameters.get(clients.ssm(), config.shadow_parameters, record.device_type)
    except FirstShadowError as error:
        return error
    if shadow is not None:
        first_shadow.write(clients.iot_data(), thing_name, shadow)
    return None
