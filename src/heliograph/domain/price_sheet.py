"""Prices as a table in a text: lines of prefix and price, as spreadsheets write them.

Fields are apart by comma, semicolon or tab, as the first line has them; where it is no comma, decimals may
follow a comma. A first line without any digit is a heading.
"""

import csv
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from heliograph.domain.typed_values import read_prefix, read_price, shown_prefix

MOST_LINES: Final = 20_000
MOST_FAULTS: Final = 20
_SEPARATORS: Final = "\t;,"


class SheetFault(msgspec.Struct, frozen=True):
    """What is wrong with a line, counted from 1."""

    line: int
    sentence: str


class PriceSheet(msgspec.Struct, frozen=True):
    """The prices of a text, in micro-units by prefix, and its first faults."""

    prices: dict[str, int]
    faults: tuple[SheetFault, ...]


class PriceChange(msgspec.Struct, frozen=True):
    """A price that would be another; None where there is none before, or none afterwards."""

    prefix: str
    before: int | None
    after: int | None


def read_price_sheet(text: str) -> PriceSheet:
    """The prices in a text. A text with a fault is not to be used at all."""
    lines = text.removeprefix("\ufeff").splitlines()
    if len(lines) > MOST_LINES:
        return PriceSheet({}, (SheetFault(MOST_LINES + 1, f"a table has at most {MOST_LINES} lines"),))
    heading, first = next(((number, line) for number, line in enumerate(lines, 1) if line.strip()), (0, ""))
    separator = next((each for each in _SEPARATORS if each in first), ",")
    prices: dict[str, int] = {}
    faults: list[SheetFault] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or (number == heading and not any(map(str.isdigit, line))):
            continue
        fault = _take_line(line, separator, prices)
        if fault is not None:
            faults.append(SheetFault(number, fault))
            if len(faults) == MOST_FAULTS:
                break
    return PriceSheet(prices, tuple(faults))


def _take_line(line: str, separator: str, prices: dict[str, int]) -> str | None:
    """Add the price of a line; what is wrong with it, None if nothing is."""
    try:
        fields = [field.strip() for field in next(csv.reader([line], delimiter=separator, strict=True))]
    except csv.Error:
        fields = []
    if len(fields) != 2:
        return "write prefix,price"
    prefix = read_prefix(fields[0].lstrip("+"))
    if prefix is None or not fields[0]:
        return f"{fields[0]!r} is no prefix: at most 15 digits, country code first, such as 46, or default"
    price = read_price(fields[1] if separator == "," else fields[1].replace(",", "."))
    if price is None:
        return f"{fields[1]!r} is not a price, such as 0.35, with at most 6 decimals"
    if prices.setdefault(prefix, price) != price:
        return f"{shown_prefix(prefix)} stands in the table twice, with different prices"
    return None


def price_changes(
    before: Mapping[str, int], after: Mapping[str, int], *, remove_others: bool
) -> list[PriceChange]:
    """What taking prices over would change, by prefix; ``remove_others`` takes away those not among them."""
    changes = [
        PriceChange(prefix, before.get(prefix), price)
        for prefix, price in after.items()
        if before.get(prefix) != price
    ]
    if remove_others:
        changes += [
            PriceChange(prefix, price, None) for prefix, price in before.items() if prefix not in after
        ]
    return sorted(changes, key=lambda change: change.prefix)


def prices_after(before: Mapping[str, int], changes: Iterable[PriceChange]) -> dict[str, int]:
    """The prices that changes lead to."""
    after = dict(before)
    for change in changes:
        if change.after is None:
            after.pop(change.prefix, None)
        else:
            after[change.prefix] = change.after
    return after
