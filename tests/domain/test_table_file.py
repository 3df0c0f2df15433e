"""Tables from spreadsheets: encodings, separators, names, and what is refused with a sentence."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.table_file import MAX_COLUMNS, UnreadableTable, clean_number, read_table

TEXT = "Namn;Mobil\nÅsa;+46 70-174 06 05\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_every_encoding_that_spreadsheets_save_is_read(encoding: str) -> None:
    table = read_table(TEXT.encode(encoding))
    assert (table.columns, table.rows) == (("Namn", "Mobil"), [("Åsa", "+46 70-174 06 05")])
    assert table.number_column == 1


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_the_separator_is_found(separator: str) -> None:
    table = read_table(f"phone{separator}name\n46701740605{separator}Ann\n".encode())
    assert table.rows == [("46701740605", "Ann")]


@pytest.mark.parametrize(
    ("header", "row", "column"),
    [
        ("name,phone number", "Ann,1", 1),
        ("Telefonnummer,name", "1,Ann", 0),
        ("a,b", "Ann,0046 70 174 06 05", 1),
        ("a,b", "Ann,Bob", None),
    ],
)
def test_numbers_are_found_by_name_else_by_what_they_look_like(
    header: str, row: str, column: int | None
) -> None:
    assert read_table(f"{header}\n{row}\n".encode()).number_column == column


def test_rows_are_filled_up_and_empty_lines_left_out() -> None:
    assert read_table(b"a,b,c\n1\n\n2,3,,\n").rows == [("1", "", ""), ("2", "3", "")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"a,,b\n1,2,3", "no name"),
        (b"a,a\n1,2", "Two columns are called a"),
        (b"a,b\n1,2,3", "Line 2 has 3 cells"),
        (b"PK\x03\x04\0\0", "not a text file"),
        (b"\xff\xfea", "UTF-16"),
        ((",".join(f"c{n}" for n in range(MAX_COLUMNS + 1)) + "\n").encode(), "columns"),
        (b"a\n" + b"1\n" * 100_001, "100,001 rows"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableTable, match=sentence):
        read_table(content)


@pytest.mark.parametrize(
    ("cell", "digits"),
    [
        ("+46 70-174 06 05", "46701740605"),
        ("0046701740605", "46701740605"),
        ("(46) 70.174.0605", "46701740605"),
        ("not one", "notone"),
    ],
)
def test_numbers_are_cleaned_as_people_write_them(cell: str, digits: str) -> None:
    assert clean_number(cell) == digits


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    try:
        table = read_table(content)
    except UnreadableTable:
        return
    assert all(len(row) == len(table.columns) for row in table.rows)


_CELL = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12).map(str.strip)


@given(st.lists(st.lists(_CELL, min_size=3, max_size=3), max_size=8))
def test_what_a_spreadsheet_writes_is_read_back(rows: list[list[str]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=";").writerows([["number", "first", "second"], *rows])
    read = read_table(written.getvalue().encode())
    assert read.rows == [tuple(row) for row in rows if any(row)]
