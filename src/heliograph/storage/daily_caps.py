"""What accounts with a daily cap spend, exact over every process: a row for each account and day.

The row is changed in the transaction that charges, by a condition on the row itself; so of two that come at
once the second sees what the first one took.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from heliograph.domain.daily_cap import day_of, start_of
from heliograph.storage.database import Connection, Transaction, load_query


class Spending(NamedTuple):
    """What an account is about to spend, and the most it may spend in the day; in micro-units."""

    total: int
    cap: int


async def take_from_caps(
    tx: Transaction, spendings: Mapping[int, Spending], *, now: datetime
) -> frozenset[int]:
    """Count what accounts spend; those that would pass their cap, for whom all must be rolled back."""
    missing = await _without_room(tx, spendings, now)
    if not missing:
        return missing
    for account_id in sorted(missing):
        await open_spend_day(tx, account_id, now=now)
    return await _without_room(tx, {account_id: spendings[account_id] for account_id in missing}, now)


async def open_spend_day(connection: Transaction | Connection, account_id: int, *, now: datetime) -> None:
    """Make the row of an account's day, unless it is there."""
    day = day_of(now)
    start = start_of(day)
    lowest = int(start.timestamp()).to_bytes(4, "big") + bytes(8)
    await connection.execute(load_query("open_spend_day"), account_id, day, lowest, start)


async def read_spent(connection: Transaction | Connection, account_id: int, *, now: datetime) -> int:
    """What an account with a cap has spent in the day."""
    await open_spend_day(connection, account_id, now=now)
    spent: int = await connection.fetchval(load_query("read_daily_spend"), account_id, day_of(now))
    return spent


async def _without_room(tx: Transaction, spendings: Mapping[int, Spending], now: datetime) -> frozenset[int]:
    accounts = sorted(spendings)
    rows = await tx.fetch(
        load_query("take_from_caps"),
        accounts,
        [spendings[account_id].total for account_id in accounts],
        [spendings[account_id].cap for account_id in accounts],
        day_of(now),
    )
    return frozenset(accounts).difference([row[0] for row in rows])
