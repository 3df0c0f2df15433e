"""Files of recipients: whatever program wrote them, the same table is read."""

import codecs
import csv
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.batch_recipients import MAX_RECIPIENTS
from heliograph.domain.recipient_file import RecipientTable, decode_text, read_table, table_recipients
from heliograph.domain.written_numbers import LineFault, NumberFlaw

TEXT = "Namn;Mobil\nÅsa Öberg;46701740605\nZoë;+46 70 174 06 06\n"
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\x85\u2028\u2029"), max_size=20)


def table_of(octets: bytes) -> RecipientTable:
    found = read_table(octets)
    assert isinstance(found, RecipientTable)
    return found


@pytest.mark.parametrize(
    "octets",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("latin-1"),
        TEXT.encode("cp1252"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace(";", ",").encode(),
        TEXT.replace(";", "\t").encode(),
        TEXT.replace(";", "|").encode(),
        ("sep=;\r\n" + TEXT).encode(),
        ("\n" + TEXT.replace("\n", "\n\n")).encode(),
    ],
)
def test_every_character_set_and_separator_is_seen(octets: bytes) -> None:
    table = table_of(octets)
    assert table.columns == ["Namn", "Mobil"]
    assert table.rows == [["Åsa Öberg", "46701740605"], ["Zoë", "+46 70 174 06 06"]]
    assert table.number_column == 1
    assert table.sample(1) == {"Namn": "Åsa Öberg"}


@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8),
    st.sampled_from([";", ",", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_program_writes_is_read_back(
    cells: list[tuple[str, str]], separator: str, charset: str
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerow(["number", "first", "second"])
    numbers = [str(46_701_000_000 + place) for place in range(len(cells))]
    writer.writerows([number, *pair] for number, pair in zip(numbers, cells, strict=True))
    table = table_of(written.getvalue().encode(charset))
    assert table.number_column == 0
    found = table_recipients(table, 0, ["first", "second"])
    assert list(found.values) == numbers
    assert [tuple(own.values()) for own in found.values.values()] == cells


@given(st.binary(max_size=300))
def test_any_octets_are_a_table_or_refused(octets: bytes) -> None:
    decode_text(octets)
    found = read_table(octets)
    if isinstance(found, RecipientTable):
        assert {len(row) for row in found.rows} == {len(found.columns)}
        assert len(set(found.columns)) == len(found.columns)
        assert len(found.lines) == len(found.rows)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "no_rows"),
        (b"number;name\n", "no_rows"),
        (b"\n\n;;\n", "no_rows"),
        (b"PK\x03\x04 a spreadsheet", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0 an older one", "spreadsheet"),
        (b"number;name\n46701740605;" + b"x" * 200_000, "unreadable"),
        (b";".join(b"c%d" % n for n in range(52)) + b"\n" + b"x;" * 52, "too_many_columns"),
        (b"number\n" + b"46701740605\n" * (MAX_RECIPIENTS + 1), "too_many"),
    ],
)
def test_what_is_no_table_is_refused(octets: bytes, code: str) -> None:
    assert read_table(octets) == code


def test_a_file_without_names_begins_with_its_first_row() -> None:
    table = table_of(b"46701740605;Anna\n46701740606;Bo\n")
    assert table.columns == ["column 1", "column 2"]
    assert (table.rows[0], table.lines) == (["46701740605", "Anna"], [1, 2])


def test_names_of_columns_can_all_be_named_in_a_text() -> None:
    table = table_of(b"number;;name;name;{odd}; two  words \n46701740605;a;b;c;d;e\n")
    assert table.columns == ["number", "column 2", "name", "name 2", "(odd)", "two words"]


def test_the_column_with_the_numbers_is_found_or_left_open() -> None:
    named = b"order number;telefon\n4670174060;46701740605\n4670174061;46701740606\n"
    assert table_of(b"id;mobile\n4670174060;46701740605\n").number_column == 1
    assert table_of(named).number_column in (0, 1)
    assert table_of(b"name;city\nAnna;Lund\n").number_column is None


def test_faults_say_the_line_of_the_file_also_after_cells_of_several_lines() -> None:
    table = table_of(b'phone;text\n46701740605;"two\nlines"\n\n0701;x\n;y\n46701740605;again\n')
    found = table_recipients(table, 0, ["text"])
    assert found.values == {"46701740605": {"text": "two\nlines"}}
    assert found.faults == [
        LineFault(5, "0701", NumberFlaw.NATIONAL),
        LineFault(6, "", NumberFlaw.EMPTY),
    ]
    assert (found.fault_count, found.repeated) == (2, 1)


def test_short_rows_are_filled_and_long_ones_cut() -> None:
    table = table_of(b"phone;a;b\n46701740605;1\n46701740606;1;2;3;4\n")
    assert table.rows == [["46701740605", "1", ""], ["46701740606", "1", "2"]]


def test_a_hundred_thousand_rows_are_read_in_a_moment() -> None:
    rows = "".join(f"46{700_000_000 + n};Name {n};{n}\n" for n in range(MAX_RECIPIENTS))
    octets = ("phone;name;order\n" + rows).encode()
    begun = time.process_time()
    table = table_of(octets)
    found = table_recipients(table, 0, ["name", "order"])
    assert len(found.values) == MAX_RECIPIENTS
    assert time.process_time() - begun < 5


def test_numbers_with_a_zero_in_front_are_seen_where_a_country_is_named() -> None:
    octets = b"070-174 06 05;Ann\n070-174 06 06;Bo\n"
    table = read_table(octets, "SE")
    assert isinstance(table, RecipientTable)
    assert (table.number_column, len(table.rows)) == (0, 2)
    assert list(table_recipients(table, 0, [], "SE").values) == ["46701740605", "46701740606"]
    assert table_recipients(table, 0, []).fault_count == 2
