import pytest
from botocore.exceptions import ClientError

from device_registry.record import Status, to_item
from tests.unit.builders import record
from tests.unit.tools.fakes import ARN, FakeIot, FakeTable, client_error
from tools.authorities.settings import Authority, SubjectRules
from tools.decommission import records
from tools.decommission.inventory import (
    Ours,
    find_catalogue,
    find_units,
    look_at,
    unit_of,
    without_repeats,
)
from tools.decommission.records import Policy
from tools.decommission.removal import remove
from tools.device.maker import Maker

CLAIM = "c1" * 32
CA, GATED_CA = "ca" * 32, "6a" * 32
MAKER = Maker({"CommonName": "Northwind"})
IDS = {name: letter * 64 for name, letter in zip("ABCDEF", "abcdef", strict=True)}
BY = "arn:aws:iam::123456789012:user/operator"


def item(serial, *certificates, status=Status.ACTIVE):
    values = {"serial_number": serial, "status": status}
    if certificates:
        values |= {
            "certificate_id": certificates[-1],
            "certificate_ids": frozenset(certificates),
            "claim_certificate_id": CLAIM,
        }
    return to_item(record(**values))


@pytest.fixture
def iot():
    """Two devices of the stack, one orphan, one neighbour's device, and a claim certificate."""
    fake = FakeIot()
    fake.groups = {"acme-devices": set(), "acme-gateway": set(), "acme-prod-gateway": set()}
    fake.parents = {"acme-gateway": "acme-devices", "acme-prod-gateway": "acme-prod-devices"}
    fake.add_device("acme-SN-1", IDS["A"], "acme-gateway")
    fake.add_device("acme-SN-2", IDS["B"], "acme-gateway")
    fake.add_device(None, IDS["C"], "acme-gateway")
    fake.add_device("acme-prod-SN-9", IDS["D"], "acme-prod-gateway")
    fake.add_device(None, CLAIM, "acme-claim")
    return fake


def catalogue(iot):
    return find_catalogue(iot, "acme", "acme-devices", ["acme-gateway"], frozenset({CLAIM}))


def authority(key=CA, rules=None):
    return Authority(
        key=key[:2],
        name=f"acme-{key[:2]}",
        certificate_id=key,
        certificate_pem="",
        active=True,
        allow_auto_registration=True,
        rules=rules,
    )


def by_template(prefix="maker-", field="CommonName"):
    return authority(rules=SubjectRules(thing_name=field, thing_name_prefix=prefix))


def by_gate():
    return authority(GATED_CA, SubjectRules(serial_number="SerialNumber"))


def with_authorities(iot, *authorities):
    return find_catalogue(
        iot,
        "acme",
        "acme-devices",
        ["acme-gateway"],
        frozenset({CLAIM, *(each.certificate_id for each in authorities)}),
        authorities=authorities,
    )


def all_details(iot, items=(), found=None):
    found = found or catalogue(iot)
    units, left_alone = find_units(iot, found, items, FakeTable(*items).get)
    ours = Ours(
        things=frozenset(u.thing_name for u in units if u.thing_name),
        policies=found.policies,
        claim_certificate_ids=found.claim_certificate_ids,
    )
    return without_repeats(look_at(iot, unit, ours) for unit in units), left_alone


def test_the_catalogue_is_known_from_the_groups_below_the_parent_alone(iot):
    found = find_catalogue(iot, "acme", "acme-devices")
    assert found.thing_types == {"acme-gateway"}
    assert found.thing_groups == {"acme-gateway", "acme-devices"}


def test_a_whole_stack_is_removed_and_nothing_of_a_neighbour(iot):
    details, _ = all_details(iot, [item("SN-1", IDS["A"])])
    for each in details:
        remove(iot, each)
    assert set(iot.things) == {"acme-prod-SN-9"}
    assert set(iot.certificates) == {IDS["D"], CLAIM}
    assert iot.policies["acme-gateway"] == set()
    assert iot.groups["acme-gateway"] == set()
    assert all_details(iot)[0] == []


def test_each_certificate_is_shown_once_with_its_thing_if_it_has_one(iot):
    details, _ = all_details(iot)
    shown = [c.certificate_id for each in details for c in each.certificates]
    assert sorted(shown) == sorted([IDS["A"], IDS["B"], IDS["C"]])


