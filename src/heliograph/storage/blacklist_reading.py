"""Reads the blacklist of one account: one entry, a page of them, how many there are."""

from datetime import datetime

import msgspec

from heliograph.storage.bounded_counts import COUNTED, Counted
from heliograph.storage.database import Transaction, load_query


class BlacklistEntry(msgspec.Struct, frozen=True):
    """A number that an account never sends to."""

    msisdn: str
    created_at: datetime


async def find_in_blacklist(tx: Transaction, account_id: int, msisdn: str) -> BlacklistEntry | None:
    """The entry of a number; None if there is none."""
    row = await tx.fetchrow(load_query("find_in_blacklist"), account_id, msisdn)
    return None if row is None else BlacklistEntry(*row)


async def list_blacklist(
    tx: Transaction, account_id: int, *, start: int, limit: int, newest_first: bool
) -> list[BlacklistEntry]:
    """A page of the account's entries by the time they were added."""
    query = "list_blacklist_newest_first" if newest_first else "list_blacklist_oldest_first"
    return [BlacklistEntry(*row) for row in await tx.fetch(load_query(query), account_id, start, limit)]


async def count_blacklist_up_to(tx: Transaction, account_id: int) -> Counted:
    """How many entries there are, as far as that is counted."""
    found = await tx.fetchval(load_query("count_blacklist_up_to"), account_id, COUNTED + 1)
    return Counted.up_to(COUNTED, found)


async def count_blacklist(tx: Transaction, account_id: int) -> int:
    """How many entries ``list_blacklist`` has in all."""
    count: int = await tx.fetchval(load_query("count_blacklist"), account_id)
    return count
