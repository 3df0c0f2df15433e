"""Which alphabet carries a text, and the data_coding octet of SMPP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.encoding import Coding, Encoding, choose, data_coding, decode, encode

storable = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)


@pytest.mark.parametrize(
    ("text", "coding", "encoding"),
    [
        ("plain", Coding.GSM, Encoding.GSM7),
        ("plain", Coding.AUTO, Encoding.GSM7),
        ("plain", Coding.UCS, Encoding.UCS2),
        ("smile 😀", Coding.GSM, None),
        ("smile 😀", Coding.AUTO, Encoding.UCS2),
        ("smile 😀", Coding.UCS, Encoding.UCS2),
    ],
)
def test_the_choice_follows_what_was_asked_for(text: str, coding: Coding, encoding: Encoding | None) -> None:
    assert choose(text, coding) is encoding


@pytest.mark.parametrize(
    ("encoding", "plain", "flash"),
    [(Encoding.GSM7, 0x00, 0x10), (Encoding.UCS2, 0x08, 0x18), (Encoding.BINARY, 0x04, 0x14)],
)
def test_flash_is_message_class_0(encoding: Encoding, plain: int, flash: int) -> None:
    assert data_coding(encoding) == plain
    assert data_coding(encoding, flash=True) == flash


def test_the_integers_of_the_public_form() -> None:
    assert (Encoding.GSM7, Encoding.UCS2) == (0, 2)


def test_ucs2_is_big_endian_with_surrogate_pairs() -> None:
    assert encode("å😀", Encoding.UCS2) == b"\x00\xe5\xd8\x3d\xde\x00"


def test_a_lone_surrogate_has_no_octets() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode("\ud83d", Encoding.UCS2)


def test_a_binary_message_has_no_text() -> None:
    with pytest.raises(ValueError, match="no text"):
        encode("a", Encoding.BINARY)


@given(storable)
def test_ucs2_comes_back(text: str) -> None:
    assert decode(encode(text, Encoding.UCS2), data_coding(Encoding.UCS2)) == text


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        (b"\x00a", 0x00, "@a"),
        (b"\x00a", 0x10, "@a"),
        (b"\x00a", 0xF0, "@a"),
        (b"a\xe5", 0x01, "aå"),
        (b"a\xe5", 0x03, "aå"),
        (b"\x00\xe5", 0x08, "å"),
        (b"\x00\xe5", 0x18, "å"),
        (b"\x00\xe5\x00", 0x08, "å\ufffd"),
        (b"\xd8\x3d", 0x08, "\ufffd"),
        (b"\xb0", 0x06, "А"),
        (b"a", 0xC0, "a"),
        (b"\x01\x02", 0x02, None),
        (b"\x01\x02", 0x04, None),
        (b"\x01\x02", 0x14, None),
        (b"\x01\x02", 0xF5, None),
    ],
)
def test_inbound_octets_are_read_by_their_data_coding(octets: bytes, coding: int, text: str | None) -> None:
    assert decode(octets, coding) == text


@given(st.binary(max_size=140), st.integers(0, 255))
def test_reading_a_stranger_never_fails(octets: bytes, coding: int) -> None:
    assert decode(octets, coding) is None or isinstance(decode(octets, coding), str)
