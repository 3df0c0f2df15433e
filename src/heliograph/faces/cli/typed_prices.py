"""Prices and costs by prefix as people type them, and files of them."""

from collections.abc import Iterable
from pathlib import Path

from heliograph.domain.price_sheet import read_price_sheet
from heliograph.faces.cli.amounts import parse_price
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.prefixes import parse_prefix


def parse_prices(assignments: Iterable[str], *, kind: str = "price") -> dict[str, int]:
    """Micro-units by prefix from ``46=0.35`` and the like. Raises CommandRefused."""
    found: dict[str, int] = {}
    for assignment in assignments:
        prefix, separator, price = assignment.partition("=")
        if not separator or not prefix.strip():
            raise CommandRefused(f"{assignment!r} is no {kind}: write it as 46=0.35 or default=0.80")
        found[parse_prefix(prefix.strip())] = parse_price(price.strip())
    return found


def read_price_file(path: Path) -> dict[str, int]:
    """Micro-units by prefix from a file with lines of prefix,price. Raises CommandRefused."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandRefused(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    sheet = read_price_sheet(text)
    if sheet.faults:
        first = sheet.faults[0]
        raise CommandRefused(f"{path}, line {first.line}: {first.sentence}")
    return sheet.prices
