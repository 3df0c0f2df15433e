"""Accounts as operators see them: with their balance and what they were charged today."""

from datetime import datetime
from typing import Final

import msgspec

from heliograph.domain.daily_cap import day_of, start_of
from heliograph.domain.ids import id_at
from heliograph.storage.accounts import StoredAccount
from heliograph.storage.database import Transaction, load_query

CHARGES_SUMMED: Final = 5_000


class AccountLine(msgspec.Struct, frozen=True):
    """An account and what it was charged today, in micro-units."""

    account: StoredAccount
    spent: int
    is_spent_partly: bool
    """Whether there were more charges than were summed."""


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
    day = day_of(now)
    rows = await tx.fetch(
        load_query("list_account_lines"),
        search or None,
        number,
        after,
        limit,
        day,
        id_at(int(start_of(day).timestamp())),
        CHARGES_SUMMED,
    )
    return [_line(dict(row)) for row in rows]


async def find_account_line(tx: Transaction, number: str, *, now: datetime) -> AccountLine | None:
    """The account with that number."""
    found = await list_account_lines(tx, now=now, number=number, limit=1)
    return found[0] if found else None


def _line(row: dict[str, object]) -> AccountLine:
    spent, partly = row.pop("spent"), row.pop("is_spent_partly")
    return AccountLine(StoredAccount(**row), spent, partly)  # type: ignore[arg-type]
