"""Reads lists of one account's batches: chosen by filters, in the order of their ids.

What the database can choose it chooses by an index. The status of a batch is derived from its messages, so a
list by status looks at batches one after the other, at so many a call, and says where it stopped.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from heliograph.domain.ids import id_at
from heliograph.domain.status import BatchStatus
from heliograph.storage.batch_reading import StoredBatch, list_codes, status_of
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.message_changes import COUNTED_BY_ROWS

COUNTED: Final = 10_000
"""How far a list is counted; what lies beyond is only known to be more."""
SCANNED_BATCHES: Final = 4_000
SCANNED_MESSAGES: Final = 50_000
"""How much a list by status looks at in one call: batches, and messages of batches counted by their rows."""
_STEP: Final = 500
_CLOCK_SLACK: Final = timedelta(hours=1)
"""Ids hold the seconds at which they were made: never before the last one, also when a clock is set back."""
_LARGEST_SECONDS: Final = 2**32 - 1
LOWEST_ID: Final = b""
HIGHEST_ID: Final = b"\xff" * 13


class BatchFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which batches are asked for; what is None or empty chooses every batch."""

    tags: tuple[str, ...] = ()
    """Of which a batch must have one."""
    sender: str | None = None
    reference: str | None = None
    incoming: bool | None = None
    statuses: frozenset[BatchStatus] = frozenset()
    created_from: datetime | None = None
    created_to: datetime | None = None
    """Exclusive."""

    @property
    def is_derived(self) -> bool:
        """Whether batches must be looked at one by one to tell which are chosen."""
        return bool(self.statuses) and self.statuses not in (_INCOMING, frozenset(BatchStatus))

    def directions(self) -> frozenset[bool]:
        """Whether outgoing (False) and incoming (True) batches can be among the chosen."""
        by_status = {status is BatchStatus.INCOMING for status in self.statuses} or {False, True}
        return frozenset(by_status & ({False, True} if self.incoming is None else {self.incoming}))


_INCOMING: Final = frozenset({BatchStatus.INCOMING})


class _Names(NamedTuple):
    """The statements of one order."""

    every: str
    of_a_tag: str
    of_any_tag: str


_OLDEST_FIRST: Final = _Names(
    "list_batches_oldest_first", "list_tagged_batches_oldest_first", "list_batches_of_any_tag_oldest_first"
)
_NEWEST_FIRST: Final = _Names(
    "list_batches_newest_first", "list_tagged_batches_newest_first", "list_batches_of_any_tag_newest_first"
)


class Found(msgspec.Struct, frozen=True):
    """Batches of a list by status."""

    batches: list[StoredBatch]
    codes: Mapping[bytes, Mapping[int, int]]
    next_after: bytes | None
    """Where the next call goes on; None at the end of the list."""


async def list_batches(
    tx: Transaction,
    account_id: int,
    wanted: BatchFilter | None = None,
    *,
    start: int = 0,
    limit: int,
    newest_first: bool,
    after: bytes = b"",
) -> list[StoredBatch]:
    """The chosen batches in the order of their ids, without regard to their status.

    ``start`` many are left out; those up to the id ``after``, in the order of the list, are not looked at.
    """
    wanted = wanted or BatchFilter()
    arguments = _arguments(account_id, wanted, after, newest_first=newest_first)
    if arguments is None:
        return []
    name = _NEWEST_FIRST if newest_first else _OLDEST_FIRST
    if not wanted.tags:
        rows = await tx.fetch(load_query(name.every), *arguments, start, limit)
    elif len(wanted.tags) == 1:
        rows = await tx.fetch(load_query(name.of_a_tag), *arguments, start, limit, wanted.tags[0])
    else:
        rows = await tx.fetch(load_query(name.of_any_tag), *arguments, start, limit, wanted.tags)
    return [StoredBatch(*row) for row in rows]


