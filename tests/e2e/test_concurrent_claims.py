"""One serial number, many certificates, one moment: exactly one gets it."""

import hashlib
import multiprocessing
import secrets
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.e2e import claimants
from tools.device.failures import Rejected
from tools.device.model import DeviceSpec, registration_parameters

pytestmark = pytest.mark.endpoint

ROUNDS = 25
CERTIFICATES = 200
PROCESSES = 4
DEVICES = 12
TYPE = "gateway"


def event(fleet, serial_number, certificate_id):
    """What AWS IoT passes to the hook."""
    return {
        "claimCertificateId": fleet.template()["claim_certificates"]["line-1"]["id"],
        "certificateId": certificate_id,
        "certificatePem": "-----BEGIN CERTIFICATE-----",
        "templateArn": fleet.template()["arn"],
        "clientId": f"claim-acme-factory-{serial_number}",
        "parameters": {"SerialNumber": serial_number, "DeviceType": TYPE},
    }


def function_environment(fleet):
    """The deployed function's variables, and the way to its table."""
    function = fleet.outputs["hook_function_name"]
    configuration = fleet.client("lambda").get_function_configuration(FunctionName=function)
    return {**fleet.endpoint.environment(), **configuration["Environment"]["Variables"]}


def all_at_once(environment, waves):
    """Send every wave from several processes; responses by wave, and the decision log."""
    context = multiprocessing.get_context("spawn")
    share = CERTIFICATES // PROCESSES
    barrier, answers = context.Barrier(CERTIFICATES), context.Queue()
    processes = [
        context.Process(
            target=claimants.run,
            args=(
                environment,
                [wave[number * share : (number + 1) * share] for wave in waves],
                barrier,
                answers,
            ),
            daemon=True,
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    try:
        shares = [answers.get(timeout=300) for _ in processes]
    finally:
        for process in processes:
            process.kill()
            process.join()
    responses = [
        [response for share, _ in shares for response in share[number]]
        for number in range(len(waves))
    ]
    return responses, [line for _, log in shares for line in log]


def test_200_certificates_claim_one_serial_number_25_times(fleet):
    """S3: first all at once, then all of them once more."""
    run = secrets.token_hex(3)
    serials = [f"SN-{run}-{number}" for number in range(ROUNDS)]
    fleet.enrol(*serials, device_type=TYPE)
    waves = []
    for serial in serials:
        ids = [hashlib.sha256(f"{serial}{n}".encode()).hexdigest() for n in range(CERTIFICATES)]
        waves += [[event(fleet, serial, certificate_id) for certificate_id in ids]] * 2

    responses, log = all_at_once(function_environment(fleet), waves)

    yes = [sum(response["allowProvisioning"] for response in wave) for wave in responses]
    assert yes == [1] * (2 * ROUNDS)

    reasons = defaultdict(list)
    for line in log:
        reasons[line["serialNumber"], line["certificateId"]].append(line["reason"])
    assert len(reasons) == ROUNDS * CERTIFICATES
    lost = ["CLAIMED_BY_OTHER_CERTIFICATE"] * 2
    won = ["FIRST_CLAIM", "REPEAT"]
    for serial in serials:
        of_this = {c: said for (s, c), said in reasons.items() if s == serial}
        assert Counter(map(tuple, of_this.values())) == {
            tuple(won): 1,
            tuple(lost): CERTIFICATES - 1,
        }
        (winner,) = (certificate for certificate, said in of_this.items() if said == won)
        record = fleet.record(serial)
        assert record.certificate_id == winner
        assert record.certificate_ids == {winner}
        assert record.provision_count == 1


def test_devices_of_one_serial_number_register_at_the_same_moment(fleet, serial_number):
    """The same through mutual TLS, the template and the deployed function."""
    fleet.enrol(serial_number, device_type=TYPE)
    parameters = registration_parameters(DeviceSpec(serial_number, TYPE))
    start = threading.Barrier(DEVICES)
    claim = fleet.claims["line-1"].credentials()

    def device(number):
        client_id = f"claim-acme-factory-{serial_number}-{number}"
        with fleet.session(claim, client_id) as session:
            certificate = session.create_keys_and_certificate()
            start.wait(60)
            try:
                session.register_thing("acme-factory", certificate.ownership_token, parameters)
            except Rejected as error:
                return certificate.certificate_id, error.status_code
            return certificate.certificate_id, None

    with ThreadPoolExecutor(DEVICES) as pool, ExitStack() as exits:
        exits.callback(start.abort)
        answers = dict(pool.map(device, range(DEVICES)))

    assert Counter(answers.values()) == {None: 1, 403: DEVICES - 1}
    (winner,) = (certificate for certificate, refused in answers.items() if refused is None)
    assert fleet.attached(serial_number) == [winner]
    assert fleet.record(serial_number).certificate_id == winner
    said = Counter(fleet.reasons(serial_number, DEVICES))
    # On a busy machine a call may run into its timeout, which refuses the device without a word.
    assert said.pop("FIRST_CLAIM") == 1
    assert set(said) == {"CLAIMED_BY_OTHER_CERTIFICATE"}
    assert said.total() < DEVICES
    statuses = Counter(fleet.certificate_status(certificate) for certificate in answers)
    assert statuses == {"ACTIVE": 1, "PENDING_ACTIVATION": DEVICES - 1}
