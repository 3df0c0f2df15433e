"""How a carrier differs from the rest, as data: a new carrier is a row, never a subclass.

A profile is kept as a JSON object and read by ``load_profile``; what it leaves out keeps its default.
"""

import re
from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from heliograph.domain.sender import SenderKind

_MAX_ID: Final = 65

Octet = Annotated[int, Meta(ge=0, le=255)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
ReceiptRank = Literal["ENROUTE", "UNKNOWN", "EXPIRED", "DELETED", "UNDELIV", "REJECTD", "DELIVERED"]


@unique
class ReceiptIds(StrEnum):
    """How the id in a receipt relates to the one in the answer to submit_sm."""

    EXACT = "exact"
    """The same text, but for case, spaces and NUL around it."""
    RESP_HEX_DLR_DEC = "resp_hex_dlr_dec"
    """Hexadecimal in the answer, decimal in the receipt."""
    RESP_DEC_DLR_HEX = "resp_dec_dlr_hex"
    """Decimal in the answer, hexadecimal in the receipt."""
    STRIP_LEADING_ZEROS = "strip_leading_zeros"
    """The same text, but for zeros in front."""


class StatusRule(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"kind": "class"}
):
    """What a carrier's command_status means instead of the table's word; see ``outcome.Rule``."""

    kind: Literal["OK", "PERM", "ROUTE", "BUG", "RETRY", "THROTTLE", "BIND"]
    code: Annotated[int, Meta(ge=400, le=599)] = 406
    delays: tuple[Seconds, ...] = ()


class TypeOfAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """TON and NPI of an address (SMPP 3.4, 5.2.5 and 5.2.6)."""

    ton: Octet
    npi: Octet


class CarrierProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every way in which a carrier may differ. Times in seconds, paces in segments a second."""

    window: Annotated[int, Meta(ge=1, le=1000)] = 10
    """Unanswered requests on one bind."""
    tps: Annotated[float, Meta(gt=0, le=100_000)] = 100.0
    """Segments a second over all binds, as the contract says."""
    receipt_ids: ReceiptIds = ReceiptIds.EXACT
    long_messages: Literal["udh8"] = "udh8"
    """How segments are joined: concatenation header with an 8-bit reference."""

    connect_seconds: Seconds = 10.0
    bind_seconds: Seconds = 30.0
    enquire_link_seconds: Seconds = 30.0
    """Idle time before we ask whether the other end lives."""
    enquire_answer_seconds: Seconds = 15.0
    response_seconds: Seconds = 60.0
    """How long an answer to submit_sm may take before the segment is in doubt."""

    system_type: Annotated[str, Meta(max_length=12)] = ""
    interface_version: Octet = 0x34
    address_range: Annotated[str, Meta(max_length=40)] = ""
    service_type: Annotated[str, Meta(max_length=5)] = ""
    registered_delivery: Octet = 1
    recipient_type: TypeOfAddress = TypeOfAddress(1, 1)
    sender_types: dict[SenderKind, TypeOfAddress] = {}
    """Differences from ``sender.TYPE_OF_ADDRESS``."""

    status_overrides: dict[int, StatusRule] = {}
    """command_status to what it means with this carrier."""
    stat_overrides: dict[str, ReceiptRank] = {}
    """``stat`` text of a receipt, upper case, to the name of a ``receipt.Rank``."""
    error_codes: dict[str, Annotated[int, Meta(ge=500, le=599)]] | None = None
    """``err`` text of an UNDELIV receipt to a public code; None takes the MAP table, {} none."""

    incoming_alphabet: Literal["gsm7", "gsm7_packed", "latin1"] = "gsm7"
    """What data_coding 0 means in messages from handsets: septets one to an octet, packed, or Latin-1."""
    deliver_failure: Literal["silence"] | Annotated[int, Meta(ge=1, le=0x4FF)] = "silence"
    """Our answer to deliver_sm when we cannot store it: none at all, or this temporary command_status."""

    def submitted_id(self, raw: str) -> str:
        """The form under which an id from submit_sm_resp is kept and compared."""
        if self.receipt_ids is ReceiptIds.RESP_HEX_DLR_DEC:
            return _decimal_of(raw, 16)
        if self.receipt_ids is ReceiptIds.RESP_DEC_DLR_HEX:
            return _decimal_of(raw, 10)
        return self._textual(raw)

    def receipted_id(self, raw: str) -> str:
        """The form of an id from a receipt; equals ``submitted_id`` of the answer it belongs to."""
        if self.receipt_ids is ReceiptIds.RESP_HEX_DLR_DEC:
            return _decimal_of(raw, 10)
        if self.receipt_ids is ReceiptIds.RESP_DEC_DLR_HEX:
            return _decimal_of(raw, 16)
        return self._textual(raw)

    def _textual(self, raw: str) -> str:
        text = _trimmed(raw)
        if self.receipt_ids is ReceiptIds.STRIP_LEADING_ZEROS:
            return text.lstrip("0") or "0"
        return text


def _trimmed(raw: str) -> str:
    return raw.strip("\0 \t\r\n").lower()


def _decimal_of(raw: str, base: int) -> str:
    """The number in decimal, of any size; what is no number of that base stays as text."""
    text = _trimmed(raw)
    if not text.isascii() or not text.isalnum() or len(text) > _MAX_ID:
        return text
    try:
        return str(int(text, base))
    except ValueError:
        return text


_KINDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
}
_BOUNDS: Final = {">=": "of at least", "<=": "of at most", ">": "above", "<": "below"}
_LENGTHS: Final = {">=": "at least", "<=": "at most"}
_BOUND: Final = re.compile(r"Expected `(\w+)` (>=|<=|>|<) ([\d.]+)")
_LENGTH: Final = re.compile(r"Expected `str` of length (>=|<=) (\d+)")
_KIND: Final = re.compile(r"Expected `(\w+)")


class ProfileError(ValueError):
    """A carrier's profile breaks a rule; the text names the field."""


