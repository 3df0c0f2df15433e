"""The counter's figures are those that the batch will have."""

from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.composition import fit_text
from heliograph.domain.encoding import Coding, Encoding
from heliograph.domain.text_facts import facts_of


@given(st.text(max_size=500), st.sampled_from(Coding))
def test_the_counter_agrees_with_the_batch(text: str, coding: Coding) -> None:
    facts, fit = facts_of(text, coding), fit_text(text, coding)
    assert facts.segments == fit.segments
    assert facts.left >= 0
    if not fit.code:
        assert (facts.encoding, facts.fits) == (fit.encoding, True)


def test_an_empty_text_has_room_for_a_whole_segment() -> None:
    facts = facts_of("", Coding.AUTO)
    assert (facts.units, facts.segments, facts.left, facts.fits) == (0, 0, 160, True)


def test_extension_characters_count_twice_and_emoji_too() -> None:
    assert facts_of("10 €", Coding.AUTO).units == 5
    assert facts_of("😀", Coding.AUTO).units == 2


def test_room_is_that_of_the_last_segment() -> None:
    assert facts_of("a" * 160, Coding.AUTO).left == 0
    assert facts_of("a" * 161, Coding.AUTO).left == 2 * 153 - 161
    assert facts_of("a" * 71, Coding.UCS).left == 2 * 67 - 71


def test_characters_outside_gsm_are_told_with_replacements() -> None:
    facts = facts_of("“Hi”", Coding.AUTO)
    assert facts.encoding is Encoding.UCS2
    assert [(each.character, each.replacement) for each in facts.forcing] == [("“", '"'), ("”", '"')]
    assert facts.is_mendable
    assert facts.segments_as_gsm == 1
    assert not facts_of("😀", Coding.AUTO).is_mendable
    assert not facts_of("😀", Coding.GSM).fits
    assert facts_of("“Hi”", Coding.UCS).forcing == []
