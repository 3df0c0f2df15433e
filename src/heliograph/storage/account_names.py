"""What accounts are called, of the few that a page speaks of."""

from collections.abc import Collection
from typing import NamedTuple

from heliograph.storage.database import Transaction, load_query


class AccountName(NamedTuple):
    """The public number of an account (``ip1-10001``) and its name."""

    number: str
    name: str


async def find_account_names(tx: Transaction, account_ids: Collection[int]) -> dict[int, AccountName]:
    """Numbers and names by id."""
    rows = await tx.fetch(load_query("find_account_names"), list(account_ids))
    return {row["account_id"]: AccountName(row["number"], row["name"]) for row in rows}
