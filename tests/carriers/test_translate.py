"""A text to submit_sm, a deliver_sm to what it tells of a segment."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.carriers.translate import (
    DeliveryKind,
    SubmitTranslator,
    concat_reference,
    fits,
    read_delivery,
    recipient_tail,
    smsc_hash,
    storable,
)
from heliograph.domain.carrier_profile import CarrierProfile, TypeOfAddress
from heliograph.domain.encoding import Encoding
from heliograph.domain.ids import IdSource, id_bytes
from heliograph.domain.lot import LotText
from heliograph.domain.sender import SenderKind
from heliograph.smpp import DeliverSm, EsmClass, SubmitSm, Tag, decode, tlv

MESSAGE = id_bytes(IdSource(b"tests").reserve(2, 1_700_000_000))


def submitted(text: LotText, segment: int = 0, profile: CarrierProfile | None = None) -> SubmitSm:
    prepared = SubmitTranslator(profile or CarrierProfile()).prepare(text)
    raw = prepared.template.encode_block([7], [("46700000001", prepared.segment(segment, MESSAGE))])
    pdu = decode(raw)
    assert isinstance(pdu, SubmitSm)
    return pdu


@pytest.mark.parametrize(("sender", "ton", "npi"), [("iP1", 5, 0), ("72345", 3, 0), ("46701740600", 1, 1)])
def test_the_kind_of_sender_gives_ton_and_npi(sender: str, ton: int, npi: int) -> None:
    pdu = submitted(LotText(sender, "Hello", Encoding.GSM7, False))
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (sender, ton, npi)


def test_a_profile_may_number_senders_otherwise() -> None:
    profile = CarrierProfile(
        sender_types={SenderKind.ALPHANUMERIC: TypeOfAddress(5, 1)},
        recipient_type=TypeOfAddress(2, 8),
        service_type="CMT",
        registered_delivery=17,
    )
    pdu = submitted(LotText("iP1", "Hello", Encoding.GSM7, False), profile=profile)
    assert (pdu.source_addr_ton, pdu.source_addr_npi) == (5, 1)
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi) == (2, 8)
    assert (pdu.service_type, pdu.registered_delivery) == ("CMT", 17)


@pytest.mark.parametrize(
    ("body", "encoding", "flash", "data_coding", "octets"),
    [
        ("Hello", Encoding.GSM7, False, 0x00, b"Hello"),
        ("Hello", Encoding.GSM7, True, 0x10, b"Hello"),
        ("Hé", Encoding.UCS2, False, 0x08, b"\0H\0\xe9"),
        ("Hé", Encoding.UCS2, True, 0x18, b"\0H\0\xe9"),
        ("1 €", Encoding.GSM7, False, 0x00, b"1 \x1be"),
    ],
)
def test_the_text_is_encoded_as_was_agreed(
    body: str, encoding: Encoding, flash: bool, data_coding: int, octets: bytes
) -> None:
    pdu = submitted(LotText("iP1", body, encoding, flash))
    assert (pdu.data_coding, pdu.short_message, pdu.esm_class) == (data_coding, octets, 0)


def test_a_long_text_has_a_header_in_each_segment() -> None:
    text = LotText("iP1", "x" * 307, Encoding.GSM7, False)
    pdus = [submitted(text, number) for number in range(3)]
    reference = concat_reference(MESSAGE)
    assert [pdu.short_message[:6] for pdu in pdus] == [
        bytes((5, 0, 3, reference, 3, number)) for number in (1, 2, 3)
    ]
    assert [len(pdu.short_message) for pdu in pdus] == [159, 159, 7]
    assert {pdu.esm_class for pdu in pdus} == {EsmClass.UDHI}


def test_references_of_messages_made_one_after_the_other_differ() -> None:
    source = IdSource(b"tests")
    made = [id_bytes(source.reserve(2, 1_700_000_000 + second)) for second in range(4) for _ in range(20)]
    for earlier, later in pairwise(made):
        assert concat_reference(earlier) != concat_reference(later)


@given(st.text(min_size=1, max_size=70))
def test_the_hash_of_an_id_is_a_signed_number_of_64_bits(smsc_id: str) -> None:
    assert -(2**63) <= smsc_hash(smsc_id) < 2**63
    assert smsc_hash(smsc_id) == smsc_hash(smsc_id)


def test_short_ids_that_count_up_keep_their_order() -> None:
    hashes = [smsc_hash(f"a{number:08}") for number in range(1000)]
    assert hashes == sorted(hashes)
    assert len(set(hashes)) == 1000


@pytest.mark.parametrize(
    ("address", "tail"), [("46700000001", 1), ("4612345678", 12_345_678), ("iP1", -1), ("", -1), ("12", 12)]
)
def test_the_tail_of_a_recipient(address: str, tail: int) -> None:
    assert recipient_tail(address) == tail


@pytest.mark.parametrize(
    ("tails", "tail", "fit"),
    [
        ((5, -1), 5, True),
        ((6, 5), 5, True),  # a carrier that leaves the addresses as they were
        ((6, 7), 5, False),
        ((-1, 7), 5, True),  # it names no recipient
        ((6, 7), -1, True),
    ],
)
def test_a_receipt_must_not_name_another_recipient(tails: tuple[int, int], tail: int, fit: bool) -> None:
    assert fits(tails, tail) is fit


TEXT = b"id:7A1B sub:001 dlvrd:001 submit date:2601011200 done date:2601011200 stat:UNDELIV err:001 text:"


def test_a_receipt_is_read_from_text_and_tlvs() -> None:
    pdu = DeliverSm(
        source_addr="+46700000001",
        destination_addr="iP1",
        esm_class=EsmClass.DELIVERY_RECEIPT,
        short_message=TEXT,
        raw=b"as it came",
    )
    delivery = read_delivery(pdu, CarrierProfile())
    assert delivery.kind is DeliveryKind.RECEIPT
    assert (delivery.smsc_id, delivery.smsc_hash) == ("7a1b", smsc_hash("7a1b"))
    assert (delivery.recipient, delivery.tails) == ("46700000001", (1, -1))
    assert (delivery.rank, delivery.code, delivery.raw) == (7, 512, b"as it came")


def test_tlvs_go_before_the_text() -> None:
    pdu = DeliverSm(
        esm_class=EsmClass.DELIVERY_RECEIPT,
        short_message=TEXT,
        tlvs=(tlv(Tag.RECEIPTED_MESSAGE_ID, "FFFF"), tlv(Tag.MESSAGE_STATE, 2)),
    )
    delivery = read_delivery(pdu, CarrierProfile())
    assert (delivery.smsc_id, delivery.rank) == ("ffff", 9)


def test_a_receipt_without_id_or_state_is_one_all_the_same() -> None:
    pdu = DeliverSm(esm_class=EsmClass.DELIVERY_RECEIPT, short_message=b"what?")
    delivery = read_delivery(pdu, CarrierProfile())
    assert (delivery.kind, delivery.smsc_id, delivery.rank) == (DeliveryKind.RECEIPT, "", 3)


def test_a_message_from_a_handset_is_no_receipt() -> None:
    pdu = DeliverSm(source_addr="46700000001", short_message=TEXT)
    assert read_delivery(pdu, CarrierProfile()).kind is DeliveryKind.MESSAGE


@given(st.text())
def test_what_is_stored_has_no_nul_and_a_bound(text: str) -> None:
    kept = storable(text)
    assert "\0" not in kept
    assert len(kept) <= 255
