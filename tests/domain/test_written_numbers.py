"""Numbers as people write them: every form of a number is read alike, nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.written_numbers import (
    MOST_FAULTS,
    LineFault,
    NumberFlaw,
    read_number,
    read_written,
)

NUMBERS = st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)
SEPARATORS = st.sampled_from([",", ";", "\t", "|", "\n", "\r\n", ", ", " ; "])


@pytest.mark.parametrize(
    "written",
    [
        "46701234567",
        "+46701234567",
        "0046701234567",
        "+46 70 123 45 67",
        "+46 (0)70-123 45 67",
        "46.70.123.45.67",
        "46/70/1234567",
        "\u00a046\u202f70\u200912345\u201367",
        '="46701234567"',
        "'46701234567",
        "46701234567.0",
        "46701234567,00",
        "  46701234567\t",
    ],
)
def test_every_way_to_write_a_number_is_read_alike(written: str) -> None:
    assert read_number(written) == "46701234567"


@pytest.mark.parametrize(
    ("written", "country", "digits"),
    [
        ("070-123 45 67", "SE", "46701234567"),
        ("(070) 123 45 67", "SE", "46701234567"),
        ("(0)70 123 45 67", "SE", "46701234567"),
        ("08-123 456", "SE", "468123456"),
        ("0171 1234567", "DE", "491711234567"),
        ("07400 123456", "GB", "447400123456"),
        # There the zero is a part of the number.
        ("06 6982", "IT", "39066982"),
        # With a country code it is of no matter where somebody is.
        ("+4791234567", "SE", "4791234567"),
        ("004791234567", "SE", "4791234567"),
        ("4791234567", "SE", "4791234567"),
    ],
)
def test_a_zero_in_front_is_read_as_in_the_country_that_is_named(
    written: str, country: str, digits: str
) -> None:
    assert read_number(written, country) == digits


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("070-123", "XX"),
        ("070-1", "SE"),
        ("07012345678901", "SE"),
        # Numbers begin with no zero there.
        ("091234567", "NO"),
        ("09123456", "NO"),
        ("02025550123", "FR"),
    ],
)
def test_a_zero_in_front_of_what_nobody_can_have_is_refused(written: str, country: str) -> None:
    assert read_number(written, country) is NumberFlaw.NOWHERE


@pytest.mark.parametrize("written", ["+0701234567", "000701234567"])
def test_a_zero_behind_a_plus_is_of_no_country(written: str) -> None:
    assert read_number(written, "SE") is NumberFlaw.NATIONAL


def test_a_list_is_read_with_a_country() -> None:
    found = read_written("070-174 06 05\n46701740606, 0701740605", "SE")
    assert (found.numbers, found.repeated, found.fault_count) == (["46701740605", "46701740606"], 1, 0)


@pytest.mark.parametrize(
    ("written", "flaw"),
    [
        ("", NumberFlaw.EMPTY),
        ("  ", NumberFlaw.EMPTY),
        ("0701234567", NumberFlaw.NATIONAL),
        ("070-123 45 67", NumberFlaw.NATIONAL),
        ("(0)70-123 45 67", NumberFlaw.NATIONAL),
        ("+0701234567", NumberFlaw.NATIONAL),
        ("4.67012E+10", NumberFlaw.SHORTENED),
        ("4,67012E+10", NumberFlaw.SHORTENED),
        ("467E8", NumberFlaw.SHORTENED),
        ("4670123456789012", NumberFlaw.TOO_LONG),
        ("46701234567.5", NumberFlaw.NOT_A_NUMBER),
        ("Anna", NumberFlaw.NOT_A_NUMBER),
        ("46701234567x", NumberFlaw.NOT_A_NUMBER),
        ("++46701234567", NumberFlaw.NOT_A_NUMBER),
        ("٤٦٧٠١٢٣٤٥٦٧", NumberFlaw.NOT_A_NUMBER),
        ("+", NumberFlaw.NOT_A_NUMBER),
    ],
)
def test_what_is_not_surely_a_number_is_refused(written: str, flaw: NumberFlaw) -> None:
    assert read_number(written) is flaw


@given(st.text(max_size=40))
def test_whatever_is_written_is_a_number_or_a_flaw(written: str) -> None:
    found = read_number(written)
    assert isinstance(found, NumberFlaw) or (found.isascii() and found.isdigit() and len(found) <= 15)


@given(st.lists(st.tuples(NUMBERS, SEPARATORS), max_size=30))
def test_a_list_is_read_whatever_separates_it(pairs: list[tuple[str, str]]) -> None:
    numbers = [number for number, _ in pairs]
    found = read_written("".join(number + separator for number, separator in pairs))
    assert found.numbers == list(dict.fromkeys(numbers))
    assert (found.faults, found.repeated) == ([], len(numbers) - len(found.numbers))


@given(st.lists(NUMBERS, min_size=1, max_size=10, unique=True))
def test_blanks_separate_whole_numbers(numbers: list[str]) -> None:
    for text in (" ".join(numbers), " ".join(f"+{number}" for number in numbers)):
        assert read_written(text).numbers == numbers


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    found = read_written(text)
    assert len(found.faults) == min(found.fault_count, MOST_FAULTS)


def test_numbers_in_groups_stay_together_and_faults_say_their_line() -> None:
    found = read_written("+46 70 123 45 67 +46 70 765 43 21\n\n0701234567, Anna; 46701234567\n")
    assert found.numbers == ["46701234567", "46707654321"]
    assert found.repeated == 1
    assert found.faults == [
        LineFault(3, "0701234567", NumberFlaw.NATIONAL),
        LineFault(3, "Anna", NumberFlaw.NOT_A_NUMBER),
    ]


def test_labels_are_taken_out_with_their_blanks() -> None:
    found = read_written("label:Gold members, Label: VIP ;46701234567\nlabel:VIP")
    assert found.labels == ["Gold members", "VIP"]
    assert found.numbers == ["46701234567"]


def test_many_faults_are_counted_but_not_all_told() -> None:
    found = read_written("\n".join(["x"] * (MOST_FAULTS + 5)))
    assert (len(found.faults), found.fault_count) == (MOST_FAULTS, MOST_FAULTS + 5)
