"""A run finds what keeps devices out, says why, and leaves nothing behind whatever happens."""

import json
from dataclasses import replace
from unittest import mock

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from canary import causes, registry, run
from canary.checks import NOT_REACHED, Name
from canary.failures import Closed
from canary.packets import Publish
from canary.tls import Credentials
from tests.unit.canary.world import BODY, CATALOGUE, TARGET, Broker, World
from tests.unit.canary.world import NOT_FOUND as ABSENT

SERIAL = "canary-0000000000000001"
TIMEOUT = ConnectTimeoutError(endpoint_url="https://iot.example.com")


def checks(world, target=TARGET):
    with mock.patch.object(registry, "serial_number", return_value=SERIAL):
        return {check.name: check for check in run.run(target, world.means())}


def the_failure(found, *also):
    """The one check that did not pass; what comes after it was not reached."""
    names = [name for name, check in found.items() if not check.passed]
    reached = [name for name in names if found[name].detail != NOT_REACHED]
    assert reached[1:] == list(also)
    first = list(found).index(reached[0])
    between = list(found.values())[first + 1 : -1]
    assert {check.detail for check in between} <= {NOT_REACHED}
    return found[reached[0]]


def test_all_is_well_and_nothing_is_left():
    world = World()
    found = checks(world)
    assert list(found) == list(Name)
    assert [check for check in found.values() if not check.passed] == []
    assert world.is_empty()
    assert all(broker.closed for broker in world.opened)
    assert found[Name.REMOVAL].detail == (
        f"1 thing(s) and 2 certificate(s) of {SERIAL} removed, and its record"
    )
    assert [broker.client_id for broker in world.opened] == [
        f"claim-acme-factory-{SERIAL}",
        f"acme-{SERIAL}",
        f"claim-acme-factory-{SERIAL}-stranger",
    ]


def test_each_run_has_a_serial_number_of_its_own():
    world = World()
    first, second = (run.run(TARGET, world.means())[1].detail for _ in range(2))
    assert first.startswith("canary-")
    assert first != second


def test_without_a_device_lifecycle_a_record_may_stay_provisioning():
    world = World(confirms=False)
    target = replace(TARGET, confirmed=False, first_shadow_parameter=None)
    found = checks(world, target)
    assert all(check.passed for check in found.values())
    assert "PROVISIONING by certificate" in found[Name.RECORD].detail
    assert world.is_empty()
    assert world.slept == []


@pytest.mark.parametrize("parameter", [None, "/gone"])
def test_the_first_shadow_is_not_waited_for_where_there_is_none(parameter):
    world = World(shadow_name=None)
    target = replace(TARGET, first_shadow_parameter=parameter)

    def connected(thing):
        world.records[SERIAL]["status"] = {"S": "ACTIVE"}

    world.connected = connected
    assert all(check.passed for check in checks(world, target).values())
    assert world.is_empty()


@pytest.mark.parametrize(
    ("operation", "code", "name", "cause"),
    [
        ("DescribeProvisioningTemplate", ABSENT, Name.STACK, "The template acme-factory is gone."),
        ("GetItem", ABSENT, Name.STACK, "The registry's table registry is gone."),
        (
            "GetItem",
            "AccessDeniedException",
            Name.STACK,
            "The canary's own role or credentials lack the permission for GetItem.",
        ),
        ("GetParameter", "AccessDeniedException", Name.STACK, "the permission for GetParameter."),
        ("GetItem", TIMEOUT, Name.STACK, "Network, Region or credentials of the canary."),
        ("CreateProvisioningClaim", "ThrottlingException", Name.CLAIM, "or a quota."),
        ("ListThingGroupsForThing", "InternalFailureException", Name.THING, "or a quota."),
        ("DescribeThing", "InternalFailureException", Name.THING, "or a quota."),
    ],
)
def test_what_aws_answers_is_told_with_the_likely_cause(operation, code, name, cause):
    world = World(refused={operation: code})
    failure = the_failure(checks(world))
    assert failure.name == name
    assert failure.detail.endswith(cause)
    assert world.is_empty()


