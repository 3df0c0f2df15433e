"""Reads the ledger of one account: what came in and what was spent, entry by entry."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from heliograph.domain.ids import id_at
from heliograph.storage.database import Database, Transaction, load_query

KINDS: Final = {1: "top_up", 2: "charge", 3: "refund", 4: "correction", 5: "transfer"}
NEWEST: Final = b"\xff" * 12
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
_SLICE: Final = 1_000
_MOVED: Final = 5_000


class LedgerEntry(msgspec.Struct, frozen=True):
    """A movement of money, in micro-units; a charge is negative."""

    entry_id: bytes
    kind: int
    amount: int
    note: str | None
    created_at: datetime

    @property
    def name(self) -> str:
        """What kind it is, in a word."""
        return KINDS[self.kind]


async def list_ledger(
    tx: Transaction,
    account_id: int,
    *,
    before: bytes = NEWEST,
    since: datetime = _BEGINNING,
    until: datetime = _END,
    limit: int,
) -> list[LedgerEntry]:
    """Entries, the latest first, older than one of them if given."""
    rows = await tx.fetch(load_query("list_ledger"), account_id, before, since, until, limit)
    return [LedgerEntry(*row) for row in rows]


async def list_balances(
    tx: Transaction, account_id: int, balance: int, *, since: datetime, until: datetime, stretch: timedelta
) -> list[int | None]:
    """The balance at the end of each stretch of a time, in micro-units, made of what it is now.

    None where it lies too far behind: no more than ``_MOVED`` entries are read.
    """
    rows = await tx.fetch(
        load_query("list_balance_changes"), account_id, id_at(int(since.timestamp())), _MOVED, stretch, since
    )
    moved = {row["began_at"]: row["amount"] for row in rows}
    known_from = min(moved) if sum(row["entries"] for row in rows) == _MOVED else since
    balances: list[int | None] = []
    for place in range(int((until - since) / stretch), -1, -1):
        began = since + place * stretch
        balances.append(balance if began >= known_from else None)
        balance -= moved.get(began, 0)
    return balances[::-1]


async def whole_ledger(
    database: Database, account_id: int, *, since: datetime, until: datetime
) -> AsyncIterator[list[LedgerEntry]]:
    """Every entry of a span of time, the latest first, in slices of their own transactions."""
    before = NEWEST
    while True:
        async with database.reader(account_id) as tx:
            entries = await list_ledger(tx, account_id, before=before, since=since, until=until, limit=_SLICE)
        if not entries:
            return
        yield entries
        before = entries[-1].entry_id
