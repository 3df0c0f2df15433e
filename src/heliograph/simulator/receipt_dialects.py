"""How carriers write their receipts: twelve ways with the message id, nine with the text.

No two carriers agree, and SMPP 3.4 (Appendix B) leaves the format to the vendor; a sender must match
them all.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum, unique
from typing import Final

import msgspec

from heliograph.simulator import smpp_wire as wire


@unique
class IdForm(StrEnum):
    """How the id stands in the answer to submit_sm, then how in the receipt."""

    DECIMAL = "decimal"
    HEX = "hex"
    HEX_THEN_DECIMAL = "hex_then_decimal"
    DECIMAL_THEN_HEX = "decimal_then_hex"
    UPPER_THEN_LOWER = "upper_then_lower"
    LOWER_THEN_UPPER = "lower_then_upper"
    PADDED_RECEIPT = "padded_receipt"
    PADDED_ANSWER = "padded_answer"
    HEX_THEN_PADDED_DECIMAL = "hex_then_padded_decimal"
    PADDED_HEX_THEN_DECIMAL = "padded_hex_then_decimal"
    UUID = "uuid"
    SPACE_AFTER = "space_after"


_ID_FORMS: Final[dict[IdForm, tuple[bytes, bytes]]] = {
    IdForm.DECIMAL: (b"%d", b"%d"),
    IdForm.HEX: (b"%x", b"%x"),
    IdForm.HEX_THEN_DECIMAL: (b"%x", b"%d"),
    IdForm.DECIMAL_THEN_HEX: (b"%d", b"%x"),
    IdForm.UPPER_THEN_LOWER: (b"%X", b"%x"),
    IdForm.LOWER_THEN_UPPER: (b"%x", b"%X"),
    IdForm.PADDED_RECEIPT: (b"%d", b"%020d"),
    IdForm.PADDED_ANSWER: (b"%020d", b"%d"),
    IdForm.HEX_THEN_PADDED_DECIMAL: (b"%x", b"%020d"),
    IdForm.PADDED_HEX_THEN_DECIMAL: (b"%016x", b"%d"),
    IdForm.UUID: (b"6f0c1a52-93d4-4e6b-8a17-%012x", b"6f0c1a52-93d4-4e6b-8a17-%012x"),
    IdForm.SPACE_AFTER: (b"%d", b"%d "),
}


@unique
class TextForm(StrEnum):
    """How the text of a receipt is laid out."""

    STANDARD = "standard"
    """As in SMPP 3.4, Appendix B; dates of 10 digits."""
    SECONDS = "seconds"
    """Dates of 12 digits."""
    CENTURY = "century"
    """Dates of 14 digits."""
    BARE = "bare"
    """Only id, stat and err."""
    REORDERED = "reordered"
    """The state first, the id behind it."""
    CAPITAL_TEXT = "capital_text"
    """``Text:``, zeros for dates, and letters in the error."""
    UCS2 = "ucs2"
    """Coded in UTF-16."""
    PAYLOAD = "payload"
    """In a message_payload TLV."""
    NONE = "none"
    """No text: the TLVs alone tell."""


_DATES: Final = b"submit date:%(submitted)b done date:%(done)b "
_STANDARD: Final = (
    b"id:%(id)b sub:001 dlvrd:%(delivered)b " + _DATES + b"stat:%(stat)b err:%(error)b text:%(text)b"
)
_BARE: Final = b"id:%(id)b stat:%(stat)b err:%(error)b"
_LAYOUTS: Final[dict[TextForm, bytes]] = {
    TextForm.STANDARD: _STANDARD,
    TextForm.SECONDS: _STANDARD,
    TextForm.CENTURY: _STANDARD,
    TextForm.BARE: _BARE,
    TextForm.REORDERED: b"stat:%(stat)b err:%(error)b done date:%(done)b id:%(id)b text:%(text)b",
    TextForm.CAPITAL_TEXT: (
        b"id:%(id)b sub:001 dlvrd:%(delivered)b submit date:0000000000 done date:0000000000 "
        b"stat:%(stat)b err:E%(error)b Text:%(text)b"
    ),
    TextForm.UCS2: _BARE,
    TextForm.PAYLOAD: _STANDARD,
    TextForm.NONE: b"",
}
_DATE_FORMS: Final = {TextForm.SECONDS: "%y%m%d%H%M%S", TextForm.CENTURY: "%Y%m%d%H%M%S"}
_TEXT_SHOWN: Final = 20

_MESSAGE_STATES: Final = {
    "ENROUTE": 1,
    "DELIVRD": 2,
    "EXPIRED": 3,
    "DELETED": 4,
    "UNDELIV": 5,
    "ACCEPTD": 6,
    "UNKNOWN": 7,
    "REJECTD": 8,
}
"""SMPP 3.4, 5.2.28."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One carrier's way."""

    ids: IdForm = IdForm.DECIMAL
    text: TextForm = TextForm.STANDARD
    tlvs: bool = True
    """Whether receipted_message_id, message_state and network_error_code come as TLVs too."""

    def __post_init__(self) -> None:
        if self.text is TextForm.NONE and not self.tlvs:
            raise ValueError("a receipt needs a text or TLVs")


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What a receipt says, before it is written in a dialect."""

    number: int
    """The message's number at the carrier; its id in every form is made of it."""
    state: str
    error: int
    submitted: bytes
    """When it was submitted, as ``date_format`` writes it."""
    octets: bytes
    """The user data of the segment, whose beginning some carriers show."""


