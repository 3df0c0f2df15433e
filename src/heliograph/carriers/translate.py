"""Between our words and the carrier's: a text to submit_sm, deliver_sm to a receipt."""

from enum import IntEnum, unique
from hashlib import blake2b
from typing import Final

import msgspec

from heliograph.domain import receipt as receipts
from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.domain.encoding import Encoding, data_coding, encode
from heliograph.domain.incoming import IncomingSegment, read_segment
from heliograph.domain.lot import LotText
from heliograph.domain.segmentation import segments, with_udh
from heliograph.domain.sender import TYPE_OF_ADDRESS, kind_of
from heliograph.smpp.constants import EsmClass, Tag
from heliograph.smpp.errors import RemoteProtocolError
from heliograph.smpp.pdus import DataSm, DeliverSm, SubmitSm
from heliograph.smpp.receipt_text import is_receipt, read_receipt
from heliograph.smpp.submit_template import SubmitTemplate

_TAIL_DIGITS: Final = 8
_MOST_TEMPLATES: Final = 256
_LONGEST_ID: Final = 255
_SHORT_ID: Final = 12
"""So many characters of base 36 fit into 63 bits."""


def smsc_hash(smsc_id: str) -> int:
    """A signed number of 64 bits that stands for a carrier's normalised message id.

    Different ids may share one, so whoever looks up compares the ids. Short ids of letters and digits, which
    most carriers count up, keep their order, so that their index entries lie together.
    """
    if len(smsc_id) <= _SHORT_ID:
        try:
            return int(smsc_id, 36)
        except ValueError:
            pass  # other characters: hashed like a long one
    digest = blake2b(smsc_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def recipient_tail(address: str) -> int:
    """The last 8 digits of a phone number, or -1 where an address is none."""
    tail = address[-_TAIL_DIGITS:]
    return int(tail) if tail.isascii() and tail.isdigit() else -1


def concat_reference(message_id: bytes) -> int:
    """The 8-bit concatenation reference of a message: the same at every try.

    It mixes the second and the counter of the id, so that two messages made one after the other, which may
    go to the same handset, do not share it.
    """
    return (message_id[3] * 31 + message_id[9] * 7 + message_id[10] * 17 + message_id[11]) & 0xFF


class PreparedText:
    """A text of a lot, encoded once: the template for its submit_sm and the user data of its segments."""

    __slots__ = ("_pieces", "template")

    def __init__(self, template: SubmitTemplate, pieces: tuple[bytes, ...]) -> None:
        self.template = template
        self._pieces = pieces

    def segment(self, number: int, message_id: bytes) -> bytes:
        """The short_message of a segment of one message, header included."""
        if len(self._pieces) == 1:
            return self._pieces[0]
        return with_udh(self._pieces, concat_reference(message_id))[number]

    @property
    def segment_count(self) -> int:
        """How many segments the text takes."""
        return len(self._pieces)


class SubmitTranslator:
    """Makes submit_sm of texts as one carrier wants them."""

    def __init__(self, profile: CarrierProfile) -> None:
        self._profile = profile
        self._templates: dict[tuple[str, int, int], SubmitTemplate] = {}

    def prepare(self, text: LotText) -> PreparedText:
        """Encode a text. Raises ValueError for one that its encoding cannot carry."""
        encoding = Encoding(text.encoding)
        pieces = segments(encode(text.body, encoding), encoding)
        esm_class = int(EsmClass.UDHI) if len(pieces) > 1 else 0
        return PreparedText(
            self._template(text.sender, esm_class, data_coding(encoding, flash=text.flash)), pieces
        )

    def _template(self, sender: str, esm_class: int, coding: int) -> SubmitTemplate:
        key = sender, esm_class, coding
        template = self._templates.get(key)
        if template is None:
            if len(self._templates) >= _MOST_TEMPLATES:
                self._templates.clear()
            template = self._templates[key] = SubmitTemplate(self._submit_sm(*key))
        return template

    def _submit_sm(self, sender: str, esm_class: int, coding: int) -> SubmitSm:
        profile = self._profile
        kind = kind_of(sender)
        own = profile.sender_types.get(kind)
        ton, npi = (own.ton, own.npi) if own is not None else TYPE_OF_ADDRESS[kind]
        return SubmitSm(
            service_type=profile.service_type,
            source_addr_ton=ton,
            source_addr_npi=npi,
            source_addr=sender,
            dest_addr_ton=profile.recipient_type.ton,
            dest_addr_npi=profile.recipient_type.npi,
            esm_class=esm_class,
            registered_delivery=profile.registered_delivery,
            data_coding=coding,
        )


@unique
class DeliveryKind(IntEnum):
    """What a deliver_sm or data_sm of a carrier turned out to be."""

    RECEIPT = 0
    """It tells of a segment of ours."""
    MESSAGE = 1
    """A handset sent it."""
    POISON = 2
    """It cannot be read; refused, it would come back for ever."""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """Something a carrier delivered that waits to be stored. Only then may it be answered."""

    kind: DeliveryKind
    pdu: DeliverSm | DataSm | RemoteProtocolError
    raw: bytes
    smsc_id: str = ""
    """Normalised as the profile says; empty where the receipt names none."""
    smsc_hash: int = 0
    recipient: str = ""
    """Of the segment that the receipt tells of, digits as the carrier wrote them."""
    tails: tuple[int, int] = (-1, -1)
    """Of both its addresses: some carriers leave them as they were in the submit_sm."""
    rank: int = 0
    code: int = 0
    is_known: bool = True
    """Whether a table names its state; an unknown one counts as on its way."""
    incoming: IncomingSegment | None = None
    """What a handset sent."""


def read_delivery(pdu: DeliverSm | DataSm, profile: CarrierProfile) -> Delivery:
    """What a carrier delivered. A receipt without a state or without an id is kept like any other."""
    fields = read_receipt(pdu) if is_receipt(pdu) else None
    if fields is None:
        return Delivery(DeliveryKind.MESSAGE, pdu, pdu.raw, incoming=_read_incoming(pdu, profile))
    stat = fields.message_state
    error = fields.error
    if error is None and fields.network_error_code is not None:
        error = str(fields.network_error_code)
    reading = receipts.read(stat, None, error, profile)
    smsc_id = storable(profile.receipted_id(fields.smsc_message_id)) if fields.smsc_message_id else ""
    return Delivery(
        DeliveryKind.RECEIPT,
        pdu,
        pdu.raw,
        smsc_id,
        smsc_hash(smsc_id) if smsc_id else 0,
        _digits(pdu.source_addr),
        (recipient_tail(pdu.source_addr), recipient_tail(pdu.destination_addr)),
        reading.rank if reading else receipts.Rank.ENROUTE,
        reading.code if reading else receipts.code_of(receipts.Rank.ENROUTE),
        receipts.is_known(stat, None, profile),
    )


def _read_incoming(pdu: DeliverSm | DataSm, profile: CarrierProfile) -> IncomingSegment:
    return read_segment(
        sender=pdu.source_addr,
        recipient=pdu.destination_addr,
        data_coding=pdu.data_coding,
        octets=pdu.user_data,
        has_header=bool(pdu.esm_class & EsmClass.UDHI),
        sar=(
            pdu.tlv(Tag.SAR_MSG_REF_NUM),
            pdu.tlv(Tag.SAR_TOTAL_SEGMENTS),
            pdu.tlv(Tag.SAR_SEGMENT_SEQNUM),
        ),
        profile=profile,
    )


def read_poison(error: RemoteProtocolError) -> Delivery:
    """A deliver_sm or data_sm that cannot be read."""
    return Delivery(DeliveryKind.POISON, error, error.raw)


def storable(text: str) -> str:
    """A carrier's text as a database takes it: without NUL, and not longer than any id is."""
    return text.replace("\0", "")[:_LONGEST_ID] if len(text) > _LONGEST_ID or "\0" in text else text


def _digits(address: str) -> str:
    digits = address.strip().removeprefix("+")
    return digits.removeprefix("00") if digits.startswith("00") else digits


def fits(tails: tuple[int, int], tail: int) -> bool:
    """Whether a receipt with these ``tails`` may belong to a segment to a recipient with this tail.

    An id alone proves nothing where the carrier names another recipient; one that names none is believed.
    """
    return tail in tails or tail < 0 or tails[0] < 0
