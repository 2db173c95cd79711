"""A device that was suspended or revoked connects with the certificate that it has."""

import pytest

from device_registry.transitions import Action
from tests.security.attacks.attempt import against, refused
from tests.security.attacks.protections import TYPE, Protection
from tests.support.capabilities import Capability, requires
from tools.registry.operate import operate
from tools.registry.table import RegistryTable

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]


@against(Protection.SWITCHED_OFF)
@pytest.mark.parametrize("action", [Action.SUSPEND, Action.REVOKE])
def test_a_device_that_was_shut_out_connects(guarded, serial_number, action):
    guarded.enrol(serial_number, device_type=TYPE)
    name = guarded.provision(serial_number, TYPE, claim=guarded.claim).thing_name
    guarded.in_service(serial_number)
    table = RegistryTable(guarded.client("dynamodb"), guarded.outputs["registry_table_name"])
    operate(
        table,
        guarded.client("iot"),
        serial_number,
        action,
        by="arn:aws:iam::000000000000:user/somebody",
        reason="stolen",
        sleep=lambda _: None,
    )
    credentials = guarded.credentials(serial_number)
    refused(lambda: guarded.transport.connect(credentials, name).close())
