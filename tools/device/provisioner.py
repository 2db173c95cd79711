"""A device's way from a claim to an identity of its own.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/provision-wo-cert.html

Each step is stored before the next begins, and a try begins with what is stored. So a retry, and
a run after a crash, continue where the last one ended: RegisterThing is repeated with the
certificate it was sent with before, and a registered device never claims again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from tools.device import keys
from tools.device.claims import Claim
from tools.device.failover import Failover, Way, first_to_serve
from tools.device.failures import ConnectionRefused, DeviceError, Rejected, starts_over
from tools.device.model import (
    SILENT,
    DeviceSpec,
    Greeting,
    KeyFlow,
    Message,
    ProvisioningResult,
    Timings,
    claim_client_id,
    default_client_id_prefix,
    greeting_payload,
    own_topic,
    registration_parameters,
)
from tools.device.ports import Session, Transport
from tools.device.state import Identity, Step, confirmed, issued, next_step, registered
from tools.device.store import CredentialStore

Report = Callable[[str], None]
"""Takes a line of progress. It never holds a key or a token."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long a device tries, with full jitter between tries.

    Attributes:
        attempts: Tries of each of the two phases (claim, first connection), at least 1.
        first_delay: Upper bound in seconds of the first wait; it doubles each time.
        max_delay: Upper bound in seconds of any wait.
        deadline: Seconds after which no further try of a phase begins.
    """

    attempts: int = 6
    first_delay: float = 1.0
    max_delay: float = 20.0
    deadline: float = 240.0

    def retrying(
        self,
        transient: Callable[[BaseException], bool],
        report: Report,
        sleep: Callable[[float], None],
        describe: Callable[[BaseException | None], str] = str,
    ) -> Retrying:
        """A tenacity controller that follows this policy and raises the last failure."""

        def say(state: RetryCallState) -> None:
            why = describe(state.outcome.exception() if state.outcome else None)
            report(
                f"Try {state.attempt_number} failed, again in {state.upcoming_sleep:.1f} s: {why}"
            )

        return Retrying(
            retry=retry_if_exception(transient),
            stop=stop_after_attempt(self.attempts) | stop_after_delay(self.deadline),
            wait=wait_random_exponential(multiplier=self.first_delay, max=self.max_delay),
            before_sleep=say,
            sleep=sleep,
            reraise=True,
        )


def quiet(_: str) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class Place:
    """A further endpoint to provision devices at.

    Attributes:
        transport: The way to it.
        claim: What lets a new device in there; each Region knows certificates of its own.
        store: Keeps apart what is under way there.
    """

    transport: Transport
    claim: Claim
    store: CredentialStore


@dataclass(frozen=True)
class Provisioner:
    """What the devices of a batch have in common. May be used from several threads.

    Where there are several endpoints, each try is one round through them, in order: the next one
    has its turn when one does not answer, or refuses. A device is not told why it is refused, so
    this may just be another Region than its home.

    Attributes:
        transport: The way to the endpoint.
        template_name: The provisioning template.
        claim: What lets a new device in.
        store: Where devices keep their identities.
        key_flow: Where private keys are made.
        client_id_prefix: Of the claim sessions' client ids; None for the template's default.
        elsewhere: The endpoints after the first, in the order to try. With any, ``store`` is one
            that keeps apart what is under way at the first.
        retry: How often to try.
        greeting: What a device does when it has connected with its own identity.
        report: Takes lines of progress.
        clock: Epoch seconds.
        timer: Seconds, for durations.
        sleep: Waits that many seconds.
    """

    transport: Transport
    template_name: str
    claim: Claim
    store: CredentialStore
    key_flow: KeyFlow = KeyFlow.CSR
    client_id_prefix: str | None = None
    elsewhere: tuple[Place, ...] = ()
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    greeting: Greeting = SILENT
    report: Report = quiet
    clock: Callable[[], float] = time.time
    timer: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], None] = time.sleep

    def provision(self, device: DeviceSpec) -> ProvisioningResult:
        """Give a device its identity, unless it has one, and connect with it.

        Args:
            device: The device.

        Raises:
            DeviceError: It did not get one. What it got so far is stored.
            ValueError: Its claim session's client id would be too long for AWS IoT.
        """
        start = self.timer()
        places = (Place(self.transport, self.claim, self.store), *self.elsewhere)
        runs = [_ClaimPhase(self, place, device) for place in places]
        identity = self.store.load(device.serial_number)
        last = runs[0]
        if identity is None or next_step(identity, self.clock()) is not Step.CONNECT:
            identity, last = self._until_registered(runs)
        thing_name = _registered_name(identity)
        claimed = self.timer()
        messages = connect(
            device,
            identity,
            transport=_all_of(places, first=runs.index(last)),
            store=self.store,
            greeting=self.greeting,
            retry=self.retry,
            report=self.report,
            sleep=self.sleep,
        )
        end = self.timer()
        return ProvisioningResult(
            serial_number=device.serial_number,
            thing_name=thing_name,
            certificate_id=identity.certificate_id,
            device_configuration=identity.device_configuration,
            certificate_file=str(
                self.store.certificate_file(device.serial_number, identity.certificate_id)
            ),
            private_key_file=str(
                self.store.private_key_file(device.serial_number, identity.certificate_id)
            ),
            resumed=all(run.attempts == 0 for run in runs),
            attempts=sum(run.attempts for run in runs),
            timings=Timings(
                certificate=sum(run.certificate_seconds for run in runs),
                registration=sum(run.registration_seconds for run in runs),
                reconnection=end - claimed,
                total=end - start,
            ),
            published=tuple(
                own_topic(topic, device, thing_name) for topic in self.greeting.publish
            ),
            messages=messages,
        )

    def _until_registered(self, runs: list[_ClaimPhase]) -> tuple[Identity, _ClaimPhase]:
        def attempt(run: _ClaimPhase) -> tuple[Identity, _ClaimPhase]:
            try:
                return run.try_once(), run
            except DeviceError as failure:
                if len(runs) > 1:
                    number = runs.index(run) + 1
                    self.report(f"Endpoint {number} of {len(runs)} does not serve: {failure}")
                raise

        retrying = self.retry.retrying(_is_transient, self.report, self.sleep)
        try:
            registered_by: tuple[Identity, _ClaimPhase] = retrying(first_to_serve, runs, attempt)
            return registered_by
        finally:
            # The claim's sessions must end before the device connects as itself.
            for run in runs:
                run.hang_up()


def _all_of(places: tuple[Place, ...], first: int) -> Transport:
    if len(places) == 1:
        return places[0].transport
    ways = [Way(f"endpoint {number}", place.transport) for number, place in enumerate(places, 1)]
    return Failover(ways, first=first)


class _ClaimPhase:
    """One device's way to a registered certificate, on claim sessions at one endpoint."""

    def __init__(self, provisioner: Provisioner, place: Place, device: DeviceSpec) -> None:
        self._p = provisioner
        self._place = place
        self._device = device
        self._session: Session | None = None
        self._obtained_in_this_run = False
        self.attempts = 0
        self.certificate_seconds = 0.0
        self.registration_seconds = 0.0
        prefix = provisioner.client_id_prefix
        if prefix is None:
            prefix = default_client_id_prefix(provisioner.template_name)
        self._client_id = claim_client_id(prefix, device.serial_number)

    def try_once(self) -> Identity:
        self.attempts += 1
        try:
            return self._advance()
        except Rejected:
            raise  # An answer: the connection is sound and serves the next try.
        except BaseException:
            self.hang_up()
            raise

    def _advance(self) -> Identity:
        identity = self._place.store.load(self._device.serial_number)
        if identity is None or next_step(identity, self._p.clock()) is not Step.REGISTER:
            identity = self._obtain()
        try:
            return self._register(identity)
        except Rejected as error:
            if not starts_over(error, from_earlier_run=not self._obtained_in_this_run):
                raise
            self._p.report("The stored certificate can no longer be registered: another is needed.")
            return self._register(self._obtain())

    def _obtain(self) -> Identity:
        start = self._p.timer()
        try:
            store, serial = self._place.store, self._device.serial_number
            now = self._p.clock()
            if self._p.key_flow is KeyFlow.CSR:
                key = store.load_uncertified_key(serial)
                if key is None:
                    key = keys.new_private_key()
                    store.save_uncertified_key(serial, key)
                request = keys.signing_request(key, serial)
                identity = issued(self._connected().create_certificate_from_csr(request), key, now)
            else:
                identity = issued(self._connected().create_keys_and_certificate(), None, now)
            store.save(serial, identity)
        finally:
            self.certificate_seconds += self._p.timer() - start
        self._obtained_in_this_run = True
        return identity

    def _register(self, identity: Identity) -> Identity:
        start = self._p.timer()
        try:
            thing = self._connected().register_thing(
                self._p.template_name,
                identity.ownership_token or "",
                registration_parameters(self._device),
            )
            identity = registered(identity, thing)
            self._place.store.save(self._device.serial_number, identity)
        finally:
            self.registration_seconds += self._p.timer() - start
        return identity

    def _connected(self) -> Session:
        if self._session is None:
            self._session = self._place.transport.connect(
                self._place.claim.credentials(), self._client_id
            )
        return self._session

    def hang_up(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def connect(
    device: DeviceSpec,
    identity: Identity,
    *,
    transport: Transport,
    store: CredentialStore,
    greeting: Greeting = SILENT,
    retry: RetryPolicy | None = None,
    report: Report = quiet,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Message, ...]:
    """Connect a registered device under its thing name, let it greet, and disconnect.

    A connection that has never succeeded is tried again even when it is refused: a policy change
    takes AWS IoT a moment to apply everywhere.

    Args:
        device: The device.
        identity: Its registered identity.
        transport: The way to the endpoint.
        store: Where to note that the identity works.
        greeting: What to do once connected.
        retry: How often to try; None for the usual.
        report: Takes lines of progress.
        sleep: Waits that many seconds.

    Returns:
        The messages that arrived.

    Raises:
        DeviceError: No connection, or the greeting was not allowed.
        ValueError: The identity is not registered yet.
    """
    thing_name = _registered_name(identity)

    def transient(error: BaseException) -> bool:
        if isinstance(error, ConnectionRefused) and not identity.confirmed:
            return True
        return _is_transient(error)

    def once() -> tuple[Message, ...]:
        session = transport.connect(identity.credentials, thing_name)
        try:
            if not identity.confirmed:
                store.save(device.serial_number, confirmed(identity))
            return greet(session, device, thing_name, greeting, sleep)
        finally:
            session.close()

    return (retry or RetryPolicy()).retrying(transient, report, sleep)(once)


def greet(
    session: Session,
    device: DeviceSpec,
    thing_name: str,
    greeting: Greeting,
    sleep: Callable[[float], None],
) -> tuple[Message, ...]:
    """Let a connected device subscribe, publish and listen, and return what arrived.

    Raises:
        DeviceError: The connection was lost, or the greeting was not allowed.
    """
    for topic in greeting.subscribe:
        session.subscribe(own_topic(topic, device, thing_name))
    for pattern in greeting.publish:
        topic = own_topic(pattern, device, thing_name)
        session.publish(topic, json.dumps(greeting_payload(topic, device)).encode())
    if greeting.listen_seconds > 0:
        sleep(greeting.listen_seconds)
    return session.messages()


def _registered_name(identity: Identity) -> str:
    if identity.thing_name is None:
        raise ValueError(f"The certificate {identity.certificate_id} is not registered.")
    return identity.thing_name


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, DeviceError) and error.transient
