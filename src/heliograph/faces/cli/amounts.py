"""Amounts of money as people type and read them, exact in both directions."""

from decimal import Decimal, InvalidOperation

from heliograph.domain.pricing import UNIT, as_text
from heliograph.faces.cli.command_refused import CommandRefused

_LARGEST = 10**12


def parse_amount(text: str) -> int:
    """``12.50`` in micro-units: 12500000. Raises CommandRefused for anything but a positive amount."""
    return _parse(text, lowest=1, wanted="a positive amount, such as 12.50")


def parse_price(text: str) -> int:
    """The same for the price of a segment, which may be 0."""
    return _parse(text, lowest=0, wanted="a price, such as 0.35")


def money(micro: int, currency: str) -> str:
    """An amount with its currency: ``12.5 SEK``."""
    return f"{as_text(micro)} {currency}"


def _parse(text: str, *, lowest: int, wanted: str) -> int:
    try:
        amount = Decimal(text) * UNIT
    except InvalidOperation:
        raise CommandRefused(f"{text!r} is not {wanted}") from None
    if not amount.is_finite() or not lowest <= amount <= _LARGEST * UNIT or amount != int(amount):
        raise CommandRefused(f"{text!r} is not {wanted}, with at most 6 decimals")
    return int(amount)
