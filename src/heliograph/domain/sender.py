"""What the handset shows as sender: alphanumeric, short code or MSISDN, and the TON and NPI that follow."""

from enum import StrEnum, unique
from typing import Final

from heliograph.domain.refusals import Refusal

MAX_DIGITS: Final = 15
MIN_ALPHANUMERIC: Final = 3
MAX_ALPHANUMERIC: Final = 11
_LONGEST_SHORT_CODE: Final = 6


@unique
class SenderKind(StrEnum):
    """The three kinds of sender a network knows."""

    ALPHANUMERIC = "alphanumeric"
    """3 to 11 of A-Z, a-z, 0-9, with at least one letter; nobody can answer it."""
    SHORT_CODE = "short_code"
    """Up to 6 digits: a number of the carrier, without country code."""
    MSISDN = "msisdn"
    """7 to 15 digits: an international phone number."""


TYPE_OF_ADDRESS: Final = {
    SenderKind.ALPHANUMERIC: (5, 0),
    SenderKind.SHORT_CODE: (3, 0),
    SenderKind.MSISDN: (1, 1),
}
"""TON and NPI of each kind (SMPP 3.4, 5.2.5 and 5.2.6); a carrier's profile may differ."""


def kind_of(sender: str) -> SenderKind:
    """The kind of a sender that ``check_sender`` lets pass."""
    if not sender.isdigit():
        return SenderKind.ALPHANUMERIC
    return SenderKind.SHORT_CODE if len(sender) <= _LONGEST_SHORT_CODE else SenderKind.MSISDN


def check_sender(sender: object, field: str = "sender") -> Refusal | None:
    """Why a sender cannot be used, or None: 3 to 11 letters and digits, or a number of at most 15."""
    if sender is None:
        return Refusal(field, "required", "sender is required.")
    if not isinstance(sender, str):
        return Refusal(field, "not_text", "sender must be a string.")
    if not sender:
        return Refusal(field, "empty", "sender must not be empty.")
    if not sender.isascii() or not sender.isalnum():
        return Refusal(
            field, "characters", "sender may only consist of the letters A-Z and a-z and the digits 0-9."
        )
    return _check_number(sender, field) if sender.isdigit() else _check_alphanumeric(sender, field)


def _check_number(sender: str, field: str) -> Refusal | None:
    if len(sender) > MAX_DIGITS:
        return Refusal(
            field, "too_long", f"A numeric sender has at most 15 digits; this one has {len(sender)}."
        )
    if sender[0] == "0":
        return Refusal(
            field,
            "leading_zero",
            "A numeric sender starts with its country code, never with 0 or 00, such as 46101606060.",
        )
    return None


def _check_alphanumeric(sender: str, field: str) -> Refusal | None:
    if MIN_ALPHANUMERIC <= len(sender) <= MAX_ALPHANUMERIC:
        return None
    return Refusal(
        field, "length", f"An alphanumeric sender has 3 to 11 characters; this one has {len(sender)}."
    )
