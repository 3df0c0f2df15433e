"""What operators do to the cost sheet of a carrier: all of it is in one currency."""

import re
from collections.abc import Mapping

from heliograph.domain.price_sheet import PriceChange, price_changes
from heliograph.storage.carrier_costs import (
    list_costs,
    lock_cost_currency,
    remove_costs,
    remove_every_cost,
    set_cost_currency,
    set_costs,
)
from heliograph.storage.database import Transaction


class CostsRefused(Exception):
    """The costs cannot be taken over; one sentence says why."""


async def take_costs(
    tx: Transaction,
    carrier_id: int,
    costs: Mapping[str, int],
    *,
    currency: str | None,
    usual_currency: str,
    remove_others: bool = False,
) -> list[PriceChange]:
    """Set costs of a carrier that exists; what changed by that. Raises CostsRefused.

    Without a ``currency`` it is that of the costs already there, or the usual one.
    """
    stored = await lock_cost_currency(tx, carrier_id)
    wanted = (currency or stored or usual_currency).upper()
    if not re.fullmatch("[A-Z]{3}", wanted):
        raise CostsRefused(f"{wanted!r} is no currency: three letters, such as SEK")
    before = await list_costs(tx, carrier_id)
    if before and stored != wanted:
        raise CostsRefused(f"its costs are in {stored}: remove them before you set others in {wanted}")
    changes = price_changes(before, costs, remove_others=remove_others)
    new = {change.prefix: change.after for change in changes if change.after is not None}
    await set_costs(tx, carrier_id, new)
    await remove_costs(tx, carrier_id, [change.prefix for change in changes if change.after is None])
    if stored != wanted:
        await set_cost_currency(tx, carrier_id, wanted)
    return changes


async def drop_cost(tx: Transaction, carrier_id: int, prefix: str) -> bool:
    """Remove one cost; False if it was not there."""
    await lock_cost_currency(tx, carrier_id)
    left = await list_costs(tx, carrier_id)
    if left.pop(prefix, None) is None:
        return False
    await remove_costs(tx, carrier_id, [prefix])
    if not left:
        await set_cost_currency(tx, carrier_id, None)
    return True


async def drop_costs(tx: Transaction, carrier_id: int) -> int:
    """Remove every cost of a carrier, which may have costs in another currency then; how many there were."""
    await lock_cost_currency(tx, carrier_id)
    before = await list_costs(tx, carrier_id)
    await remove_every_cost(tx, carrier_id)
    await set_cost_currency(tx, carrier_id, None)
    return len(before)
