"""Reads a deliver_sm or data_sm as a delivery receipt, and writes the text of one (SMPP 3.4, Appendix B).

The TLVs speak first (receipted_message_id, message_state, network_error_code), then the text, each field from
whichever has it. Every carrier writes that text in its own way, so it is read as fields in any order, any of
them missing. Text is Latin-1 or UCS-2 and never fails to decode; time is linear in the length.
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

import msgspec

from .constants import STATE_TEXTS, EsmClass, Tag
from .fields import Tlv
from .pdus import DataSm, DeliverSm

_RECEIPT_BITS: Final = 0x2C
_RECEIPT_CLASSES: Final = frozenset(
    value for value in range(256) if value & _RECEIPT_BITS and not value & EsmClass.USER_ACKNOWLEDGEMENT
)
"""Every esm_class whose bits 2-5 tell of delivery, whatever the other bits say: carriers set UDHI as well.

A user acknowledgement (0x10) and a conversation abort (0x18) are not about delivery (SMPP 3.4, 5.2.12).
"""

_USUAL: Final = re.compile(
    r"id:(\S++) sub:([0-9]{3}) dlvrd:([0-9]{3}) submit date:([0-9]{10,14}) done date:([0-9]{10,14})"
    r" stat:([A-Z]{7}) err:(\S{1,8})(?: [Tt]ext:(.*+))?+",
    re.DOTALL,
).fullmatch
"""The form of Appendix B, letter for letter. What matches here means the same to the general reader below."""

_KEY: Final = re.compile(
    r"(?<![a-z0-9_-])(id|submit[ _]?date|done[ _]?date|sub|dlvrd|stat|err|text)[ ]?:", re.IGNORECASE
)
_MESSAGE_ID, _STATE, _NETWORK_ERROR, _REFERENCE, _PAYLOAD = map(
    int,
    (
        Tag.RECEIPTED_MESSAGE_ID,
        Tag.MESSAGE_STATE,
        Tag.NETWORK_ERROR_CODE,
        Tag.USER_MESSAGE_REFERENCE,
        Tag.MESSAGE_PAYLOAD,
    ),
)
_SEPARATORS: Final = " \t\r\n\0,;|"


TextFields = tuple[str | None, ...]
"""What a text says in the order of Appendix B: id, sub, dlvrd, submit date, done date, stat, err, text."""


class ReceiptFields(msgspec.Struct, frozen=True, gc=False):
    """What one receipt says, nothing interpreted: texts are as the carrier wrote them, None where missing."""

    smsc_message_id: str | None = None
    message_state: str | None = None
    """``DELIVRD`` and so on, in capitals; a number where a TLV holds one that SMPP does not name."""
    error: str | None = None
    """The text's ``err``: often three digits, sometimes letters."""
    submitted_at_text: str | None = None
    done_at_text: str | None = None
    """Ten, twelve or fourteen digits in the carrier's time zone, or zeros; see ``read_receipt_time``."""
    submitted_count_text: str | None = None
    """The text's ``sub``."""
    delivered_count_text: str | None = None
    """The text's ``dlvrd``."""
    text: str | None = None
    """The first characters of the message, if the carrier repeats them."""
    network_type: int | None = None
    """The first octet of network_error_code (SMPP 3.4, 5.3.2.31)."""
    network_error_code: int | None = None
    user_message_reference: int | None = None


def is_receipt(pdu: DeliverSm | DataSm) -> bool:
    """Whether the esm_class marks this PDU as a receipt; its text alone never does."""
    return pdu.esm_class in _RECEIPT_CLASSES


def is_intermediate(pdu: DeliverSm | DataSm) -> bool:
    """Whether the esm_class marks it as an intermediate notification, which is never final."""
    return bool(pdu.esm_class & EsmClass.INTERMEDIATE_NOTIFICATION)


