"""Prices taken over from a table: what would change is shown first, and only that is done."""

import hashlib
from collections.abc import Mapping, Sequence

from heliograph.domain.price_sheet import PriceChange
from heliograph.storage.database import Transaction
from heliograph.storage.price_lists import remove_price, set_prices


def fingerprint_of(prices: Mapping[str, int]) -> str:
    """Says of prices whether they are still those that somebody has seen."""
    text = ",".join(f"{prefix}={amount}" for prefix, amount in sorted(prices.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def apply_price_changes(tx: Transaction, price_list_id: int, changes: Sequence[PriceChange]) -> None:
    """Set and remove prices."""
    new = {change.prefix: change.after for change in changes if change.after is not None}
    if new:
        await set_prices(tx, price_list_id, new)
    for change in changes:
        if change.after is None:
            await remove_price(tx, price_list_id, change.prefix)
