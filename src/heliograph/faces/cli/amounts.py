"""Amounts of money as people type and read them, exact in both directions."""

from heliograph.domain.pricing import as_text
from heliograph.domain.typed_values import read_amount, read_price
from heliograph.faces.cli.command_refused import CommandRefused


def parse_amount(text: str) -> int:
    """``12.50`` in micro-units: 12500000. Raises CommandRefused for anything but a positive amount."""
    return _found(read_amount(text), text, wanted="a positive amount, such as 12.50")


def parse_price(text: str) -> int:
    """The same for the price of a segment, which may be 0."""
    return _found(read_price(text), text, wanted="a price, such as 0.35")


def money(micro: int, currency: str) -> str:
    """An amount with its currency: ``12.5 SEK``."""
    return f"{as_text(micro)} {currency}"


def _found(micro: int | None, text: str, *, wanted: str) -> int:
    if micro is None:
        raise CommandRefused(f"{text!r} is not {wanted}, with at most 6 decimals")
    return micro
