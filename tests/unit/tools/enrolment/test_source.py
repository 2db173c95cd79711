import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.enrolment import source as sources
from tools.enrolment.source import (
    FileRefusedError,
    Format,
    Position,
    Source,
    StalePositionError,
)

HEADER = b"serialNumber,deviceType,batch\n"


def csv_rows(body: bytes, header: bytes = HEADER):
    return list(Source(io.BytesIO(header + body), Format.CSV).rows())


def json_rows(body: bytes):
    return list(Source(io.BytesIO(body), Format.JSONL).rows())


def test_rows_know_their_line_also_behind_quoted_line_breaks_and_blank_lines():
    rows = csv_rows(b'A,t,"one\ntwo"\n\n,,\nB,t,x\r\n')
    assert [(row.line, row.cells["serialNumber"]) for row in rows] == [(2, "A"), (6, "B")]
    assert rows[0].cells["batch"] == "one\ntwo"


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(bom):
    assert csv_rows(b"A,t,\n", bom + HEADER)[0].cells["serialNumber"] == "A"
    assert json_rows(bom + b'{"serialNumber":"A"}')[0].cells == {"serialNumber": "A"}


def test_a_byte_that_is_not_utf_8_concerns_its_own_row_only():
    rows = csv_rows(b"A,t,caf\xe9\nB,t,caf\xc3\xa9\n")
    assert [row.cells["batch"] for row in rows] == ["caf\udce9", "café"]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"serialNumber;deviceType;batch\nA;t;x\n", "separated by semicolons"),
        (b"serialNumber\tdeviceType\nA\tt\n", "separated by tabs"),
        (b"serialNumber,devicetype\n", "Did you mean deviceType?"),
        (b"serialNumber,batch\n", "The column deviceType is missing"),
        (b"serialNumber,deviceType,batch,batch\n", "The column batch appears 2 times"),
        ("serialNumber,deviceType\n".encode("utf-16"), "It is UTF-16"),
        ("serialNumber,deviceType\n".encode("utf-16-le"), "holds NUL bytes"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\x1f\x8brest", "compressed"),
        (b'"serialNumber\n', "first line cannot be read"),
        (b"x" * 70_000, "more than 65536 bytes"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_a_sentence(content, part):
    with pytest.raises(FileRefusedError, match=part):
        list(Source(io.BytesIO(content), Format.CSV).rows())


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"A,t\n", "2 values and the header 3 names"),
        (b"A,t,x,y\n", "4 values and the header 3 names"),
        (b'A,"t"x,y\n', "quotes do not fit together"),
        (b'A,t,"open\n', "never ends"),
        (b"A,t,x\ry,z\n", "carriage return"),
    ],
)
def test_a_row_that_cannot_be_read_is_one_problem_and_the_next_is_read(body, part):
    rows = csv_rows(body + (b"" if b"open" in body else b"B,t,x\n"))
    assert part in rows[0].problems[0]
    assert rows[0].line == 2
    if b"open" not in body:
        assert rows[1].cells["serialNumber"] == "B"


def test_a_quote_that_is_never_closed_does_not_swallow_the_file():
    rows = csv_rows(b'A,t,"open\n' + b"B,t,x\n" * 5_000)
    assert "never ends" in rows[0].problems[0]
    assert len(rows) > 4_000


@pytest.mark.parametrize(
    ("line", "part"),
    [
        (b"{", "not JSON"),
        (b"3", "not an object"),
        (b'{"serial":"A"}', "no column 'serial'"),
        (b'{"batch":true}', "batch is neither text nor a whole number"),
        (b'{"batch":1.5}', "batch is neither text nor a whole number"),
        (b'{"batch":"a","batch":"b"}', "'batch' appears twice"),
        (b"[" * 60_000, "JSON array|nested too deeply|not JSON"),
        (b'{"batch":' + b"[" * 60_000, "nested too deeply|not JSON"),
    ],
)
def test_a_line_that_is_no_enrolment_is_one_problem_and_the_next_is_read(line, part):
    _, bad, good = json_rows(b'{"serialNumber":"Z"}\n' + line + b'\n{"serialNumber":"A"}\n')
    assert bad.line == 2
    (problem,) = bad.problems
    assert re.search(part, problem)
    assert good.cells == {"serialNumber": "A"}


def test_json_values_become_text_and_null_is_none():
    (row,) = json_rows(b'{"serialNumber":"A","enrolmentExpiresAt":1801396800,"batch":null}')
    assert row.cells == {"serialNumber": "A", "enrolmentExpiresAt": "1801396800"}


def test_a_number_of_any_length_is_text_for_the_row_to_judge():
    (row,) = json_rows(b'{"enrolmentExpiresAt":' + b"1" * 5_000 + b"}")
    assert len(row.cells["enrolmentExpiresAt"]) == 5_000


def test_a_json_array_is_not_json_lines():
    with pytest.raises(FileRefusedError, match="JSON array"):
        json_rows(b'[{"serialNumber":"A"}]')


@given(
    st.lists(st.text(alphabet='ab,"\n\r é', max_size=12), min_size=1, max_size=8),
    st.data(),
)
def test_reading_on_from_any_position_gives_the_rest(batches, data):
    body = "".join('A,t,"{}"\n'.format(batch.replace('"', '""')) for batch in batches).encode()
    content = HEADER + body
    whole = Source(io.BytesIO(content), Format.CSV)
    taken, places = [], [whole.position()]
    for row in whole.rows():
        taken.append(row)
        places.append(whole.position())
    cut = data.draw(st.integers(0, len(batches)))
    rest = Source(io.BytesIO(content), Format.CSV, places[cut])
    assert list(rest.rows()) == taken[cut:]
    assert rest.position() == places[-1]


@pytest.mark.parametrize("change", [b"X,t,\n", b""])
def test_a_position_in_a_file_that_changed_before_it_is_stale(change):
    source = Source(io.BytesIO(HEADER + b"A,t,\nB,t,\n"), Format.CSV)
    rows = source.rows()
    next(rows)
    place = source.position()
    with pytest.raises(StalePositionError):
        Source(io.BytesIO(HEADER + change), Format.CSV, place)


def test_what_is_appended_or_changed_behind_a_position_does_not_make_it_stale():
    source = Source(io.BytesIO(HEADER + b"A,t,\n"), Format.CSV)
    list(source.rows())
    more = Source(io.BytesIO(HEADER + b"A,t,\nB,t,\n"), Format.CSV, source.position())
    assert [(row.line, row.cells["serialNumber"]) for row in more.rows()] == [(3, "B")]


def test_memory_does_not_grow_with_the_file():
    class Endless(io.RawIOBase):
        sent = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            line = HEADER if self.sent == 0 else b"A,t,x\n"
            self.sent += 1
            buffer[: len(line)] = line
            return len(line)

    source = Source(io.BufferedReader(Endless(), 64), Format.CSV)
    rows = source.rows()
    for _ in range(20_000):
        assert next(rows).cells["serialNumber"] == "A"
    assert source.position() == Position(
        offset=len(HEADER) + 20_000 * 6, line=20_001, digest=source.position().digest
    )
    assert sources.MAX_LINE_BYTES < 1 << 20