def test_where_nothing_was_made_nothing_is_removed():
    world = World(refused={"GetItem": ABSENT})
    assert checks(world)[Name.REMOVAL].detail == NOT_REACHED
    assert "DeleteItem" not in world.asked


def test_a_record_that_could_not_be_written_is_removed_all_the_same():
    world = World(refused={"PutItem": "ProvisionedThroughputExceededException"})
    assert the_failure(checks(world)).name == Name.ENROLMENT
    assert "DeleteItem" in world.asked


def test_a_disabled_template_is_found_at_once():
    world = World()
    world.template["enabled"] = False
    assert the_failure(checks(world)).detail == "The template acme-factory is disabled."


def test_a_template_without_a_hook_is_found_at_once():
    world = World()
    del world.template["preProvisioningHook"]
    assert "has no hook" in the_failure(checks(world)).detail


def answer(status, code, message):
    return {"statusCode": status, "errorCode": code, "errorMessage": message}


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (answer(403, "AccessDenied", "Access Denied"), "The hook refused a device"),
        (answer(400, "InvocationError", "not executed successfully."), "The hook is broken"),
        (
            answer(400, "InvocationError", "Access denied while invoking Lambda function"),
            "its permission was removed",
        ),
    ],
)
def test_a_refusal_is_told_with_its_likely_cause(said, cause):
    world = World(said=said)
    failure = the_failure(checks(world))
    assert failure.name == Name.REGISTRATION
    assert cause in failure.detail
    assert said["errorCode"] in failure.detail
    assert world.is_empty()


def test_a_template_that_is_disabled_meanwhile_is_the_cause():
    world = World(said=answer(400, "InvalidTemplate", "not enabled"))
    enabled = world.template

    def disable(**asked):
        world.template = enabled | {"enabled": False}
        return World.CreateProvisioningClaim(world, **asked)

    world.CreateProvisioningClaim = disable
    assert the_failure(checks(world)).detail.endswith("The template is disabled.")


def test_a_policy_that_is_missing_is_the_cause():
    world = World(said=answer(400, "ProvisioningFailed", "no"), policies=set())
    assert the_failure(checks(world)).detail.endswith(f"The policy {CATALOGUE} is missing.")


def test_policies_that_nobody_may_look_at_are_not_called_missing():
    world = World(said=answer(403, "AccessDenied", "no"), refused={"GetPolicy": "AccessDenied"})
    assert "The hook refused" in the_failure(checks(world)).detail


def test_a_role_that_lacks_a_permission_is_the_cause_where_the_hook_said_yes():
    world = World()
    claimed = {"status": {"S": "PROVISIONING"}}
    world.said = answer(403, "AccessDenied", "Access Denied")
    before = world.register

    def register(asked):
        world.records[SERIAL] |= claimed
        return before(asked)

    world.register = register
    assert "The provisioning role lacks" in the_failure(checks(world)).detail


def test_a_cause_that_cannot_be_looked_for_is_told_too():
    world = World(said=answer(403, "AccessDenied", "no"))
    world.refused = {"DescribeProvisioningTemplate": [None, "AccessDeniedException"]}
    assert the_failure(checks(world)).detail.endswith(
        "lack the permission for DescribeProvisioningTemplate."
    )


def test_a_device_that_is_registered_as_another_is_found_and_the_rest_removed():
    world = World(thing_name="acme-other")
    failure = the_failure(checks(world), Name.REMOVAL)
    assert failure.detail == f"Registered as acme-other, and not as acme-{SERIAL}."


def test_a_connection_is_tried_until_the_policy_is_known_everywhere():
    world = World(refuses_connections=3)
    assert all(check.passed for check in checks(world).values())
    assert world.slept == [1.0, 1.0, 1.0]


def test_a_device_that_cannot_connect_is_found():
    world = World(refuses_connections=1000)
    failure = the_failure(checks(world))
    assert failure.name == Name.CONNECTION
    assert "The policy of the device type is missing" in failure.detail
    assert sum(world.slept) <= run.SETTLED_SECONDS + 2
    assert world.is_empty()