def test_a_certificate_that_lost_policy_and_thing_is_found_by_the_record(iot):
    iot.certificates[IDS["E"]] = "INACTIVE"
    details, _ = all_details(iot, [item("SN-7", IDS["E"], IDS["F"])])
    (orphan,) = [each for each in details if each.unit.serial_number == "SN-7"]
    assert [c.certificate_id for c in orphan.certificates] == [IDS["E"]]
    assert not orphan.thing_exists


def test_a_claim_certificate_is_never_touched_even_if_only_a_record_names_it(iot):
    iot.policies["acme-gateway"].add(ARN + CLAIM)
    found = find_catalogue(iot, "acme", "acme-devices")
    units, _ = find_units(iot, found, [item("SN-1", IDS["A"])], FakeTable().get)
    assert all(CLAIM not in unit.certificate_ids for unit in units)


def test_a_claim_certificate_on_a_device_s_thing_is_detached_and_stays(iot):
    iot.attached.add(("acme-SN-1", ARN + CLAIM))
    for each in all_details(iot)[0]:
        remove(iot, each)
    assert iot.certificates[CLAIM] == "ACTIVE"
    assert iot.policies["acme-claim"] == {ARN + CLAIM}
    assert "acme-SN-1" not in iot.things


def test_a_thing_that_somebody_put_into_a_group_is_named_and_left_alone(iot):
    iot.things["pump-1"] = None
    iot.groups["acme-gateway"].add("pump-1")
    details, left_alone = all_details(iot)
    assert left_alone == ["pump-1"]
    for each in details:
        remove(iot, each)
    assert "pump-1" in iot.things


def test_a_thing_of_a_stack_with_a_longer_prefix_is_left_alone(iot):
    """Somebody put "acme-prod-SN-9", a device of the stack "acme-prod", into our group."""
    iot.groups["acme-devices"].add("acme-prod-SN-9")
    details, left_alone = all_details(iot)
    assert left_alone == ["acme-prod-SN-9"]
    for each in details:
        remove(iot, each)
    assert "acme-prod-SN-9" in iot.things
    assert iot.certificates[IDS["D"]] == "ACTIVE"


def test_a_thing_that_lost_its_type_is_ours_by_its_record(iot):
    iot.things["acme-SN-1"] = None
    assert all_details(iot)[1] == ["acme-SN-1"]
    never_claimed = to_item(record(serial_number="SN-1"))
    details, left_alone = all_details(iot, [never_claimed])
    assert left_alone == []
    (unit,) = [each.unit for each in details if each.unit.serial_number == "SN-1"]
    assert unit.status == Status.ENROLLED


def ours_and_left(iot, *authorities, items=()):
    """Return our things by name with their serial numbers, and the things that are left alone."""
    found = with_authorities(iot, *authorities)
    units, left_alone = find_units(iot, found, items, FakeTable(*items).get)
    return {u.thing_name: u.serial_number for u in units if u.thing_name}, left_alone


STACK_S_OWN = {"acme-SN-1": "SN-1", "acme-SN-2": "SN-2"}


@pytest.mark.parametrize(
    ("thing", "prefix", "ours"),
    [
        ("maker-7", "maker-", True),
        ("other-7", "maker-", False),
        ("pump-7", "", True),
        # It could be of the hook as well; without a record nobody knows its serial number.
        ("acme-7", "acme-", True),
    ],
)
def test_a_thing_type_of_the_stack_and_a_template_s_beginning_make_a_thing_ours(
    iot, thing, prefix, ours
):
    iot.things[thing] = "acme-gateway"
    found, left_alone = ours_and_left(iot, by_template(prefix))
    assert thing in (found if ours else left_alone)
    assert found.get(thing) is None


def test_a_gate_names_no_things_by_itself(iot):
    iot.things["pump-7"] = "acme-gateway"
    assert ours_and_left(iot, by_gate()) == (STACK_S_OWN, ["pump-7"])


def test_a_thing_with_a_record_keeps_it_whatever_templates_name(iot):
    stored = item("SN-1", IDS["A"])
    found, _ = ours_and_left(iot, by_template("acme-"), items=[stored])
    assert found == {"acme-SN-1": "SN-1", "acme-SN-2": None}
    iot.things["acme-SN-3"] = "acme-gateway"
    iot.add_signed(CA, IDS["E"], "acme-SN-3")
    enrolled = to_item(record(serial_number="SN-3"))
    units, _ = find_units(iot, with_authorities(iot, by_template()), [], FakeTable(enrolled).get)
    assert [u.status for u in units if u.serial_number == "SN-3"] == [Status.ENROLLED]


