"""How many segments a text takes, where it is cut, and the concatenation header."""

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain import gsm7
from heliograph.domain.encoding import Encoding, encode
from heliograph.domain.segmentation import (
    Concatenation,
    TooManySegments,
    join,
    read_udh,
    segment_count,
    segments,
    with_udh,
)

GSM, UCS = Encoding.GSM7, Encoding.UCS2
gsm_texts = st.text(st.sampled_from("aZ5 åÖ@€{}[]"), min_size=1, max_size=700)
ucs_texts = st.text(st.sampled_from("aå日😀𝄞"), min_size=1, max_size=400)


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("", GSM, 1),
        ("a" * 160, GSM, 1),
        ("a" * 161, GSM, 2),
        ("a" * 306, GSM, 2),
        ("a" * 307, GSM, 3),
        ("€" * 80, GSM, 1),
        ("€" * 81, GSM, 2),
        ("€" * 152, GSM, 2),
        ("€" * 153, GSM, 3),
        ("a" + "€" * 152, GSM, 2),
        ("a" * 70, UCS, 1),
        ("a" * 71, UCS, 2),
        ("a" * 134, UCS, 2),
        ("a" * 135, UCS, 3),
        ("😀" * 35, UCS, 1),
        ("😀" * 66, UCS, 2),
        ("😀" * 67, UCS, 3),
        ("a" * 39_015, GSM, 255),
        ("a" * 39_016, GSM, 256),
    ],
)
def test_segment_counts(text: str, encoding: Encoding, count: int) -> None:
    assert segment_count(text, encoding) == count


def test_a_text_that_gsm_cannot_carry_has_no_count() -> None:
    with pytest.raises(UnicodeEncodeError):
        segment_count("日", GSM)


@given(gsm_texts)
def test_gsm_is_cut_where_the_oracle_cuts(text: str) -> None:
    pieces = segments(encode(text, GSM), GSM)
    expected = [part.content for part in smsutil.gsm_split(text).parts]
    assert [gsm7.decode(piece) for piece in pieces] == expected
    assert segment_count(text, GSM) == len(pieces)


@given(ucs_texts)
def test_ucs_is_cut_where_the_oracle_cuts(text: str) -> None:
    pieces = segments(encode(text, UCS), UCS)
    expected = [part.content for part in smsutil.unicode_split(text).parts]
    assert [piece.decode("utf-16-be") for piece in pieces] == expected
    assert segment_count(text, UCS) == len(pieces)


@given(st.one_of(gsm_texts.map(lambda text: (text, GSM)), ucs_texts.map(lambda text: (text, UCS))))
def test_segments_fit_and_join_to_the_whole(case: tuple[str, Encoding]) -> None:
    text, encoding = case
    octets = encode(text, encoding)
    pieces = with_udh(segments(octets, encoding), 7)
    if len(pieces) == 1:
        assert pieces == (octets,)
        return
    limit = 159 if encoding is GSM else 140
    assert all(len(piece) <= limit for piece in pieces)
    read = [read_udh(piece) for piece in reversed(pieces)]
    assert [head for head, _ in read] == [
        Concatenation(7, len(pieces), number) for number in range(len(pieces), 0, -1)
    ]
    assert join(len(pieces), [(head.sequence, data) for head, data in read if head]) == octets


def test_more_than_255_segments_are_refused() -> None:
    assert len(segments(b"a" * 153 * 255, GSM)) == 255
    with pytest.raises(TooManySegments, match="256 segments"):
        segments(b"a" * (153 * 255 + 1), GSM)


def test_binary_is_cut_anywhere() -> None:
    assert [len(piece) for piece in segments(b"\x1b\xd8" * 100, Encoding.BINARY)] == [134, 66]


def test_the_header_has_8_bits_of_reference() -> None:
    assert with_udh((b"one", b"two"), 0x1FF) == (
        b"\x05\x00\x03\xff\x02\x01one",
        b"\x05\x00\x03\xff\x02\x02two",
    )


@pytest.mark.parametrize(
    ("octets", "head", "data"),
    [
        (b"\x05\x00\x03\x2a\x02\x01hi", Concatenation(0x2A, 2, 1), b"hi"),
        (b"\x06\x08\x04\x12\x34\x03\x02hi", Concatenation(0x1234, 3, 2), b"hi"),
        (b"\x0b\x05\x04\x15\x81\x00\x00\x00\x03\x2a\x02\x01hi", Concatenation(0x2A, 2, 1), b"hi"),
        (b"\x06\x05\x04\x15\x81\x00\x00hi", None, b"hi"),
        (b"\x00hi", None, b"hi"),
        (b"", None, b""),
        (b"\x09hi", None, b"\x09hi"),
        (b"\x05\x00\x09\x2a\x02\x01hi", None, b"hi"),
        (b"\x05\x00\x03\x2a\x02\x00hi", None, b"hi"),
        (b"\x05\x00\x03\x2a\x02\x03hi", None, b"hi"),
        (b"\x05\x00\x03\x2a\x00\x00hi", None, b"hi"),
        (b"\x01\x00hi", None, b"hi"),
    ],
)
def test_inbound_headers_are_read_with_care(octets: bytes, head: Concatenation | None, data: bytes) -> None:
    assert read_udh(octets) == (head, data)


@given(st.binary(max_size=140))
def test_reading_a_header_never_fails(octets: bytes) -> None:
    head, data = read_udh(octets)
    assert octets.endswith(data)
    assert head is None or 1 <= head.sequence <= head.total <= 255


def test_a_repeated_piece_counts_once_and_a_missing_one_waits() -> None:
    assert join(2, [(2, b"b"), (2, b"x"), (1, b"a")]) == b"ab"
    assert join(3, [(1, b"a"), (3, b"c")]) is None
