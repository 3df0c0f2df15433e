"""What a deliver_sm from a handset says: its place, its text, whose it is, and STOP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain import gsm7
from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.domain.encoding import Encoding
from heliograph.domain.incoming import (
    InboundNumber,
    OptOutWords,
    Piece,
    Wish,
    bare_number,
    claim,
    fold_keyword,
    read_inbound_number,
    read_segment,
    text_of,
)
from heliograph.domain.segmentation import Concatenation

UNPACKED = CarrierProfile()
PACKED = CarrierProfile(incoming_alphabet="gsm7_packed")
LATIN = CarrierProfile(incoming_alphabet="latin1")
# "hellohello" packed, the example of 3GPP TS 23.038.
HELLOHELLO = bytes.fromhex("e8329bfd4697d9ec37")


def text(octets: bytes, data_coding: int = 0, profile: CarrierProfile = UNPACKED) -> tuple[str, Encoding]:
    segment = read_segment(
        sender="+46700000001", recipient="46555", data_coding=data_coding, octets=octets, profile=profile
    )
    found = text_of([Piece(1, segment.data_coding, segment.user_data)])
    return found.body, found.encoding


@pytest.mark.parametrize(
    ("octets", "data_coding", "profile", "body", "encoding"),
    [
        (b"Hi \x00 \x1be", 0x00, UNPACKED, "Hi @ €", Encoding.GSM7),
        (b"Hi", 0x10, UNPACKED, "Hi", Encoding.GSM7),
        (b"Hi", 0xF0, UNPACKED, "Hi", Encoding.GSM7),
        (HELLOHELLO, 0x00, PACKED, "hellohello", Encoding.GSM7),
        (HELLOHELLO, 0xF1, PACKED, "hellohello", Encoding.GSM7),
        ("Å".encode("utf-16-be"), 0x08, PACKED, "Å", Encoding.UCS2),
        ("smörgås".encode("latin-1"), 0x00, LATIN, "smörgås", Encoding.UCS2),
        ("smörgås".encode("latin-1"), 0x03, UNPACKED, "smörgås", Encoding.UCS2),
        ("日本 😀".encode("utf-16-be"), 0x08, UNPACKED, "日本 😀", Encoding.UCS2),
        ("日本".encode("utf-16-be"), 0x18, UNPACKED, "日本", Encoding.UCS2),
        (b"\x00\x00\x00A", 0x08, UNPACKED, "\ufffdA", Encoding.UCS2),
        (b"\xd8\x00\x00A", 0x08, UNPACKED, "\ufffdA", Encoding.UCS2),
        (b"\x01\xff", 0x04, UNPACKED, "01ff", Encoding.BINARY),
        (b"", 0x00, UNPACKED, "", Encoding.GSM7),
    ],
)
def test_texts_are_read_by_data_coding_and_profile(
    octets: bytes, data_coding: int, profile: CarrierProfile, body: str, encoding: Encoding
) -> None:
    assert text(octets, data_coding, profile) == (body, encoding)


@pytest.mark.parametrize(("data_coding", "flash"), [(0x00, False), (0x10, True), (0x18, True), (0xF1, False)])
def test_class_0_is_flash(data_coding: int, flash: bool) -> None:
    assert text_of([Piece(1, data_coding, b"")]).flash is flash


@pytest.mark.parametrize(
    ("octets", "has_header", "sar", "place", "user_data"),
    [
        (b"\x05\x00\x03\x07\x03\x02Hi", True, (None, None, None), Concatenation(7, 3, 2), b"Hi"),
        (b"\x06\x08\x04\x01\x07\x03\x02Hi", True, (None, None, None), Concatenation(0x107, 3, 2), b"Hi"),
        (
            b"\x09\x24\x02\x00\x00\x00\x03\x07\x03\x02Hi",
            True,
            (None, None, None),
            Concatenation(7, 3, 2),
            b"Hi",
        ),
        (b"\x05\x00\x03\x07\x03\x04Hi", True, (None, None, None), Concatenation(0, 1, 1), b"Hi"),
        (b"\xffHi", True, (None, None, None), Concatenation(0, 1, 1), b"\xffHi"),
        (b"Hi", False, (b"\x01\x07", b"\x03", b"\x02"), Concatenation(0x107, 3, 2), b"Hi"),
        (b"Hi", False, (b"\x01\x07", b"\x03", b"\x04"), Concatenation(0, 1, 1), b"Hi"),
        (b"Hi", False, (b"\x01\x07", b"\x03", None), Concatenation(0, 1, 1), b"Hi"),
        (
            b"\x05\x00\x03\x07\x03\x02Hi",
            True,
            (b"\x00\x09", b"\x02", b"\x01"),
            Concatenation(7, 3, 2),
            b"Hi",
        ),
    ],
)
def test_the_place_of_a_segment(
    octets: bytes,
    has_header: bool,
    sar: tuple[bytes | None, bytes | None, bytes | None],
    place: Concatenation,
    user_data: bytes,
) -> None:
    segment = read_segment(
        sender="46700000001", recipient="46555", data_coding=0, octets=octets, has_header=has_header, sar=sar
    )
    assert (segment.place, segment.user_data) == (place, user_data)


def packed(septets: bytes, fill_bits: int) -> bytes:
    number = sum(septet << fill_bits + 7 * place for place, septet in enumerate(septets))
    return number.to_bytes((fill_bits + 7 * len(septets) + 7) // 8, "little")


@given(st.text("abcå€", max_size=153), st.sampled_from([5, 6]))
def test_packed_septets_behind_a_header(body: str, header: int) -> None:
    octets = bytes((header,)) + bytes(header) + packed(gsm7.encode(body), -8 * (header + 1) % 7)
    segment = read_segment(
        sender="1", recipient="2", data_coding=0, octets=octets, has_header=True, profile=PACKED
    )
    assert text_of([Piece(1, 0, segment.user_data)]).body == body


@given(st.binary(max_size=140), st.integers(0, 255), st.booleans())
def test_no_octets_break_it(octets: bytes, data_coding: int, has_header: bool) -> None:
    for profile in (UNPACKED, PACKED, LATIN):
        segment = read_segment(
            sender="\0+1",
            recipient="",
            data_coding=data_coding,
            octets=octets,
            has_header=has_header,
            profile=profile,
        )
        body = text_of([Piece(1, segment.data_coding, segment.user_data)]).body
        assert "\0" not in body
        body.encode()


def test_a_character_cut_in_two_is_whole_again() -> None:
    octets = "a😀b".encode("utf-16-be")
    assert text_of([Piece(1, 8, octets[:4]), Piece(2, 8, octets[4:])]).body == "a😀b"
    assert text_of([Piece(1, 0, b"a\x1b"), Piece(2, 0, b"eb")]).body == "a€b"


def test_segments_of_several_codings_are_read_each_in_its_own() -> None:
    found = text_of([Piece(1, 0, b"a"), Piece(2, 8, "日".encode("utf-16-be")), None, Piece(4, 0, b"c")])
    assert (found.body, found.encoding) == ("a日…c", Encoding.UCS2)


@pytest.mark.parametrize(
    ("address", "bare"),
    [
        ("+46700000001", "46700000001"),
        ("0046700000001", "46700000001"),
        (" 46555 ", "46555"),
        ("Telco", "Telco"),
    ],
)
def test_numbers_are_bare(address: str, bare: str) -> None:
    assert bare_number(address) == bare


SHARED = InboundNumber("46555", None, {"acme": 1, "åre": 2})


@pytest.mark.parametrize(
    ("number", "body", "account_id", "rest"),
    [
        (SHARED, "ACME Hello there", 1, "Hello there"),
        (SHARED, "  acme", 1, ""),
        (SHARED, "Acme: yes", 1, "yes"),
        (SHARED, "ÅRE", 2, ""),
        (SHARED, "Hello acme", None, ""),
        (SHARED, "acmes", None, ""),
        (SHARED, "", None, ""),
        (InboundNumber("46555", 9, {"acme": 1}), "Hello", 9, "Hello"),
        (InboundNumber("46555", 9, {"acme": 1}), "acme Hello", 1, "Hello"),
        (InboundNumber("46555", 9), " ", 9, " "),
    ],
)
def test_whose_it_is(number: InboundNumber, body: str, account_id: int | None, rest: str) -> None:
    found = claim(number, body)
    assert (None if found is None else (found.account_id, found.rest)) == (
        None if account_id is None else (account_id, rest)
    )


def test_keywords_are_folded() -> None:
    assert fold_keyword(' "Straße!" ') == fold_keyword("STRASSE")


WORDS = OptOutWords.of(["STOP", "Avsluta"], ["START"])


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        ("stop", Wish.STOP),
        (" \nStOp\t", Wish.STOP),
        ("AVSLUTA", Wish.STOP),
        ("start", Wish.START),
        ("stop it", None),
        ("don't stop", None),
        ("", None),
    ],
)
def test_stop_and_start(body: str, wish: Wish | None) -> None:
    assert WORDS.wish(body) is wish


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("72456", "72456"),
        ("+46 10 160 60 60", "46101606060"),
        ("12", "12"),
        ("1", None),
        ("1" * 15, "1" * 15),
        ("1" * 16, None),
        ("72-456", None),
        ("٤٦٧٠", None),
        ("", None),
    ],
)
def test_our_own_numbers_are_digits(typed: str, number: str | None) -> None:
    assert read_inbound_number(typed) == number
