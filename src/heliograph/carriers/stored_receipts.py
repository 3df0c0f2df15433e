"""Reads what carriers delivered back from the blocks in which it was stored as it came."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from heliograph.carriers.translate import DeliveryKind, read_delivery
from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.smpp.codec import FrameBuffer, decode
from heliograph.smpp.errors import RemoteProtocolError
from heliograph.smpp.pdus import DataSm, DeliverSm

_LONGEST_TEXT: Final = 300


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
            yield StoredReceipt(delivery.smsc_id, delivery.code, _text_of(pdu))


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


def _text_of(pdu: DeliverSm | DataSm) -> str:
    text = pdu.user_data.decode("ascii", "replace")[:_LONGEST_TEXT]
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
