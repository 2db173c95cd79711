"""A device that was suspended or revoked connects with the certificate that it has.

Two things switch the certificate off, the operator's command and the function that follows the
registry, and either is enough: each is tried here where the other one does nothing.
"""

import pytest

from device_registry.transitions import Action
from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.protections import TYPE, Protection
from tests.support.capabilities import Capability, requires
from tests.support.waiting import in_time
from tools.registry.operate import operate
from tools.registry.table import RegistryTable

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

ACTIONS = pytest.mark.parametrize("action", [Action.SUSPEND, Action.REVOKE])
SWITCHED_SECONDS = 5


@pytest.fixture
def thing_name(guarded, serial_number):
    """The name of the device, which is in service."""
    guarded.enrol(serial_number, device_type=TYPE)
    name = guarded.provision(serial_number, TYPE, claim=guarded.claim).thing_name
    guarded.in_service(serial_number)
    return name


def shut_out(stack, iot, serial_number, action):
    """What the operator's command does; without AWS IoT, to the record alone."""
    table = RegistryTable(stack.client("dynamodb"), stack.outputs["registry_table_name"])
    operator = "arn:aws:iam::000000000000:user/somebody"
    report = operate(
        table,
        iot,
        serial_number,
        action,
        by=operator,
        reason="stolen",
        sleep=lambda _: None,
    )
    assert report.ok, report.sentence


def connects_in_vain(stack, serial_number, thing_name):
    credentials = stack.credentials(serial_number)
    refused(lambda: stack.transport.connect(credentials, thing_name).close())


@ACTIONS
@against(Protection.COMMAND_SWITCHES)
def test_a_device_that_was_shut_out_connects(guarded, thing_name, serial_number, action):
    """Where the function that follows the registry cannot do it."""
    with guarded.without("lifecycle-enforcement", "iot:UpdateCertificate"):
        shut_out(guarded, guarded.client("iot"), serial_number, action)
        connects_in_vain(guarded, serial_number, thing_name)


@ACTIONS
@against(Protection.FUNCTION_SWITCHES)
def test_a_device_connects_whose_record_alone_says_that_it_is_shut_out(
    guarded, thing_name, serial_number, action
):
    """Whoever writes the record may know nothing of certificates."""
    shut_out(guarded, None, serial_number, action)
    switched = in_time(
        lambda: guarded.certificate_status(serial_number) != "ACTIVE", SWITCHED_SECONDS
    )
    held(switched, "its certificate was left alone")
    connects_in_vain(guarded, serial_number, thing_name)
