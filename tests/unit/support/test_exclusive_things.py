"""The embedded engine's RegisterThing keeps a certificate to one thing where a template says so."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from tests.support import exclusive_things


class Failed(Exception):
    pass


def body(kind):
    properties = {} if kind is None else {"ThingPrincipalType": kind}
    return {"Resources": {"thing": {}, "certificate": {"Properties": properties}}}


@pytest.fixture
def register():
    """`register(thing, kind)`: RegisterThing of one certificate with a template of that kind."""

    async def apply(plan, certificate, role_arn):
        name = plan["thing"][0]["ThingName"]
        certificate["attachedThings"].append(f"arn/{name}")
        return name

    iot = SimpleNamespace(
        _provisioning_plan=lambda template, name: {"thing": ({"ThingName": name}, {})},
        _apply_provisioning_plan=apply,
        _provisioning_template_body=lambda template: template,
        _provisioning_failed=Failed,
        _thing_arn=lambda name: f"arn/{name}",
    )
    exclusive_things.mend(iot)
    certificate = {"certificateArn": "arn/cert", "attachedThings": []}

    def run(thing, kind):
        plan = iot._provisioning_plan(json.dumps(body(kind)), thing)
        return asyncio.run(iot._apply_provisioning_plan(plan, certificate, "role"))

    return run


EXCLUSIVE, OTHER = exclusive_things.EXCLUSIVE, "NON_EXCLUSIVE_THING"


@pytest.mark.parametrize(
    ("first", "second"), [(EXCLUSIVE, EXCLUSIVE), (EXCLUSIVE, None), (None, EXCLUSIVE)]
)
def test_a_second_thing_is_refused_if_either_is_exclusive(register, first, second):
    assert register("one", first) == "one"
    with pytest.raises(Failed):
        register("two", second)


@pytest.mark.parametrize("kind", [None, OTHER])
def test_any_number_of_things_otherwise(register, kind):
    assert [register(name, kind) for name in ("one", "two")] == ["one", "two"]


def test_the_same_thing_may_be_asked_for_again(register):
    assert [register("one", EXCLUSIVE) for _ in range(2)] == ["one", "one"]


def test_a_body_may_be_an_object_too():
    assert exclusive_things.is_exclusive(body(EXCLUSIVE))
    assert not exclusive_things.is_exclusive(body(None))