async def count_batches(tx: Transaction, account_id: int, wanted: BatchFilter | None = None) -> int | None:
    """How many batches ``list_batches`` has in all; None for more than ``COUNTED``."""
    wanted = wanted or BatchFilter()
    arguments = _arguments(account_id, wanted, b"", newest_first=False)
    if arguments is None:
        return 0
    count: int
    if wanted.tags:
        count = await tx.fetchval(load_query("count_tagged_batches"), *arguments, COUNTED + 1, wanted.tags)
    else:
        count = await tx.fetchval(load_query("count_batches"), *arguments, COUNTED + 1)
    return None if count > COUNTED else count


async def scan_batches(
    tx: Transaction,
    account_id: int,
    wanted: BatchFilter,
    *,
    limit: int,
    newest_first: bool,
    after: bytes,
    now: datetime,
) -> Found:
    """The next batches that have one of the wanted statuses: at most ``limit``, of a bounded stretch."""
    chosen: list[StoredBatch] = []
    codes: dict[bytes, dict[int, int]] = {}
    batches_left, messages_left = SCANNED_BATCHES, SCANNED_MESSAGES
    while batches_left > 0 and messages_left > 0:
        asked = min(_STEP, batches_left)
        step = await list_batches(tx, account_id, wanted, limit=asked, newest_first=newest_first, after=after)
        is_last = len(step) < asked
        step, messages_left, cut = _affordable(step, messages_left)
        found = await list_codes(tx, account_id, [batch for batch in step if _needs_codes(batch)])
        for batch in step:
            if status_of(batch, found.get(batch.batch_id, {}), now) not in wanted.statuses:
                continue
            if len(chosen) == limit:
                return Found(chosen, codes, chosen[-1].batch_id)
            chosen.append(batch)
            codes[batch.batch_id] = found.get(batch.batch_id, {})
        if is_last and not cut:
            return Found(chosen, codes, None)
        batches_left -= len(step)
        after = step[-1].batch_id
    return Found(chosen, codes, after)


def _needs_codes(batch: StoredBatch) -> bool:
    """Whether its status depends on its messages."""
    return not batch.incoming and batch.canceled_at is None


def _affordable(batches: list[StoredBatch], messages_left: int) -> tuple[list[StoredBatch], int, bool]:
    """As many batches as may still be counted, at least one; what is left then; whether any was left out."""
    for place, batch in enumerate(batches):
        if messages_left <= 0:
            return batches[:place], messages_left, True
        if _needs_codes(batch):
            messages_left -= batch.message_count if batch.message_count <= COUNTED_BY_ROWS else 1
    return batches, messages_left, False


def _arguments(
    account_id: int, wanted: BatchFilter, after: bytes, *, newest_first: bool
) -> tuple[object, ...] | None:
    """What the queries take first; None where nothing can be chosen."""
    directions = wanted.directions()
    if not directions:
        return None
    above, below = ids_around(wanted.created_from, wanted.created_to)
    if after and newest_first:
        below = min(below, after)
    elif after:
        above = max(above, after)
    direction = None if len(directions) > 1 else int(True in directions)
    return (
        account_id,
        above,
        below,
        wanted.created_from,
        wanted.created_to,
        wanted.sender,
        wanted.reference,
        direction,
    )


def ids_around(
    created_from: datetime | None, created_to: datetime | None, slack: timedelta = _CLOCK_SLACK
) -> tuple[bytes, bytes]:
    """Ids between which whatever was made in a time lies; ``slack`` is how far a clock may be set back."""
    return (
        LOWEST_ID if created_from is None else _id_near(created_from, -slack),
        HIGHEST_ID if created_to is None else _id_near(created_to, slack),
    )


def _id_near(moment: datetime, shift: timedelta) -> bytes:
    # In seconds, where no moment is too early or too late to be shifted.
    seconds = int(moment.timestamp() + shift.total_seconds())
    return id_at(min(max(seconds, 0), _LARGEST_SECONDS))
