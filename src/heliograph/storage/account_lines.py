"""Accounts as operators see them: with their balance and what they were charged today."""

from datetime import datetime
from typing import Final

import msgspec

from heliograph.domain.daily_cap import day_of, start_of
from heliograph.domain.ids import id_at
from heliograph.domain.installation_alarms import LowBalance
from heliograph.storage.accounts import StoredAccount
from heliograph.storage.database import Transaction, load_query

CHARGES_SUMMED: Final = 5_000
POOREST: Final = 50
POOREST_CHARGES: Final = 500


class AccountLine(msgspec.Struct, frozen=True):
    """An account and what it was charged today, in micro-units."""

    account: StoredAccount
    spent: int
    returned: int
    """What came back today, of whichever day's charges."""
    is_spent_partly: bool
    """Whether there were more entries than were summed."""


class AccountUser(msgspec.Struct, frozen=True):
    """Somebody who belongs to an account."""

    name: str
    email: str
    role: str
    is_disabled: bool


async def list_account_users(tx: Transaction, account_id: int) -> list[AccountUser]:
    """Who belongs to an account, at most a hundred."""
    return [AccountUser(*row) for row in await tx.fetch(load_query("list_account_users"), account_id)]


async def list_account_lines(
    tx: Transaction,
    *,
    now: datetime,
    search: str = "",
    number: str | None = None,
    after: int = 0,
    limit: int,
) -> list[AccountLine]:
    """Accounts by id, from the one after ``after``; ``search`` is a piece of a number or a name."""
    rows = await tx.fetch(load_query("list_account_lines"), search or None, number, after, limit)
    return [await _line(tx, StoredAccount(**dict(row)), now) for row in rows]


async def find_account_line(tx: Transaction, number: str, *, now: datetime) -> AccountLine | None:
    """The account with that number."""
    found = await list_account_lines(tx, now=now, number=number, limit=1)
    return found[0] if found else None


async def sum_charges(
    tx: Transaction, account_id: int, *, now: datetime, most: int = CHARGES_SUMMED
) -> tuple[int, int, bool]:
    """What an account was charged today and what came back, in micro-units, and whether that is not all."""
    first = id_at(int(start_of(day_of(now)).timestamp()))
    row = await tx.fetchrow(load_query("sum_charges"), account_id, first, most)
    assert row is not None
    return row["spent"], row["returned"], row["entries"] == most


async def list_low_balances(tx: Transaction, *, now: datetime) -> list[LowBalance]:
    """Accounts below zero, and those that have less left than they were charged today; of the poorest."""
    found = []
    for row in await tx.fetch(load_query("list_low_balances"), POOREST):
        spent, _, _ = await sum_charges(tx, row["account_id"], now=now, most=POOREST_CHARGES)
        if row["balance"] < spent:
            found.append(LowBalance(row["number"], row["balance"], spent))
    return found


async def _line(tx: Transaction, account: StoredAccount, now: datetime) -> AccountLine:
    return AccountLine(account, *await sum_charges(tx, account.account_id, now=now))
