"""The operator's commands against the applied stack, and what devices notice of them."""

import json

import pytest
from click.testing import CliRunner

from device_registry.record import Status
from tests.support.endpoint import using
from tools.cli.main import cli
from tools.device.failures import ConnectionRefused
from tools.endpoint import REGION

pytestmark = pytest.mark.endpoint

TYPE = "humidity-sensor"


@pytest.fixture
def operator(fleet):
    """`operator("show", serial)`: runs `iot-provisioning show SERIAL` and returns its result."""

    def run(*arguments, exit_code=0, stdin=None):
        with using(fleet.endpoint):
            environment = {"IOT_PROVISIONING_STACK": str(fleet.stack_file)}
            result = CliRunner().invoke(cli, list(arguments), input=stdin, env=environment)
        assert result.exit_code == exit_code, result.output
        return result

    return run


@pytest.fixture
def shown(operator):
    """`shown(serial)`: what `show --json` says."""

    def run(serial_number, exit_code=0):
        return json.loads(operator("show", serial_number, "--json", exit_code=exit_code).stdout)

    return run


def enrolled(operator, tmp_path, *rows):
    """Enrol devices from a file."""
    file = tmp_path / "devices.csv"
    header = "serialNumber,deviceType,manufacturer"
    file.write_text("\n".join([header, *rows]) + "\n")
    return operator("enrol", str(file))


def test_a_device_from_its_enrolment_to_its_end(fleet, operator, shown, tmp_path, serial_number):
    enrolled(operator, tmp_path, f"{serial_number},{TYPE},Northwind")
    assert shown(serial_number)["record"]["status"] == "ENROLLED"
    honest = {"Manufacturer": "Northwind"}

    fleet.refused(serial_number, TYPE, parameters={"Manufacturer": "Fabrikam"})
    fleet.reasons(serial_number, 1)
    seen = shown(serial_number)
    assert seen["lastDenial"]["reason"] == "WRONG_MANUFACTURER"
    assert "manufacturer" in seen["lastDenial"]["explanation"]["why"]
    assert not seen["awsIot"]["thingExists"]

    operator("suspend", serial_number, "--reason", "checking the maker")
    fleet.forget(serial_number)
    fleet.refused(serial_number, TYPE, parameters=honest)
    fleet.reasons(serial_number, 2)
    seen = shown(serial_number)
    assert seen["record"]["status"] == "SUSPENDED"
    assert seen["record"]["statusReason"] == "checking the maker"
    assert seen["lastDenial"]["reason"] == "SUSPENDED"

    operator("resume", serial_number, "--reason", "all is well")
    fleet.forget(serial_number)
    result = fleet.admit(serial_number, TYPE, parameters=honest)
    seen = shown(serial_number)
    assert seen["awsIot"]["thingName"] == f"acme-{serial_number}"
    assert seen["awsIot"]["groups"] == [f"acme-{TYPE}"]
    (certificate,) = seen["awsIot"]["certificates"]
    assert certificate["certificateId"] == result.certificate_id
    assert certificate["status"] == "ACTIVE"
    assert certificate["policies"] == [f"acme-{TYPE}"]

    operator("revoke", serial_number, "--reason", "stolen", "--yes")
    assert fleet.certificate_status(result.certificate_id) == "REVOKED"
    with pytest.raises(ConnectionRefused):
        fleet.admit(serial_number, TYPE)
    fleet.forget(serial_number)
    fleet.refused(serial_number, TYPE, parameters=honest)
    assert fleet.reasons(serial_number, 4)[2:] == ["FIRST_CLAIM", "REVOKED"]


def test_a_suspended_device_is_cut_off_and_comes_back_with_its_certificate(
    fleet, operator, serial_number
):
    fleet.enrol(serial_number, device_type=TYPE)
    first = fleet.admit(serial_number, TYPE)
    operator("suspend", serial_number, "--reason", "maintenance")
    assert fleet.certificate_status(first.certificate_id) == "INACTIVE"
    with pytest.raises(ConnectionRefused):
        fleet.admit(serial_number, TYPE)
    operator("resume", serial_number, "--reason", "done")
    again = fleet.admit(serial_number, TYPE)
    assert again.resumed
    assert again.certificate_id == first.certificate_id


def test_a_released_device_may_be_provisioned_once_more(fleet, operator, serial_number):
    fleet.enrol(serial_number, device_type=TYPE)
    first = fleet.admit(serial_number, TYPE).certificate_id
    operator("release", serial_number, "--certificates", "--reason", "new board")
    fleet.forget(serial_number)
    second = fleet.admit(serial_number, TYPE).certificate_id
    assert fleet.certificate_status(first) == "INACTIVE"
    assert fleet.certificate_status(second) == "ACTIVE"
    fleet.forget(serial_number)
    fleet.refused(serial_number, TYPE)


def test_why_a_stranger_was_refused(fleet, shown, serial_number):
    fleet.refused(serial_number, TYPE)
    fleet.reasons(serial_number, 1)
    seen = shown(serial_number, exit_code=1)
    assert seen["record"] is None
    assert seen["lastDenial"]["reason"] == "UNKNOWN_SERIAL"


def test_decommission_leaves_nothing_of_one_device_and_the_others_alone(
    fleet, operator, serial_number
):
    neighbour = f"{serial_number}-2"
    fleet.enrol(serial_number, neighbour, device_type=TYPE)
    gone = fleet.admit(serial_number, TYPE)
    stays = fleet.admit(neighbour, TYPE)

    rehearsal = operator("decommission", serial_number, "--dry-run")
    assert f"acme-{serial_number}" in rehearsal.stdout
    assert fleet.has_thing(serial_number)

    operator("decommission", serial_number, "--yes")
    assert not fleet.has_thing(serial_number)
    iot = fleet.client("iot")
    with pytest.raises(iot.exceptions.ResourceNotFoundException):
        iot.describe_certificate(certificateId=gone.certificate_id)
    targets = iot.list_targets_for_policy(policyName=f"acme-{TYPE}")["targets"]
    arn = f"arn:aws:iot:{REGION}:{fleet.endpoint.account_id}:cert/"
    assert arn + gone.certificate_id not in targets
    assert arn + stays.certificate_id in targets
    assert fleet.record(serial_number).status is Status.REVOKED
    assert fleet.admit(neighbour, TYPE).resumed


def test_a_device_played_from_the_command_line(fleet, operator, tmp_path, serial_number):
    enrolled(operator, tmp_path, f"{serial_number},gateway,")
    endpoint, claim = fleet.endpoint, tmp_path / "claim.cert.pem"
    credentials = fleet.claims["line-1"].credentials()
    claim.write_text(credentials.certificate_pem)
    key = tmp_path / "claim.key.pem"
    key.write_text(credentials.private_key_pem)
    where = ["--endpoint", endpoint.mqtt_host, "--port", str(endpoint.mqtt_port)]
    if endpoint.ca_file:
        where += ["--ca-file", endpoint.ca_file]
    result = operator(
        *("device", "provision", "--serial", serial_number, "--type", "gateway", "--keys"),
        *("--template", "acme-factory", "--claim-cert", str(claim), "--claim-key", str(key)),
        *("--store", str(tmp_path / "devices"), "--json"),
        *where,
    )
    answer = json.loads(result.stdout)
    assert answer["thingName"] == f"acme-{serial_number}"
    assert fleet.attached(serial_number) == [answer["certificateId"]]