def date_format(dialect: Dialect) -> Callable[[datetime], bytes]:
    """How the dialect writes a time."""
    pattern = _DATE_FORMS.get(dialect.text, "%y%m%d%H%M")
    return lambda moment: moment.strftime(pattern).encode()


def answer_id(dialect: Dialect) -> bytes:
    """The template of the id in submit_sm_resp: ``answer_id(dialect) % number``."""
    return _ID_FORMS[dialect.ids][0]


def receipt_writer(dialect: Dialect) -> Callable[[Receipt, bytes], tuple[int, bytes, bytes]]:
    """A function from a receipt and the date of its end to data_coding, short_message and TLVs."""
    id_form, layout = _ID_FORMS[dialect.ids][1], _LAYOUTS[dialect.text]

    def write(receipt: Receipt, done: bytes) -> tuple[int, bytes, bytes]:
        message_id = id_form % receipt.number
        text = layout % {
            b"id": message_id,
            b"delivered": b"001" if receipt.state == "DELIVRD" else b"000",
            b"submitted": receipt.submitted,
            b"done": done,
            b"stat": receipt.state.encode(),
            b"error": b"%03d" % receipt.error,
            b"text": receipt.octets[:_TEXT_SHOWN],
        }
        tlvs = _state_tlvs(message_id, receipt) if dialect.tlvs else b""
        if dialect.text is TextForm.UCS2:
            return 0x08, text.decode("ascii").encode("utf-16-be"), tlvs
        if dialect.text is TextForm.PAYLOAD:
            return 0x00, b"", tlvs + wire.tlv(wire.TLV_MESSAGE_PAYLOAD, text)
        return 0x00, text, tlvs

    return write


_ID_TLV: Final = b"\x00\x1e%c%c%b\0\x04\x27\0\x01%c"
_GSM: Final = 3
"""The network type of network_error_code (SMPP 3.4, 5.3.2.31)."""


def _state_tlvs(message_id: bytes, receipt: Receipt) -> bytes:
    tlvs = _ID_TLV % (0, len(message_id) + 1, message_id, _MESSAGE_STATES[receipt.state])
    if not receipt.error:
        return tlvs
    return tlvs + wire.tlv(wire.TLV_NETWORK_ERROR, bytes((_GSM,)) + receipt.error.to_bytes(2, "big"))