def load_profile(raw: Mapping[str, object]) -> CarrierProfile:
    """The profile of a JSON object; ``status_overrides`` may be keyed ``"0x45"`` or ``"69"``.

    Raises ProfileError naming the field that is wrong.
    """
    values = dict(raw)
    if isinstance(overrides := values.get("status_overrides"), Mapping):
        values["status_overrides"] = {_status_key(key): rule for key, rule in overrides.items()}
    if isinstance(stats := values.get("stat_overrides"), Mapping):
        values["stat_overrides"] = {str(key).strip().upper(): rank for key, rank in stats.items()}
    try:
        return msgspec.convert(values, CarrierProfile)
    except msgspec.ValidationError as error:
        raise ProfileError(f"carrier profile: {_in_words(str(error))}") from None


def _in_words(fault: str) -> str:
    """What a reader of JSON finds wrong, for people: "Expected `int` <= 1000 - at `$.window`"."""
    expected, at, place = fault.partition(" - at ")
    if bound := _BOUND.fullmatch(expected):
        words = (
            f"It must be {_KINDS.get(bound[1], 'a value')} {_BOUNDS[bound[2]]} {bound[3].removesuffix('.0')}"
        )
    elif length := _LENGTH.fullmatch(expected):
        words = f"It must have {_LENGTHS[length[1]]} {length[2]} characters"
    elif kind := _KIND.match(expected):
        words = f"It must be {_KINDS.get(kind[1], 'another kind of value')}"
    else:
        words = expected
    return f"{words}{at}{place}"


def _status_key(key: object) -> int:
    if isinstance(key, int):
        return key
    try:
        return int(str(key), 0)
    except ValueError:
        raise ProfileError(
            f"carrier profile: status_overrides: {str(key)!r} is no command_status; write it like 0x45"
        ) from None


DEFAULT_PROFILE: Final = CarrierProfile()
"""A carrier that follows SMPP 3.4 and differs in nothing."""
