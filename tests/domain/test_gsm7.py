"""The GSM alphabet against an independent implementation, and what it cannot carry."""

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain import gsm7

ORACLE = gsm0338.Codec()
ALPHABET = sorted((set(gsm7.DEFAULT_ALPHABET) - {"\ufffe"}) | set(gsm7.EXTENSION.values()))
gsm_texts = st.text(st.sampled_from(ALPHABET), max_size=200)


def test_the_alphabet_has_127_characters_and_the_extension_10() -> None:
    assert len(set(gsm7.DEFAULT_ALPHABET)) == 128
    assert len(gsm7.EXTENSION) == 10


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", b""),
        ("@", b"\x00"),
        ("a@b", b"a\x00b"),
        ("€", b"\x1be"),
        ("{[@]}", b"\x1b(\x1b<\x00\x1b>\x1b)"),
        ("Å å\n", b"\x0e \x0f\n"),
        ("ΔΦΓΛΩΠΨΣΘΞ", b"\x10\x12\x13\x14\x15\x16\x17\x18\x19\x1a"),
        ("\f^\\~|", b"\x1b\n\x1b\x14\x1b/\x1b=\x1b@"),
    ],
)
def test_characters_take_the_septets_of_the_table(text: str, octets: bytes) -> None:
    assert gsm7.encode(text) == octets
    assert gsm7.decode(octets) == text
    assert gsm7.septet_count(text) == len(octets)


@given(gsm_texts)
def test_encoding_equals_the_oracle_and_comes_back(text: str) -> None:
    octets = gsm7.encode(text)
    assert octets == ORACLE.encode(text)[0]
    assert gsm7.decode(octets) == text
    assert gsm7.septet_count(text) == len(octets)
    assert gsm7.first_unencodable(text) is None


@given(st.text(max_size=60))
def test_the_first_character_that_does_not_fit_is_found(text: str) -> None:
    expected = next(((at, char) for at, char in enumerate(text) if char not in ALPHABET), None)
    assert gsm7.first_unencodable(text) == expected
    assert gsm7.is_encodable(text) == (expected is None)


@pytest.mark.parametrize("text", ["ç", "‘", "日", "😀", "\x1b", "\0", "@\0", "\ufffe", "\ud800", "`", "\t"])
def test_what_is_in_neither_table_is_refused(text: str) -> None:
    with pytest.raises(UnicodeEncodeError):
        gsm7.encode(text)
    with pytest.raises(UnicodeEncodeError):
        gsm7.septet_count(text)
    assert not gsm7.is_encodable(text)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"a\x1b", "a "),
        (b"\x1b\x1be", " €"),
        (b"\x1bA", "A"),
        (b"\x1b\x00", "@"),
        (b"\xe1", "a"),
    ],
)
def test_odd_septets_of_strangers_are_shown_as_a_handset_would(octets: bytes, text: str) -> None:
    assert gsm7.decode(octets) == text


@given(st.binary(max_size=200))
def test_decoding_never_fails(octets: bytes) -> None:
    assert isinstance(gsm7.decode(octets), str)


def test_every_suggestion_makes_the_character_fit() -> None:
    for character, instead in gsm7.SUGGESTIONS.items():
        assert not gsm7.is_encodable(character), character
        assert gsm7.is_encodable(instead), character


def test_a_curly_text_becomes_a_plain_one() -> None:
    assert gsm7.suggest("“It’s 5 – 6…”") == '"It\'s 5 - 6..."'
    assert gsm7.suggestion("’") == "'"
    assert gsm7.suggestion("\u200b") == ""
    assert gsm7.suggestion("日") is None
