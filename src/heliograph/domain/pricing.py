"""The price of a segment to a destination, the quote of a batch, and how money is shown.

Money is an integer in micro-units: millionths of the one currency that an account has.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from heliograph.domain.prefix_table import PrefixTable

UNIT: Final = 1_000_000
"""Micro-units in one krona, euro, ..."""

HIGH_PRIORITY: Final = 2
_SURCHARGES: Final = {"SEK": 100_000, "EUR": 10_000}
_OTHER_SURCHARGE: Final = 10_000


def surcharge(priority: int, currency: str) -> int:
    """What priority 2 adds to each segment: 0.10 SEK, 0.01 EUR, and 0.01 in any other currency."""
    return _SURCHARGES.get(currency, _OTHER_SURCHARGE) if priority == HIGH_PRIORITY else 0


class PriceTable:
    """The price of one segment by the longest prefix of its recipient, in micro-units."""

    __slots__ = ("_prices",)

    def __init__(self, prices: Mapping[str, int]) -> None:
        self._prices = PrefixTable(prices)

    def segment_price(self, msisdn: str) -> int | None:
        """The price of a segment to a number; None when the list has no price for it."""
        return self._prices.find(msisdn)

    def segment_prices(self, msisdns: Sequence[str]) -> list[int | None]:
        """The prices of a segment to each of many numbers, in their order."""
        return self._prices.find_all(msisdns)


class Quote(msgspec.Struct, frozen=True):
    """What the messages of a batch cost; ``prices`` stands in the order of the messages."""

    prices: list[int]
    total: int
    unpriced: list[int]
    """Positions of messages to be sent for which the list has no price."""


def quote(
    table: PriceTable,
    recipients: Sequence[str],
    segments: Sequence[int],
    codes: Sequence[int],
    *,
    extra: int = 0,
) -> Quote:
    """The price of each message: segments times price, ``extra`` (``surcharge``) added to each segment.

    A message with a code other than 0 was refused and costs nothing.
    """
    rates = table.segment_prices(recipients)
    prices = [
        0 if code or rate is None else count * (rate + extra)
        for rate, count, code in zip(rates, segments, codes, strict=True)
    ]
    unpriced = [n for n, rate in enumerate(rates) if rate is None and not codes[n]] if None in rates else []
    return Quote(prices, sum(prices), unpriced)


def as_number(micro: int) -> float:
    """An amount as the number JSON shows: 125000 is 0.125, exact for amounts below a thousand million."""
    return micro / UNIT


def as_text(micro: int) -> str:
    """An amount in decimal without needless zeros, exact at any size: 125000 is ``0.125``."""
    whole, rest = divmod(abs(micro), UNIT)
    fraction = f".{rest:06}".rstrip("0") if rest else ""
    return f"{'-' if micro < 0 else ''}{whole}{fraction}"


def average(total: int, messages: int) -> float:
    """The average price of a message, cut (not rounded) to 4 decimals as the API shows it; 0 for none."""
    return total // messages // 100 / 10_000 if messages else 0.0
