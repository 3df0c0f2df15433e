"""Child accounts as their parent sees them, and credit that moves from it to them."""

from datetime import datetime

import msgspec

from heliograph.domain.ids import IdSource
from heliograph.storage.database import Transaction, load_query


class ChildAccount(msgspec.Struct, frozen=True):
    """A child account and its balance, in micro-units."""

    number: str
    name: str
    currency: str
    balance: int


class Transfer(msgspec.Struct, frozen=True):
    """The balances after credit was moved, in micro-units."""

    parent_balance: int
    child_balance: int


async def read_balance(tx: Transaction, account_id: int) -> int:
    """The balance of an account, in micro-units."""
    balance: int = await tx.fetchval(load_query("read_balance"), account_id)
    return balance


async def count_children(tx: Transaction, parent_id: int) -> int:
    """How many children an account has."""
    count: int = await tx.fetchval(load_query("count_child_accounts"), parent_id)
    return count


async def list_children(
    tx: Transaction, parent_id: int, *, start: int, limit: int, newest_first: bool
) -> list[ChildAccount]:
    """A page of the children of an account, by their age."""
    rows = await tx.fetch(load_query("read_child_accounts"), parent_id, None, newest_first, start, limit)
    return [ChildAccount(*row) for row in rows]


async def find_child(tx: Transaction, parent_id: int, number: str) -> ChildAccount | None:
    """The child with that number; None if the account has no such child."""
    row = await tx.fetchrow(load_query("read_child_accounts"), parent_id, number, False, 0, 1)
    return None if row is None else ChildAccount(*row)


async def find_child_id(tx: Transaction, parent_id: int, number: str) -> int | None:
    """The id of the child with that number; None if the account has no such child."""
    found: int | None = await tx.fetchval(load_query("find_child_account"), parent_id, number)
    return found


async def move_credit(
    tx: Transaction,
    parent: tuple[int, str],
    child: tuple[int, str],
    amount: int,
    *,
    now: datetime,
    ids: IdSource,
) -> Transfer | None:
    """Move credit in micro-units from one account to another, each given as id and number.

    None, and nothing to be kept of the transaction, if the first account lacks it.
    """
    if amount <= 0:
        raise ValueError("credit is moved in positive amounts")
    seconds = int(now.timestamp())
    statement = load_query("transfer_credit")
    taken = await tx.fetchval(statement, parent[0], ids.new(seconds), -amount, f"To {child[1]}", now)
    if taken is None:
        return None
    given = await tx.fetchval(statement, child[0], ids.new(seconds), amount, f"From {parent[1]}", now)
    assert given is not None
    return Transfer(taken, given)