def test_a_device_that_may_not_have_its_own_shadow_is_found():
    failure = the_failure(checks(World(refuses_shadow=True)))
    assert failure.name == Name.OWN_SHADOW
    assert "no longer lets a device do this" in failure.detail


def test_a_device_that_publishes_for_others_is_found_and_what_it_wrote_removed():
    world = World(publishes_for_others=True)
    failure = the_failure(checks(world))
    assert failure.name == Name.OTHERS_SHADOW
    assert "lets devices publish for others" in failure.detail
    assert world.is_empty()


def test_a_connection_that_is_gone_before_says_nothing_of_the_policy():
    world = World(hangs_up=True)
    failure = the_failure(checks(world))
    assert failure.name == Name.OTHERS_SHADOW
    assert failure.detail == "The connection was closed: by the server."
    assert world.is_empty()


def test_a_message_that_could_not_be_sent_says_nothing_of_the_policy():
    world = World()

    def send(broker, topic, payload, before=Broker.send):
        if "neighbour" in topic:
            raise Closed("BrokenPipeError")
        return before(broker, topic, payload)

    with mock.patch.object(Broker, "send", send):
        failure = the_failure(checks(world))
    assert failure.name == Name.OTHERS_SHADOW
    assert world.is_empty()


def test_a_first_shadow_that_cannot_be_read_is_found_at_once():
    world = World()
    world.GetParameter = lambda **_: {"Parameter": {"Value": "[]"}}
    assert the_failure(checks(world)).detail == (
        "The parameter /acme/sensor/first-shadow holds no first shadow."
    )


def test_an_error_that_nobody_foresaw_is_a_finding_without_its_words():
    world = World()
    world.template["templateBody"] = json.dumps({"Resources": {"secret": {}}})
    found = checks(world)
    failure = the_failure(found)
    assert (failure.name, failure.detail) == (
        Name.STACK,
        "The canary itself failed, with KeyError.",
    )
    assert list(found) == list(Name)


def test_one_on_the_way_leaves_nothing_behind():
    world = World()
    world.DescribeThing = lambda **_: 1 / 0
    failure = the_failure(checks(world))
    assert failure.detail == "The canary itself failed, with ZeroDivisionError."
    assert world.is_empty()


def test_a_record_that_nobody_confirms_is_found():
    failure = the_failure(checks(World(confirms=False)))
    assert failure.name == Name.RECORD
    assert "still PROVISIONING, its first shadow unwritten" in failure.detail


def test_a_first_shadow_that_nobody_writes_is_found():
    world = World()

    def connected(thing):
        world.records[SERIAL]["status"] = {"S": "ACTIVE"}

    world.connected = connected
    assert "still ACTIVE, its first shadow unwritten" in the_failure(checks(world)).detail


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda world: world.records.clear(), "is gone"),
        (lambda world: world.records[SERIAL].pop("claimedAt"), "is malformed: claimedAt"),
        (
            lambda world: world.records[SERIAL].update(certificateId={"S": "a" * 64}),
            "by certificate aaaa",
        ),
        (lambda world: world.records[SERIAL].update(status={"S": "SUSPENDED"}), "is SUSPENDED by"),
    ],
)
def test_a_record_that_says_something_else_is_found(change, seen):
    world = World()
    world.connected = lambda _: change(world)
    failure = the_failure(checks(world))
    assert failure.name == Name.RECORD
    assert seen in failure.detail
    assert world.is_empty()


def test_what_a_thing_lacks_is_named():
    world = World(groups=(CATALOGUE,))
    world.template["templateBody"] = json.dumps(
        {
            "Resources": {
                **BODY["Resources"],
                "policy2": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "more"}},
            }
        }
    )
    world.DescribeThing = lambda **_: {"thingTypeName": "other"}
    assert the_failure(checks(world)).detail == (
        f"acme-{SERIAL} lacks the type {CATALOGUE}, the group all, the policy more."
    )


