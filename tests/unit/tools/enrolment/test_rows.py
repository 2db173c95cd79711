import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from device_registry.record import ReprovisionPolicy, from_item, to_item
from tools.enrolment.compare import Insert, Run, judge
from tools.enrolment.rows import COLUMNS, RowRefusedError, to_enrolment, unknown_column

CATALOGUE = {"gateway": ReprovisionPolicy.REPLACE, "sensor": ReprovisionPolicy.NEVER}
CLAIM = "c1a1" * 16


def row(**cells):
    return {"serialNumber": "SN-1", "deviceType": "gateway", **cells}


def problems(**cells):
    with pytest.raises(RowRefusedError) as refused:
        to_enrolment(row(**cells), CATALOGUE)
    return refused.value.problems


def test_a_full_row_is_read():
    enrolment = to_enrolment(
        row(
            manufacturer="Acme",
            batch="spring 26",
            enrolmentExpiresAt="2027-01-31T13:00:00+01:00",
            requiredClaimCertificateId=CLAIM,
            reprovisionPolicy="never",
        ),
        CATALOGUE,
    )
    assert enrolment.enrolment_expires_at == 1_801_396_800
    assert enrolment.reprovision_policy is ReprovisionPolicy.NEVER
    assert (enrolment.manufacturer, enrolment.batch) == ("Acme", "spring 26")
    assert enrolment.required_claim_certificate_id == CLAIM


def test_what_is_not_said_follows_from_the_stack_and_else_is_never():
    assert to_enrolment(row(), CATALOGUE).reprovision_policy is ReprovisionPolicy.REPLACE
    assert to_enrolment(row(), None).reprovision_policy is ReprovisionPolicy.NEVER


def test_blanks_around_values_do_not_count_and_blank_cells_are_none():
    enrolment = to_enrolment(row(serialNumber=" SN-1\t", batch="  "), CATALOGUE)
    assert (enrolment.serial_number, enrolment.batch) == ("SN-1", None)


@pytest.mark.parametrize(
    ("cells", "part"),
    [
        ({"serialNumber": ""}, "serialNumber is missing"),
        ({"serialNumber": "a b"}, "'a b' is not 1 to 64 letters"),
        ({"serialNumber": "x" * 65}, "is not 1 to 64 letters"),
        ({"serialNumber": "1.2E+15"}, "format the column as text"),
        ({"deviceType": ""}, "deviceType is missing"),
        ({"deviceType": "gatway"}, "Did you mean 'gateway'?"),
        ({"deviceType": "zzz"}, "It has gateway, sensor"),
        ({"manufacturer": "A B"}, "manufacturer 'A B' cannot be a thing's attribute"),
        ({"batch": "b" * 129}, "batch has 129 characters"),
        ({"requiredClaimCertificateId": CLAIM.upper()}, "is not a certificate id"),
        ({"reprovisionPolicy": "always"}, "neither 'never' nor 'replace'"),
        ({"enrolmentExpiresAt": "2027-01-31T12:00:00"}, "names no time zone"),
        ({"enrolmentExpiresAt": "1801396800000"}, "milliseconds"),
        ({"enrolmentExpiresAt": "soon"}, "neither RFC 3339"),
        ({"batch": "a\x00b"}, "characters that cannot be used: 'a\\x00b'"),
        ({"batch": "two\nlines"}, "characters that cannot be used"),
        ({"batch": "caf\udce9"}, "'caf<E9>' is not UTF-8"),
    ],
)
def test_each_mistake_has_a_sentence(cells, part):
    (problem,) = problems(**cells)
    assert part in problem
    assert problem.endswith((".", "?", "UTF-8."))


def test_every_mistake_of_a_row_is_named():
    assert len(problems(serialNumber="a b", deviceType="x", reprovisionPolicy="y")) == 3


def test_a_type_is_checked_by_its_pattern_where_no_stack_is_known():
    with pytest.raises(RowRefusedError, match="not 1 to 32 lower-case"):
        to_enrolment(row(deviceType="Gate way"), None)


def test_many_types_are_not_all_listed():
    many = dict.fromkeys((f"type-{n:03d}" for n in range(200)), ReprovisionPolicy.NEVER)
    with pytest.raises(RowRefusedError, match="and 192 more"):
        to_enrolment(row(deviceType="zzz"), many)


def test_an_unknown_column_is_explained():
    assert unknown_column("serialnumber") == (
        "There is no column 'serialnumber'. Did you mean serialNumber?"
    )
    assert "Known are serialNumber, deviceType" in unknown_column("colour")


LIKELY = st.sampled_from(
    ["SN-1", "gateway", "sensor", "never", "replace", CLAIM, "4000000000", "", " x ", "2100-01-01"]
)


@given(
    st.fixed_dictionaries(
        {"serialNumber": LIKELY | st.text(), "deviceType": LIKELY | st.text()},
        optional=dict.fromkeys(COLUMNS[2:], LIKELY | st.text(max_size=80)),
    ),
    st.sampled_from([None, CATALOGUE]),
)
def test_any_text_is_refused_or_becomes_a_record_that_the_hook_can_read(cells, catalogue):
    try:
        enrolment = to_enrolment(cells, catalogue)
    except RowRefusedError:
        return
    verdict = judge(enrolment, None, Run(by="me", at=0))
    assume(isinstance(verdict, Insert))
    assert to_item(from_item(verdict.item)) == verdict.item


def test_the_prefix_of_devices_that_verify_a_stack_is_reserved():
    with pytest.raises(RowRefusedError) as refused:
        to_enrolment({"serialNumber": "canary-1", "deviceType": "gateway"}, None)
    (problem,) = refused.value.problems
    assert problem.startswith("serialNumber 'canary-1' cannot be enrolled: 'canary-' is reserved")