@pytest.mark.parametrize(
    ("rules", "subject", "ours"),
    [
        (SubjectRules(thing_name="CommonName"), {"CommonName": "maker-7"}, True),
        (SubjectRules(thing_name="SerialNumber"), {"SerialNumber": "maker-7"}, True),
        (SubjectRules(thing_name="CommonName"), {"CommonName": "maker-8"}, False),
        (SubjectRules(thing_name="SerialNumber"), {"CommonName": "maker-7"}, False),
        (SubjectRules(thing_name="CommonName"), None, False),
        (SubjectRules(), {"CommonName": "maker-7"}, False),
        (SubjectRules(serial_number="CommonName"), {"CommonName": "maker-7"}, False),
        (None, {"CommonName": "maker-7"}, False),
    ],
)
def test_a_thing_of_another_type_is_ours_if_its_certificate_names_it(iot, rules, subject, ours):
    iot.things["maker-7"] = "somebody-s"
    pem = "damaged" if subject is None else MAKER.device(subject).certificate_pem
    iot.add_signed(CA, IDS["E"], "maker-7", pem=pem)
    details, left_alone = all_details(iot, found=with_authorities(iot, authority(rules=rules)))
    assert left_alone == ([] if ours else ["maker-7"])
    for each in details:
        remove(iot, each)
    assert ("maker-7" in iot.things) is not ours
    assert (IDS["E"] in iot.certificates) is not ours


def test_a_template_may_call_a_thing_like_its_certificate_and_a_gate_does_not(iot):
    name = IDS["E"]
    iot.things[name] = None
    iot.add_signed(CA, name, name)
    rules = SubjectRules(thing_name_prefix="maker-")
    assert ours_and_left(iot, authority(rules=rules)) == ({**STACK_S_OWN, name: None}, [])
    rules = SubjectRules(serial_number="CommonName")
    assert ours_and_left(iot, authority(rules=rules)) == (STACK_S_OWN, [name])


def test_a_thing_that_a_template_only_added_to_is_left_alone(iot):
    """It has another certificate besides: somebody had it before the maker signed its name."""
    iot.add_device("pump-1", IDS["F"], "pump")
    pem = MAKER.device({"CommonName": "pump-1"}).certificate_pem
    iot.add_signed(CA, IDS["E"], "pump-1", pem=pem)
    assert ours_and_left(iot, by_template()) == (STACK_S_OWN, ["pump-1"])


@pytest.mark.parametrize("status", ["PENDING_ACTIVATION", "INACTIVE", "REVOKED", "ACTIVE"])
def test_what_a_ca_brought_in_and_nobody_let_in_is_removed(iot, status):
    ids = [f"{number:064x}" for number in range(5)]
    for each in ids:
        iot.add_signed(GATED_CA, each, status=status)
    found = with_authorities(iot, by_template(), by_gate())
    for each in all_details(iot, found=found)[0]:
        remove(iot, each)
    assert set(iot.certificates) == {IDS["D"], CLAIM}
    assert all_details(iot, found=found) == ([], [])


def test_a_pending_certificate_is_closed_before_it_is_removed(iot):
    iot.add_signed(GATED_CA, IDS["E"], status="PENDING_ACTIVATION")
    found = with_authorities(iot, by_gate())
    (details,) = [d for d in all_details(iot, found=found)[0] if IDS["E"] in d.unit.certificate_ids]
    iot.calls.clear()
    remove(iot, details)
    assert iot.calls == [
        ("update_certificate", IDS["E"], "INACTIVE"),
        ("delete_certificate", IDS["E"]),
    ]


def test_a_certificate_of_a_ca_on_somebody_else_s_thing_stays_and_is_not_found_again(iot):
    iot.things["pump-1"] = None
    iot.add_signed(CA, IDS["E"], "pump-1", pem=MAKER.device({"CommonName": "x"}).certificate_pem)
    found = with_authorities(iot, by_template())
    details, left_alone = all_details(iot, found=found)
    for each in details:
        remove(iot, each)
    assert left_alone == ["pump-1"]
    assert iot.certificates[IDS["E"]] == "ACTIVE"
    assert ("pump-1", ARN + IDS["E"]) in iot.attached
    assert find_units(iot, found, [], FakeTable().get) == ([], ["pump-1"])


