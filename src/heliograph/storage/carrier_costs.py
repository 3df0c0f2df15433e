"""What carriers take for a segment by prefix, in millionths of the currency of the carrier's cost sheet."""

from collections.abc import Collection, Mapping

from heliograph.domain.margins import CostSheet
from heliograph.storage.database import Transaction, load_query


async def lock_cost_currency(tx: Transaction, carrier_id: int) -> str | None:
    """The currency of a carrier's costs; nobody else changes them until the transaction ends."""
    found: str | None = await tx.fetchval(load_query("lock_cost_currency"), carrier_id)
    return found


async def set_cost_currency(tx: Transaction, carrier_id: int, currency: str | None) -> None:
    """Say what currency a carrier's costs are in."""
    await tx.execute(load_query("set_cost_currency"), carrier_id, currency)


async def list_costs(tx: Transaction, carrier_id: int) -> dict[str, int]:
    """A carrier's costs by prefix."""
    row = await tx.fetchrow(load_query("list_costs"), carrier_id)
    assert row is not None
    return dict(zip(row["prefixes"], row["amounts"], strict=True))


async def set_costs(tx: Transaction, carrier_id: int, costs: Mapping[str, int]) -> None:
    """Set what a segment costs for each prefix; the empty prefix is for every number."""
    prefixes = sorted(costs)
    await tx.execute(load_query("set_costs"), carrier_id, prefixes, [costs[prefix] for prefix in prefixes])


async def remove_costs(tx: Transaction, carrier_id: int, prefixes: Collection[str]) -> None:
    """Remove the costs of prefixes."""
    await tx.execute(load_query("remove_costs"), carrier_id, sorted(prefixes))


async def remove_every_cost(tx: Transaction, carrier_id: int) -> None:
    """Remove the costs of a carrier."""
    await tx.execute(load_query("remove_every_cost"), carrier_id)


async def read_cost_sheets(tx: Transaction, carrier_ids: Collection[int] | None = None) -> list[CostSheet]:
    """The cost sheets of these carriers, or of all; a carrier without costs has none."""
    sheets = [
        CostSheet(
            row["carrier_id"], row["name"], row["cost_currency"], await list_costs(tx, row["carrier_id"])
        )
        for row in await tx.fetch(load_query("list_carriers_with_costs"))
        if carrier_ids is None or row["carrier_id"] in carrier_ids
    ]
    return [sheet for sheet in sheets if sheet.costs]
