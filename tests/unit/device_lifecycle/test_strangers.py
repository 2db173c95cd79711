"""Things that no record speaks of: found, reported, and by choice quarantined."""

import pytest
from botocore.exceptions import ClientError

from device_lifecycle import confirm, strangers
from device_registry.record import Status
from tests.unit.builders import CERTIFICATE, NOW, OTHER_CERTIFICATE
from tests.unit.device_lifecycle.fakes import ARN, QUARANTINE, THING, event, lines


def meet(world, thing_name, **environ):
    told = event("thing_created", thingName=thing_name)
    confirm.run(told, world.config(**environ), world.runtime())


@pytest.fixture
def stranger(world):
    world.aws.things["by-hand"] = [ARN + CERTIFICATE]
    world.aws.certificates[CERTIFICATE] = "ACTIVE"
    return world


@pytest.mark.parametrize("thing_name", ["by-hand", "acme-SN-0002", "acme-"])
def test_a_thing_without_a_record_is_reported(world, capsys, thing_name):
    meet(world, thing_name)
    (line,) = lines(capsys)
    assert (line["event"], line["level"]) == ("unexpected-thing", "WARN")
    assert (line["outcome"], line["thingName"]) == ("reported", thing_name)
    assert world.aws.calls == []


def test_a_thing_of_another_name_than_the_records(world, capsys):
    world.enrol(thing_name="acme-old-name")
    meet(world, THING)
    assert lines(capsys)[0]["outcome"] == "reported"


def test_a_thing_that_is_on_record_is_expected(world, capsys):
    world.enrol(thing_name=THING)
    meet(world, THING, **QUARANTINE)
    world.enrol(thing_name=None)
    meet(world, THING, **QUARANTINE)
    assert lines(capsys) == []


@pytest.mark.parametrize(
    "environ",
    [{"UNEXPECTED_THINGS": "ignore"}, {**QUARANTINE, "IGNORED_THING_PREFIXES": "other-,by-"}],
)
def test_things_that_are_nobodys_business(stranger, capsys, environ):
    meet(stranger, "by-hand", **environ)
    assert lines(capsys) == []
    assert stranger.aws.calls == []


def test_quarantine(stranger, capsys):
    meet(stranger, "by-hand", **QUARANTINE)
    assert stranger.aws.groups == {"acme-quarantine": ["by-hand"]}
    assert stranger.aws.certificates == {CERTIFICATE: "INACTIVE"}
    switched, found = lines(capsys)
    expected = {
        "event": "certificate-switched",
        "thingName": "by-hand",
        "certificateId": CERTIFICATE,
        "from": "ACTIVE",
        "to": "INACTIVE",
        "reason": "quarantined",
    }
    assert switched.items() >= expected.items()
    assert (found["outcome"], found["detail"]) == ("quarantined", "1 certificates switched off")
    assert stranger.pauses == []


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "LimitExceededException"])
def test_a_group_that_does_not_take_the_thing_leaves_no_certificate_on(stranger, capsys, code):
    stranger.aws.answers["AddThingToThingGroup"] = code
    with pytest.raises(ClientError, match=code):
        meet(stranger, "by-hand", **QUARANTINE)
    assert stranger.aws.certificates == {CERTIFICATE: "INACTIVE"}
    switched, found = lines(capsys)
    assert switched["event"] == "certificate-switched"
    assert (found["event"], found["outcome"]) == ("unexpected-thing", "reported")
    assert found["detail"] == (
        f"1 certificates switched off, and not in acme-quarantine: AddThingToThingGroup: {code}"
    )


