"""Runs each attack with its protections, then without each of them, and tells what came of it."""

import json
import secrets
from collections import defaultdict

import pytest
from botocore.exceptions import ClientError

from tests.security.attacks.attempt import Succeeded
from tests.security.attacks.protections import TYPE, Protection
from tests.security.attacks.report import FILE, Outcome, write
from tools.device.failures import NotReachable
from tools.device.model import DeviceSpec, registration_parameters

OUTCOMES = pytest.StashKey[list[Outcome]]()


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "against(*protections): what keeps this attack out, and is missed if it is gone"
    )
    config.stash[OUTCOMES] = []


def pytest_generate_tests(metafunc):
    """One run with everything in place, and one without each protection that can be taken out."""
    mark = metafunc.definition.get_closest_marker("against")
    if mark is not None:
        missing = [one for one in mark.args if one.value.take_out]
        metafunc.parametrize(
            "taken_out", [None, *missing], ids=["kept", *(f"no {one.name}" for one in missing)]
        )


@pytest.fixture(autouse=True)
def taken_out():
    """The protection that a run does without; of a test that is no attack, None."""


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """See that a test notices when its protection is gone; any other failure is a failure."""
    protection = pyfuncitem.funcargs["taken_out"]
    if protection is None:
        return (yield)
    stack = pyfuncitem.funcargs[protection.value.stack]
    with protection.value.take_out(stack):
        try:
            yield
        except Succeeded:
            return True
    pytest.fail(f"{protection.name} was taken out, and the attack was refused all the same")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    mark = item.get_closest_marker("against")
    if mark is not None and (call.when == "call" or report.failed):
        gone = item.callspec.params["taken_out"]
        item.config.stash[OUTCOMES] += [
            Outcome(item.path.name, item.originalname, one, gone is not None, report.passed)
            for one in ([gone] if gone else mark.args)
        ]
    return report


@pytest.fixture(scope="session", autouse=True)
def _written_down(request):
    """The report of this run, or none: not the one of an earlier run, should this one die.

    Of several processes that share the tests, the one that has the attacks comes here.
    """
    if any(item.get_closest_marker("against") for item in request.session.items):
        FILE.unlink(missing_ok=True)
    yield
    found = defaultdict(list)
    for outcome in request.config.stash[OUTCOMES]:
        found[outcome.protection].append(outcome)
    if found:
        write({protection: found[protection] for protection in Protection})


# --- who attacks, and who must not notice


@pytest.fixture
def claim_client_id(guarded):
    """A client id that claim certificates may connect under."""
    return guarded.template()["claim_client_id_prefix"] + secrets.token_hex(4)


@pytest.fixture
def claimant(guarded, claim_client_id):
    """A connection with the claim certificate that all devices of a line share."""
    with guarded.session(guarded.claim.credentials(), claim_client_id) as session:
        yield session


@pytest.fixture
def stranger(guarded, claim_client_id):
    """A connection with another claim of the same template, a trusted user's, at the same time."""
    credentials = guarded.trusted_user().credentials()
    with guarded.session(credentials, f"{claim_client_id}-2") as session:
        yield session


@pytest.fixture(scope="session")
def spare_token(guarded):
    """The ownership token of a certificate for requests that are refused: making one takes long."""
    client_id = guarded.template()["claim_client_id_prefix"] + "spare"
    with guarded.session(guarded.claim.credentials(), client_id) as session:
        return session.create_keys_and_certificate().ownership_token


class Registrar:
    """Says what devices say in a claim session."""

    def __init__(self, stack):
        self.template = stack.template()["name"]

    def __call__(self, session, serial_number, device_type=TYPE, *, token=None, **parameters):
        """RegisterThing, with a certificate that is asked for first unless a token is given."""
        token = token or session.create_keys_and_certificate().ownership_token
        said = self.said(serial_number, device_type, **parameters)
        return session.register_thing(self.template, token, said)

    @staticmethod
    def said(serial_number, device_type=TYPE, **parameters):
        """The parameters of such a request."""
        return registration_parameters(DeviceSpec(serial_number, device_type, None, parameters))


@pytest.fixture
def register(guarded):
    """`register(session, serial_number)` lets a device ask for its thing."""
    return Registrar(guarded)


@pytest.fixture(scope="session")
def pair(guarded):
    """Serial number and thing name of two devices of a type: an attacker and its neighbour."""
    serial_numbers = [f"SN-{secrets.token_hex(4)}" for _ in range(2)]
    guarded.enrol(*serial_numbers, device_type=TYPE)
    devices = [
        (one, guarded.provision(one, TYPE, claim=guarded.claim).thing_name)
        for one in serial_numbers
    ]
    for one in serial_numbers:
        guarded.in_service(one)
    return devices


@pytest.fixture
def names(guarded, pair):
    """What stands in the topics and client ids that attackers try."""
    (_, own), (_, neighbour) = pair
    return {"own": own, "neighbour": neighbour, "prefix": guarded.name_prefix, "type": TYPE}


@pytest.fixture
def intruder(guarded, pair):
    """The attacker's connection, under its own name."""
    serial_number, name = pair[0]
    with guarded.session(guarded.credentials(serial_number), name) as session:
        yield session


class Neighbour:
    """A device at work, which listens to its shadow."""

    def __init__(self, stack, session, name):
        self.name = name
        self._session = session
        self._status = f"{stack.name_prefix}/{TYPE}/{name}/status"
        self._shadows = stack.client("iot-data")
        # Whatever an attack that succeeded has done to it.
        state = {"state": {"reported": {"at": "work"}}}
        self._shadows.update_thing_shadow(thingName=name, payload=json.dumps(state))
        session.subscribe(f"$aws/things/{name}/shadow/update/delta")
        self._before = self._shadow()

    def _shadow(self):
        try:
            answer = self._shadows.get_thing_shadow(thingName=self.name)
        except ClientError:
            return None
        shadow = json.loads(answer["payload"].read())
        return shadow["state"], shadow["version"]

    @property
    def undisturbed(self):
        """Whether it is connected still, was told nothing, and its shadow is as it was."""
        try:
            self._session.publish(self._status, b"{}")
        except NotReachable:
            return False
        return not self._session.messages() and self._shadow() == self._before


@pytest.fixture
def neighbour(guarded, pair):
    """The neighbour, connected; it must not notice anything."""
    serial_number, name = pair[1]
    with guarded.session(guarded.credentials(serial_number), name) as session:
        yield Neighbour(guarded, session, name)
