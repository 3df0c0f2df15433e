"""The blacklist of an account: numbers that it never sends to, and how they came and went.

An entry counts from its commit on, in every process: whoever asks what may be sent asks the database. So
that accounts without any entry need not be asked for, the first one sets a flag beside the balance of the
account, which every paid send reads with its debit.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum, unique

import msgspec

from heliograph.storage.blacklist_reading import BlacklistEntry, find_in_blacklist
from heliograph.storage.database import Database, Purpose, Transaction, load_query


@unique
class BlacklistSource(StrEnum):
    """Who added or removed an entry."""

    API = "api"
    STOP = "stop"
    """The handset, with a word such as STOP."""
    START = "start"
    """The handset, with a word such as START."""
    OPERATOR = "operator"
    PORTAL = "portal"


class BlacklistEvent(msgspec.Struct, frozen=True):
    """One line of the history of a number: ``added`` or ``removed``, by whom and when."""

    kind: str
    source: str
    happened_at: datetime


async def add_to_blacklist(
    tx: Transaction, account_id: int, msisdn: str, *, now: datetime, source: BlacklistSource
) -> bool:
    """Add a well-formed number; False if it stood there already, which then keeps its time.

    The first entry of an account locks the row of its balance: a transaction that adds for several
    accounts does so in ascending order.
    """
    return await tx.fetchval(load_query("add_to_blacklist"), account_id, msisdn, now, source) is not None


async def remove_from_blacklist(
    tx: Transaction, account_id: int, msisdn: str, *, now: datetime, source: BlacklistSource
) -> BlacklistEntry | None:
    """Remove a number; the entry as it was, None if there was none."""
    row = await tx.fetchrow(load_query("remove_from_blacklist"), account_id, msisdn, now, source)
    return None if row is None else BlacklistEntry(*row)


async def keep_in_blacklist(
    tx: Transaction, account_id: int, msisdn: str, *, now: datetime, source: BlacklistSource
) -> tuple[BlacklistEntry, bool]:
    """Add a number unless it stands there; the entry as it is then, and whether it is new."""
    while True:
        if await add_to_blacklist(tx, account_id, msisdn, now=now, source=source):
            return BlacklistEntry(msisdn, now), True
        if entry := await find_in_blacklist(tx, account_id, msisdn):
            return entry, False
        # Somebody removed it between the two statements.


async def list_blacklist_events(tx: Transaction, account_id: int, msisdn: str) -> list[BlacklistEvent]:
    """How a number came and went, oldest first."""
    rows = await tx.fetch(load_query("list_blacklist_events"), account_id, msisdn)
    return [BlacklistEvent(*row) for row in rows]


async def find_begun(database: Database, account_id: int, message_ids: Collection[bytes]) -> frozenset[bytes]:
    """Those of an account's messages of which a carrier has, or may have, a segment."""
    ordered = sorted(message_ids)
    rows = await database.fetch(
        Purpose.HOT, load_query("list_begun_messages"), account_id, ordered, ordered[0], ordered[-1]
    )
    return frozenset(row["message_id"] for row in rows)


async def find_blacklisted(database: Database, account_id: int, msisdns: Sequence[str]) -> frozenset[str]:
    """Those of many numbers that the account does not send to, as of now."""
    rows = await database.fetch(Purpose.HOT, load_query("find_blacklisted"), account_id, msisdns)
    return frozenset(row[0] for row in rows)