@pytest.mark.parametrize("let_out", [False, True])
def test_a_thing_that_was_let_out_since_it_was_listed_stays_on(stranger, let_out):
    stranger.aws.groups = {"acme-quarantine": [] if let_out else ["by-hand"], "more": ["by-hand"]}
    config = stranger.config(**QUARANTINE)
    off = strangers.shut(stranger.runtime(), config, "by-hand", still_in="acme-quarantine")
    assert off == (not let_out)
    assert stranger.aws.certificates == {CERTIFICATE: "ACTIVE" if let_out else "INACTIVE"}


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ThrottlingException"])
def test_whether_a_thing_was_let_out_is_not_guessed(stranger, code):
    stranger.aws.answers["ListThingGroupsForThing"] = code
    config, shut = stranger.config(**QUARANTINE), strangers.shut
    if code == "ThrottlingException":
        with pytest.raises(ClientError, match=code):
            shut(stranger.runtime(), config, "by-hand", still_in="acme-quarantine")
    else:
        assert shut(stranger.runtime(), config, "by-hand", still_in="acme-quarantine") == 0
    assert stranger.aws.certificates == {CERTIFICATE: "ACTIVE"}


def test_the_thing_comes_before_its_certificate(stranger):
    stranger.aws.certificates[CERTIFICATE] = "PENDING_ACTIVATION"

    def activate(operation, _):
        if len(stranger.pauses) == 2:
            stranger.aws.certificates[CERTIFICATE] = "ACTIVE"

    stranger.aws.before = activate
    meet(stranger, "by-hand", **QUARANTINE)
    assert stranger.aws.certificates == {CERTIFICATE: "INACTIVE"}


def test_a_thing_without_a_certificate_is_not_waited_for_long(stranger, capsys):
    stranger.aws.things["by-hand"] = []
    meet(stranger, "by-hand", **QUARANTINE)
    assert stranger.pauses == [1.0, 2.0, 4.0]
    assert lines(capsys)[0]["detail"] == "0 certificates switched off"


def test_an_enrolled_devices_certificate_is_never_switched_off(stranger, capsys):
    stranger.enrol(certificate_id=CERTIFICATE)
    stranger.aws.things["by-hand"].append(ARN + OTHER_CERTIFICATE)
    stranger.aws.certificates[OTHER_CERTIFICATE] = "ACTIVE"
    meet(stranger, "by-hand", **QUARANTINE)
    assert stranger.aws.groups == {"acme-quarantine": []}
    assert set(stranger.aws.certificates.values()) == {"ACTIVE"}
    (line,) = lines(capsys)
    assert line["outcome"] == "reported"
    assert line["detail"] == f"it has the certificate of an enrolled device: {CERTIFICATE}"


@pytest.mark.parametrize("when", ["at once", "meanwhile"])
def test_a_thing_that_is_gone_again(stranger, capsys, when):
    stranger.aws.things["by-hand"] = []
    if when == "at once":
        stranger.aws.things.clear()
    stranger.aws.before = lambda *_: stranger.pauses and stranger.aws.things.clear()
    meet(stranger, "by-hand", **QUARANTINE)
    assert lines(capsys)[0]["outcome"] == ("gone" if when == "at once" else "quarantined")


@pytest.mark.parametrize("damaged", [False, True])
def test_an_enrolled_devices_earlier_certificate_is_its_own_until_the_new_one_is_confirmed(
    world, damaged
):
    world.enrol(
        status=Status.PROVISIONING,
        certificate_id=CERTIFICATE,
        certificate_ids=frozenset({CERTIFICATE, OTHER_CERTIFICATE}),
        claimed_at=NOW,
        lease_expires_at=NOW,
        thing_name=THING,
    )
    if damaged:
        item = {**world.table.item("SN-0001"), "deviceType": {"N": "1"}}
        world.table.put_item(TableName="registry", Item=item)
    world.aws.things[THING] = [ARN + CERTIFICATE, ARN + OTHER_CERTIFICATE]
    world.aws.certificates = dict.fromkeys((CERTIFICATE, OTHER_CERTIFICATE), "ACTIVE")
    assert strangers.shut(world.runtime(), world.config(**QUARANTINE), THING) == damaged
    assert world.aws.certificates[CERTIFICATE] == "ACTIVE"
    assert (world.aws.certificates[OTHER_CERTIFICATE] == "ACTIVE") != damaged