def test_a_template_without_type_and_groups_gives_none():
    world = World(groups=())
    bare = {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "x"}}
    world.template["templateBody"] = json.dumps({"Resources": {"thing": bare}})
    described = World.DescribeThing
    world.DescribeThing = lambda **asked: {} if described(world, **asked) else None
    assert all(check.passed for check in checks(world).values())


def test_a_stranger_who_gets_in_is_found_and_removed():
    world = World(strangers=True)
    failure = the_failure(checks(world))
    assert failure.name == Name.STRANGER
    assert "which nobody enrolled, was registered" in failure.detail
    assert world.is_empty()


def test_a_stranger_who_is_refused_otherwise_is_found():
    world = World(strangers=answer(400, "InvocationError", "no answer."))
    assert the_failure(checks(world)).detail == (
        "Refused, but not as forbidden. RegisterThing was rejected with 400 InvocationError: "
        "no answer."
    )


def test_a_stranger_who_is_refused_and_has_a_certificate_or_a_thing_is_found():
    for leave, seen in (
        (lambda world, token: world.certificates.update({token: "ACTIVE"}), "is ACTIVE"),
        (
            lambda world, token: world.things.update({f"acme-{SERIAL}-stranger": [token]}),
            "there is a thing",
        ),
    ):
        world = World()
        before = world.register

        def register(asked, before=before, leave=leave, world=world):
            accepted, said = before(asked)
            if not accepted:
                leave(world, asked["certificateOwnershipToken"])
            return accepted, said

        world.register = register
        failure = the_failure(checks(world))
        assert failure.name == Name.STRANGER
        assert seen in failure.detail
        assert world.is_empty()


def test_a_first_shadow_may_be_the_classic_one():
    world = World(shadow_name=None)
    assert all(check.passed for check in checks(world).values())
    assert world.is_empty()


def test_a_stranger_of_whom_nothing_can_be_said_is_no_pass():
    world = World(refused={"DescribeThing": [None, "InternalFailureException"]})
    assert the_failure(checks(world)).name == Name.STRANGER


def test_a_removal_that_fails_is_told_and_the_next_run_finishes_it():
    world = World(refused={"DeleteCertificate": "InternalFailureException"})
    failure = the_failure(checks(world))
    assert failure.name == Name.REMOVAL
    assert not world.is_empty()

    world.refused = {}
    # Too young to be anybody's but its own run's.
    assert SERIAL not in run.run(TARGET, world.means())[-1].detail
    world.records[SERIAL]["statusShard"] = {"S": f"ACTIVE{registry.SHARD}"}
    world.now += registry.ABANDONED_SECONDS + 60
    last = run.run(TARGET, world.means())[-1]
    assert f"left by an earlier run: 1 thing(s) and 1 certificate(s) of {SERIAL}" in last.detail


def test_an_interruption_ends_the_run_and_removes_what_there_is():
    world = World()

    def interrupted(**_):
        raise KeyboardInterrupt

    world.DescribeThing = interrupted
    with pytest.raises(KeyboardInterrupt):
        checks(world)
    assert world.is_empty()


def test_a_claim_that_cannot_connect_is_found():
    world = World()

    def refuse(credentials, client_id):
        raise Closed("by the server")

    world.open_connection = refuse
    failure = the_failure(checks(world))
    assert (failure.name, failure.detail) == (
        Name.CLAIM_CONNECTION,
        "The connection was closed: by the server.",
    )


@pytest.mark.parametrize("answers", [[], [Publish("else", b"x")]])
def test_a_connection_without_an_answer_has_no_message(answers):
    world = World()
    broker = Broker(world, Credentials("claim", "key"), "me")
    broker.answers = answers
    broker.publish = lambda *_: None
    world.open_connection = lambda *_: broker
    failure = the_failure(checks(world))
    assert failure.name == Name.CERTIFICATE


@pytest.mark.parametrize("error", [{"Code": "X"}, {"Code": "X", "Message": None}])
def test_an_answer_without_words_is_told_as_one(error):
    refusal = ClientError({"Error": error}, "DeleteThingShadow")
    assert causes.describe(refusal) == "AWS answered DeleteThingShadow with X: no message."
