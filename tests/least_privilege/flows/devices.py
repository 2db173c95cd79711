"""Devices in service: what each kind's IoT policy is for, topic by topic."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.fleet import Fleet
from tests.least_privilege.flows.flow import certificate, flow, see, serial, soon, step
from tests.least_privilege.stacks import COMPLETE
from tools.device.session import SdkSession

# What the policies can hold a device to, and the attachment they ask for.
EVERYTHING = "iot:*"


@dataclass(frozen=True)
class Kind:
    """What a kind of device says and hears below its own topics.

    Attributes:
        file: The policy's.
        says: Topics.
        hears: Topics.
        managed: Whether it has a shadow and takes jobs.
    """

    file: str
    says: tuple[str, ...]
    hears: tuple[str, ...]
    managed: bool = True


KINDS = {
    "temperature-sensor": Kind(
        "temperature-sensor", ("telemetry/temperature", "status"), ("config/interval",)
    ),
    "humidity-sensor": Kind(
        "humidity-sensor", ("telemetry/humidity", "status"), ("config/interval",)
    ),
    "pressure-sensor": Kind(
        "pressure-sensor", ("telemetry/pressure", "status"), ("config/interval",)
    ),
    "gateway": Kind(
        "gateway", ("telemetry/site", "status"), ("config/interval", "commands/restart")
    ),
    "door-lock": Kind("device-topics", ("events/opened", "state"), ("commands/unlock",)),
    "camera": Kind("camera", ("motion",), ("stream/start",), managed=False),
}


def in_service(name: str, kind: Kind) -> Callable[[Fleet], None]:
    """The flow of one kind of device."""

    def run(stack: Fleet) -> None:
        iot, thing = stack.client("iot"), f"{stack.name_prefix}-{serial()}"
        _, arn, credentials = certificate(stack)
        iot.create_thing(thingName=thing)
        iot.attach_thing_principal(thingName=thing, principal=arn)
        iot.attach_policy(policyName=stack.outputs["device_types"][name]["policy_name"], target=arn)
        root = f"{stack.name_prefix}/{name}/{thing}"
        with step("device"), stack.session(credentials, thing) as session:
            for topic in kind.says:
                session.publish(f"{root}/{topic}", b"{}")
            for topic in kind.hears:
                hear(stack, session, f"{root}/{topic}")
            if kind.managed:
                own = f"$aws/things/{thing}"
                report = json.dumps({"state": {"reported": {"on": True}}}).encode()
                ask(session, f"{own}/shadow/update", report)
                ask(session, f"{own}/jobs/get", b"{}")

    return run


def hear(stack: Fleet, session: SdkSession, topic: str) -> None:
    """Somebody says something on a topic, and the device hears it."""
    session.subscribe(topic)
    stack.client("iot-data").publish(topic=topic, qos=1, payload=b"{}")
    see(soon(lambda: topic in heard(session)), f"nothing arrives on {topic.split('/', 3)[-1]}")


def ask(session: SdkSession, topic: str, payload: bytes) -> None:
    """The device asks AWS IoT, and hears the answer."""
    accepted = f"{topic}/accepted"
    session.subscribe(accepted)
    session.publish(topic, payload)
    what = topic.split("/", 3)[-1]
    see(soon(lambda: accepted in heard(session)), f"no answer to {what} arrives")


def heard(session: SdkSession) -> list[str]:
    """The topics of what has arrived."""
    return [message.topic for message in session.messages()]


for _name, _kind in KINDS.items():
    flow(
        f"a {_name} in service: its topics" + (", shadow and jobs" if _kind.managed else ""),
        COMPLETE,
        {(_name, _kind.file): "iot:Connect iot:Publish* iot:Subscribe* iot:Receive*"},
    )(in_service(_name, _kind))
