"""Reads what carriers delivered back from the blocks in which it was stored as it came."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from heliograph.carriers.translate import DeliveryKind, read_delivery
from heliograph.domain import gsm7
from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.smpp.codec import FrameBuffer, decode
from heliograph.smpp.errors import RemoteProtocolError
from heliograph.smpp.pdus import DataSm, DeliverSm
from heliograph.smpp.receipt_text import readable_text

_LONGEST_TEXT: Final = 300
_QUOTE: Final = re.compile(rb"\btext ?:", re.IGNORECASE)
"""Behind it a receipt repeats how the message begins."""
_DEFAULT_ALPHABET: Final = 0


class StoredReceipt(NamedTuple):
    """A receipt as its carrier wrote it."""

    smsc_id: str
    """Normalised as the profile says."""
    code: int
    text: str


class StoredSegment(NamedTuple):
    """A deliver_sm of a message from a handset."""

    number: int
    """From 1."""
    total: int


def segments_from(
    sender: str, recipient: str, pdus: bytes, profile: CarrierProfile
) -> Iterator[StoredSegment]:
    """The segments in a block that a handset sent to one of our numbers."""
    for pdu in _readable(sender[-8:].encode(), pdus):
        incoming = read_delivery(pdu, profile).incoming
        if incoming is not None and (incoming.sender, incoming.recipient) == (sender, recipient):
            yield StoredSegment(incoming.place.sequence, incoming.place.total)


def receipts_about(recipient: str, pdus: bytes, profile: CarrierProfile) -> Iterator[StoredReceipt]:
    """The receipts in a block that name a recipient; what cannot be read is passed over."""
    for pdu in _readable(recipient[-8:].encode(), pdus):
        delivery = read_delivery(pdu, profile)
        if delivery.kind is DeliveryKind.RECEIPT:
            yield StoredReceipt(delivery.smsc_id, delivery.code, _text_of(pdu, profile))


def _readable(digits: bytes, pdus: bytes) -> Iterator[DeliverSm | DataSm]:
    """What a block holds with these digits in it."""
    if digits not in pdus:
        return
    for *_, raw in FrameBuffer().feed(pdus):
        if digits not in raw:
            continue
        with suppress(RemoteProtocolError):
            pdu = decode(raw)
            if isinstance(pdu, (DeliverSm, DataSm)):
                yield pdu


def _text_of(pdu: DeliverSm | DataSm, profile: CarrierProfile) -> str:
    octets = pdu.user_data
    quote = _QUOTE.search(octets) if pdu.data_coding == _DEFAULT_ALPHABET else None
    if quote is None:
        text = readable_text(octets)
    else:
        text = octets[: quote.end()].decode("latin-1") + _quoted(octets[quote.end() :], profile)
    return "".join(map(_shown, text[:_LONGEST_TEXT]))


def _quoted(octets: bytes, profile: CarrierProfile) -> str:
    """The beginning of a message in the carrier's default alphabet, as septets came to it or as it has it."""
    if octets.isascii():
        return octets.decode("ascii") if profile.incoming_alphabet == "latin1" else gsm7.decode(octets)
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\ufffd"
