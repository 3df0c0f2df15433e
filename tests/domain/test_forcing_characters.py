"""Which characters cost a text its 160 characters an SMS, where they are, and what to write instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain import gsm7
from heliograph.domain.forcing_characters import (
    MOST_CHARACTERS,
    MOST_POSITIONS,
    ForcingCharacter,
    forcing_characters,
    segments_as_gsm,
)


@pytest.mark.parametrize("text", ["", "Hello", "Smörgås [€]", "\n\r\f~"])
def test_a_text_of_gsm_has_none(text: str) -> None:
    assert forcing_characters(text) == []


def test_each_is_named_once_with_its_places_counted_from_1() -> None:
    assert forcing_characters("“Hi” it’s 5\u00a0kr… “ok”\t🙂 ñ ł") == [
        ForcingCharacter("“", 2, [1, 17], '"'),
        ForcingCharacter("”", 2, [4, 20], '"'),
        ForcingCharacter("’", 1, [8], "'"),
        ForcingCharacter("\u00a0", 1, [12], " "),
        ForcingCharacter("…", 1, [15], "..."),
        ForcingCharacter("\t", 1, [21], " "),
        ForcingCharacter("🙂", 1, [22], None),
        ForcingCharacter("ł", 1, [26], "l"),
    ]


@pytest.mark.parametrize(
    ("character", "replacement"),
    [
        ("–", "-"),
        ("—", "-"),
        ("‘", "'"),
        ("«", '"'),
        ("\u200b", ""),
        ("á", "a"),
        ("Ó", "O"),
        ("č", "c"),
        ("Ř", "R"),
        ("ő", "o"),
        ("ą", "a"),
        ("Ş", "S"),
        ("ẽ", "e"),
        ("ð", "d"),
        ("Þ", "Th"),
        ("ﬁ", "fi"),
        ("Α", "A"),
        ("漢", None),
        ("ж", None),
    ],
)
def test_what_may_be_written_instead(character: str, replacement: str | None) -> None:
    assert [found.replacement for found in forcing_characters(f"x{character}")] == [replacement]


def test_a_long_text_of_many_is_answered_within_bounds() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(500)) * 20
    found = forcing_characters(text)
    assert len(found) == MOST_CHARACTERS
    assert all(one.count == 20 and len(one.positions) == MOST_POSITIONS for one in found)


def test_segments_with_every_replacement_made() -> None:
    assert segments_as_gsm("It’s " + "x" * 150) == 1
    assert segments_as_gsm("…" * 54) == 2
    assert segments_as_gsm("漢") is None
    assert segments_as_gsm("\u200b") is None


@given(st.text())
def test_none_is_in_the_alphabet_and_what_stands_there_is(text: str) -> None:
    for found in forcing_characters(text):
        assert not gsm7.is_encodable(found.character)
        assert all(text[position - 1] == found.character for position in found.positions)
        assert found.replacement is None or gsm7.is_encodable(found.replacement)