def read_receipt(pdu: DeliverSm | DataSm, *, text_suffices: bool = False) -> ReceiptFields | None:
    """The receipt in this PDU, or None if it is none (a message from a handset). Never raises.

    ``text_suffices`` is for carriers that do not set esm_class: a text with both an id and a state counts
    then. A receipt may come back without an id: nobody can say which message it belongs to, and it must be
    kept.
    """
    marked = pdu.esm_class in _RECEIPT_CLASSES
    if not (marked or text_suffices):
        return None
    octets = (pdu.short_message if type(pdu) is DeliverSm else b"") or pdu.tlv(_PAYLOAD) or b""
    usual = _USUAL(octets.decode("latin-1"))
    fields = _read_unusual(readable_text(octets)) if usual is None else usual.groups()
    if not (marked or (fields[0] and fields[5])):
        return None
    number, submitted, delivered, submitted_at, done_at, state, error, text = fields
    if not pdu.tlvs:
        return ReceiptFields(number, state, error, submitted_at, done_at, submitted, delivered, text)
    known = _from_tlvs(pdu.tlvs)
    number, state = known[0] or number, known[1] or state
    return ReceiptFields(
        number, state, error, submitted_at, done_at, submitted, delivered, text, known[2], known[3], known[4]
    )


def readable_text(octets: bytes) -> str:
    """Latin-1, or UCS-2 if a good part of the octets are NULs, whatever data_coding claims.

    UCS-2 that is out of line (behind a UDH of odd length, or little-endian) still shows its ASCII letters
    once the NULs are gone.
    """
    if octets.count(0) * 4 < len(octets):
        return octets.decode("latin-1")
    text = octets.decode("utf-16-be", "replace")
    return text if _KEY.search(text) else octets.replace(b"\0", b"").decode("latin-1")


def _read_unusual(text: str) -> TextFields:
    """Fields in any order; the first of a name counts, and behind ``text:`` only names that were not there
    before.
    """
    keys: dict[str, re.Match[str]] = {}
    for key in _KEY.finditer(text):
        keys.setdefault(key[1].lower().replace(" ", "").replace("_", ""), key)
    if not keys:
        return (None,) * 8
    ends = [*[key.start() for key in keys.values()][1:], len(text)]
    values = {
        name: text[key.end() : end].strip(_SEPARATORS)
        for (name, key), end in zip(keys.items(), ends, strict=True)
    }
    first = {name: _first_word(value) for name, value in values.items()}
    state = first.get("stat")
    return (
        first.get("id"),
        first.get("sub"),
        first.get("dlvrd"),
        first.get("submitdate"),
        first.get("donedate"),
        state.upper() if state else None,
        first.get("err"),
        values.get("text"),
    )


def _first_word(value: str) -> str | None:
    words = value.split(None, 1)
    return words[0].rstrip(_SEPARATORS) or None if words else None


def _from_tlvs(tlvs: tuple[Tlv, ...]) -> tuple[str | None, str | None, int | None, int | None, int | None]:
    """Id, state, network type and error, reference; the first TLV of a tag counts, one of a wrong size does
    not.
    """
    number = state = network_type = network_error_code = reference = None
    for tag, value in reversed(tlvs):
        if tag == _MESSAGE_ID:
            number = value.decode("latin-1").partition("\0")[0]
        elif tag == _STATE and len(value) == 1:
            state = STATE_TEXTS.get(value[0]) or str(value[0])
        elif tag == _NETWORK_ERROR and len(value) == 3:
            network_type, network_error_code = value[0], value[1] << 8 | value[2]
        elif tag == _REFERENCE and len(value) == 2:
            reference = value[0] << 8 | value[1]
    return number, state, network_type, network_error_code, reference


_TIME_FORMS: Final = {10: ("%y%m%d%H%M",), 12: ("%y%m%d%H%M%S", "%Y%m%d%H%M"), 14: ("%Y%m%d%H%M%S",)}


def read_receipt_time(text: str | None, zone: tzinfo = UTC) -> datetime | None:
    """The time a receipt's date means in the carrier's time zone; None for zeros and for what is no time."""
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    for form in _TIME_FORMS.get(len(text), ()):
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    return None


def receipt_text(
    smsc_message_id: str,
    message_state: str,
    *,
    submitted_at: datetime,
    done_at: datetime,
    error: str = "000",
    text: str = "",
    date_format: str = "%y%m%d%H%M",
) -> bytes:
    """The usual text of a receipt for one message, as an SMSC writes it; ``text`` is cut to 20 characters."""
    delivered = int(message_state == "DELIVRD")
    return (
        f"id:{smsc_message_id} sub:001 dlvrd:{delivered:03} submit date:{submitted_at.strftime(date_format)}"
        f" done date:{done_at.strftime(date_format)} stat:{message_state} err:{error} text:{text[:20]}"
    ).encode("latin-1", "replace")
