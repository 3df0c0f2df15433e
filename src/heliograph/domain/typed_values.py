"""Amounts, prefixes and paces as people type them: the rules that every face reads them by."""

import math
from decimal import Decimal, InvalidOperation
from typing import Final

from heliograph.domain.pricing import UNIT
from heliograph.domain.rate_limit import RateLimit

LARGEST_AMOUNT: Final = 10**12
"""In units of a currency."""
LARGEST_BURST: Final = 1_000_000
SLOWEST_PACE: Final = 0.001
LONGEST_PREFIX: Final = 15
EVERY_NUMBER: Final = "default"
"""How the prefix that every number has is written."""


def with_decimal_point(text: str) -> str:
    """A number as people type it, blanks between its thousands and a decimal comma, as it is read.

    Of a comma and a point in one number the first separates thousands: 1.012,50 and 1,012.50 are the same.
    """
    digits = "".join(text.split())
    if "," in digits and "." in digits:
        grouping = min(",.", key=digits.index)
        digits = digits.replace(grouping, "")
    return digits.replace(",", ".")


def read_amount(text: str, *, lowest: int = 1) -> int | None:
    """``12.50`` in micro-units; None for what is no amount of at most 6 decimals, from ``lowest`` upwards."""
    try:
        micro = Decimal(text.strip()) * UNIT
    except InvalidOperation:
        return None
    if not micro.is_finite() or not lowest <= micro <= LARGEST_AMOUNT * UNIT or micro != int(micro):
        return None
    return int(micro)


def read_price(text: str) -> int | None:
    """The price of a segment, which may be 0, in micro-units; None for what is no price."""
    return read_amount(text, lowest=0)


def read_prefix(text: str) -> str | None:
    """The digits that numbers begin with; none of them or ``default`` for every number. None: no prefix."""
    digits = "" if text == EVERY_NUMBER else text
    if digits and not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_PREFIX):
        return None
    return digits


def shown_prefix(prefix: str) -> str:
    """A prefix as lists show it."""
    return prefix or EVERY_NUMBER


def read_pace(text: str) -> float | None:
    """Recipients a second; None for what is no pace."""
    try:
        pace = float(text)
    except ValueError:
        return None
    return pace if SLOWEST_PACE <= pace <= LARGEST_BURST else None


def burst_of(per_second: float) -> int:
    """How many may come at once where nobody has said: what the pace gives in a second."""
    return max(1, math.ceil(per_second))


def paced(per_second: float, burst: int | None) -> RateLimit | None:
    """A limit; None if so many at once are not allowed."""
    if burst is not None and not 1 <= burst <= LARGEST_BURST:
        return None
    return RateLimit(per_second, burst_of(per_second) if burst is None else burst)
