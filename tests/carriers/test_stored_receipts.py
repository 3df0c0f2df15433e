"""The texts of stored receipts, in whatever alphabet a carrier repeats the message."""

import pytest

from heliograph.carriers.stored_receipts import receipts_about
from heliograph.domain import gsm7
from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.smpp import DeliverSm, EsmClass, Tag, encode, tlv

PHONE = "46701740605"
HEAD = "id:a_1@x sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:DELIVRD err:000 text:"
SAID = "Hallå där, 5 £ à @_"
GSM = gsm7.encode(SAID)
LATIN = CarrierProfile(incoming_alphabet="latin1")


def shown(octets: bytes, data_coding: int, profile: CarrierProfile, *, as_payload: bool = False) -> list[str]:
    pdu = DeliverSm(
        source_addr=PHONE,
        destination_addr="iP1",
        esm_class=EsmClass.DELIVERY_RECEIPT,
        data_coding=data_coding,
        short_message=b"" if as_payload else octets,
        tlvs=(tlv(Tag.MESSAGE_PAYLOAD, octets),) if as_payload else (),
    )
    return [each.text for each in receipts_about(PHONE, encode(pdu), profile)]


CASES = [
    ("septets, one to an octet", GSM, 0, CarrierProfile(), SAID),
    ("Latin-1 by its name", SAID.encode("latin-1"), 3, CarrierProfile(), SAID),
    ("Latin-1 in the default alphabet", SAID.encode("latin-1"), 0, CarrierProfile(), SAID),
    ("UTF-8 in the default alphabet", SAID.encode(), 0, CarrierProfile(), SAID),
    ("a carrier whose default is Latin-1", b"a {b} @_", 0, LATIN, "a {b} @_"),
    ("a carrier whose default is GSM", b"a {b}", 0, CarrierProfile(), "a äbñ"),
    ("a euro cut in two", b"5 \x1b", 0, CarrierProfile(), "5  "),
    ("a new line", b"a\nb\rc", 0, CarrierProfile(), "a b c"),
    ("what is no text", b"\x07\x08", 3, CarrierProfile(), "\ufffd\ufffd"),
    ("nothing", b"", 0, CarrierProfile(), ""),
]


@pytest.mark.parametrize("as_payload", [False, True])
@pytest.mark.parametrize(
    ("octets", "data_coding", "profile", "text"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_what_a_receipt_repeats_is_read_in_its_alphabet(
    octets: bytes, data_coding: int, profile: CarrierProfile, text: str, *, as_payload: bool
) -> None:
    whole = HEAD.encode() + octets
    assert shown(whole, data_coding, profile, as_payload=as_payload) == [HEAD + text]


def test_a_receipt_in_ucs_is_read_too() -> None:
    assert shown(f"{HEAD}Hallå 🎉".encode("utf-16-be"), 8, CarrierProfile()) == [f"{HEAD}Hallå 🎉"]


def test_a_long_text_is_cut() -> None:
    [text] = shown(HEAD.encode() + b"x" * 900, 0, CarrierProfile(), as_payload=True)
    assert len(text) == 300


def test_receipts_of_others_are_passed_over() -> None:
    pdu = DeliverSm(
        source_addr="46709999999", esm_class=EsmClass.DELIVERY_RECEIPT, short_message=HEAD.encode()
    )
    assert list(receipts_about(PHONE, encode(pdu), CarrierProfile())) == []