def test_a_gated_device_is_found_once_by_its_record(iot):
    iot.add_device("acme-GW-1", IDS["E"], "acme-gateway")
    iot.add_signed(GATED_CA, IDS["E"], "acme-GW-1")
    stored = {**item("GW-1", IDS["E"]), "claimCertificateId": {"S": GATED_CA}}
    details, _ = all_details(iot, [stored], with_authorities(iot, by_gate()))
    shown = [c.certificate_id for each in details for c in each.certificates]
    assert shown.count(IDS["E"]) == 1
    (unit,) = [each.unit for each in details if each.unit.thing_name == "acme-GW-1"]
    assert (unit.serial_number, unit.claim_certificate_id) == ("GW-1", GATED_CA)


def test_a_certificate_that_a_record_names_is_not_asked_about_twice(iot, monkeypatch):
    monkeypatch.setattr(iot, "_list_principal_things", None)
    iot.add_signed(GATED_CA, IDS["E"], "acme-GW-1")
    items = [item("GW-1", IDS["E"])]
    units, _ = find_units(iot, with_authorities(iot, by_gate()), items, FakeTable().get)
    assert "acme-GW-1" in {unit.thing_name for unit in units}


def test_a_ca_is_no_certificate_that_could_be_removed(iot):
    """A damaged record may name it as the device's own."""
    iot.certificates[GATED_CA] = "ACTIVE"
    stored = item("GW-1", IDS["E"], GATED_CA)
    found = with_authorities(iot, by_gate())
    for each in all_details(iot, [stored], found)[0]:
        remove(iot, each)
    assert iot.certificates[GATED_CA] == "ACTIVE"


def test_a_certificate_that_another_thing_uses_stays_without_what_was_ours(iot):
    iot.things["pump-1"] = None
    iot.attached.add(("pump-1", ARN + IDS["A"]))
    iot.policies["pump"] = {ARN + IDS["A"]}
    details, _ = all_details(iot)
    for each in details:
        remove(iot, each)
    assert iot.certificates[IDS["A"]] == "ACTIVE"
    assert iot.attached >= {("pump-1", ARN + IDS["A"])}
    assert iot.policies["pump"] == {ARN + IDS["A"]}
    assert iot.policies["acme-gateway"] == set()
    assert "acme-SN-1" not in iot.things
    again, _ = all_details(iot, [item("SN-1", IDS["A"])])
    assert [each for each in again if not each.nothing_left] == []


def test_a_device_is_cut_off_before_anything_else_happens_to_it(iot):
    details, _ = all_details(iot)
    remove(iot, details[0])
    changes = [call[0] for call in iot.calls if call[0] != "describe_certificate"]
    assert changes == [
        "update_certificate",
        "detach_policy",
        "detach_thing_principal",
        "remove_thing_from_thing_group",
        "delete_thing",
        "delete_certificate",
    ]


@pytest.mark.parametrize(
    "step",
    [
        "update_certificate",
        "detach_policy",
        "detach_thing_principal",
        "remove_thing_from_thing_group",
        "delete_thing",
        "delete_certificate",
    ],
)
def test_wherever_a_removal_stops_the_next_one_finishes_it(iot, step):
    iot.failures[step] = [client_error("ThrottlingException")]
    items = [item("SN-1", IDS["A"])]
    first, *_ = all_details(iot, items)[0]
    with pytest.raises(ClientError):
        remove(iot, first)
    for each in all_details(iot, items)[0]:
        remove(iot, each)
    assert set(iot.certificates) == {IDS["D"], CLAIM}
    assert set(iot.things) == {"acme-prod-SN-9"}


@pytest.mark.parametrize("step", ["delete_thing", "delete_certificate"])
def test_what_aws_has_not_noticed_yet_is_waited_for(iot, step):
    iot.failures[step] = [client_error("DeleteConflictException")] * 3
    waits = []
    remove(iot, all_details(iot)[0][0], waits.append)
    assert waits == [0.5, 1, 2]
    assert IDS["A"] not in iot.certificates


def test_what_never_settles_is_an_error(iot):
    iot.failures["delete_certificate"] = [client_error("DeleteConflictException")] * 99
    waits = []
    with pytest.raises(ClientError):
        remove(iot, all_details(iot)[0][0], waits.append)
    assert 100 < sum(waits) < 300


def test_what_somebody_else_removed_meanwhile_counts_as_removed(iot):
    details, _ = all_details(iot)
    for name in ("update_certificate", "detach_policy", "detach_thing_principal"):
        iot.failures[name] = [client_error("ResourceNotFoundException")]
    iot.attached.clear()
    iot.certificates[IDS["A"]] = "INACTIVE"
    remove(iot, details[0])
    assert IDS["A"] not in iot.certificates


def test_a_dynamic_group_does_not_stop_the_removal(iot):
    iot.failures["remove_thing_from_thing_group"] = [client_error("InvalidRequestException")]
    remove(iot, all_details(iot)[0][0])
    assert "acme-SN-1" not in iot.things


def test_a_principal_that_is_no_certificate_is_detached_too(iot):
    iot.attached.add(("acme-SN-1", "eu-west-1:4ee3-cognito"))
    remove(iot, all_details(iot)[0][0])
    assert "acme-SN-1" not in iot.things


@pytest.mark.parametrize("wrong", [{"N": "1.5"}, {"NULL": True}, {"M": {}}, {"SS": ["x"]}])
def test_a_malformed_record_still_names_what_it_left(wrong):
    broken = {"serialNumber": {"S": "SN-1"}, "certificateId": {"S": IDS["A"]}}
    for attribute in ("status", "claimCertificateId", "certificateIds"):
        unit = unit_of({**broken, attribute: wrong}, "acme")
        assert unit.certificate_ids == {IDS["A"]}


@pytest.mark.parametrize("policy", Policy)
def test_a_record_of_wrong_types_is_dealt_with(policy):
    table = FakeTable({**item("SN-1", IDS["A"]), "status": {"N": "1.5"}})
    records.before(table, "SN-1", policy, BY)
    records.after(table, "SN-1", policy, BY)
    closes = policy in (Policy.REVOKE, Policy.DELETE)
    status = table.items.get("SN-1", {}).get("status")
    assert status == (
        None if policy is Policy.DELETE else {"S": "REVOKED"} if closes else {"N": "1.5"}
    )


@pytest.mark.parametrize(
    ("policy", "status", "closed", "after"),
    [
        (Policy.REVOKE, Status.ACTIVE, Status.REVOKED, Status.REVOKED),
        (Policy.REVOKE, Status.ENROLLED, Status.REVOKED, Status.REVOKED),
        (Policy.DELETE, Status.SUSPENDED, Status.REVOKED, None),
        (Policy.RELEASE, Status.ACTIVE, Status.ACTIVE, Status.ENROLLED),
        (Policy.RELEASE, Status.SUSPENDED, Status.SUSPENDED, Status.SUSPENDED),
        (Policy.RELEASE, Status.REVOKED, Status.REVOKED, Status.REVOKED),
        (Policy.KEEP, Status.ACTIVE, Status.ACTIVE, Status.ACTIVE),
    ],
)
def test_what_becomes_of_the_record(policy, status, closed, after):
    table = FakeTable(item("SN-1", IDS["A"], status=status))

    def now():
        stored = table.items.get("SN-1")
        return stored and stored["status"]["S"]

    records.before(table, "SN-1", policy, BY)
    assert now() == closed
    records.after(table, "SN-1", policy, BY)
    assert now() == after
    if closed is Status.REVOKED and status is not Status.REVOKED and after:
        assert table.items["SN-1"]["statusReason"]["S"] == "decommissioned"


@pytest.mark.parametrize(
    ("policy", "one", "many"),
    [
        (
            Policy.REVOKE,
            "ACTIVE, then REVOKED for good",
            "2 records are REVOKED for good, 1 record is left as it is",
        ),
        (
            Policy.RELEASE,
            "ACTIVE, then ENROLLED again",
            "1 record is ENROLLED again, 2 records are left as they are",
        ),
        (Policy.DELETE, "ACTIVE, then deleted", "3 records are deleted"),
        (Policy.KEEP, "ACTIVE, kept", "3 records are left as they are"),
    ],
)
def test_the_fate_of_records_is_said_with_their_number(policy, one, many):
    assert records.fate(policy, Status.ACTIVE) == one
    assert records.fates(policy, [Status.ACTIVE, "malformed", Status.REVOKED, None]) == many
    assert records.fate(policy, None) == "-"
    assert records.fates(policy, [None]) == "no record is concerned"


@pytest.mark.parametrize("policy", Policy)
def test_a_device_without_a_record_needs_none(policy):
    table = FakeTable()
    assert records.before(table, "SN-1", policy, BY) is None
    assert records.after(table, "SN-1", policy, BY) is None


def test_a_record_that_changed_before_its_deletion_is_kept():
    table = FakeTable(item("SN-1", IDS["A"], status=Status.ACTIVE))
    assert not records.after(table, "SN-1", Policy.DELETE, BY).ok
    assert "SN-1" in table.items
