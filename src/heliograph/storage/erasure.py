"""What of an account's batches is to be erased, and erasing it: texts, numbers, given-up reports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from heliograph.domain.report_url import BUCKETS
from heliograph.domain.retention import OldBatch, OldMessage
from heliograph.storage.database import Transaction, load_query


class KeptReport(NamedTuple):
    """What is kept of a message to be reported."""

    bucket: int
    message_id: bytes
    is_over: bool
    """Whether it is owed no more: given up and kept for a replay, or long behind a disabled address."""


async def list_retentions(
    tx: Transaction, *, after: int, default_days: int, limit: int
) -> list[tuple[int, int]]:
    """Accounts by id, each with the days that texts and numbers are kept."""
    rows = await tx.fetch(load_query("list_retentions"), after, default_days, limit)
    return [(row["account_id"], row["days"]) for row in rows]


async def find_shortest_retention(tx: Transaction, default_days: int) -> int:
    """The fewest days that an account's texts and numbers are kept."""
    return int(await tx.fetchval(load_query("find_shortest_retention"), default_days))


async def list_accounts_to_erase(tx: Transaction, look_to: Mapping[int, bytes], now: datetime) -> list[int]:
    """Those of the accounts that have batches to look at, below an id each."""
    rows = await tx.fetch(load_query("list_accounts_to_erase"), list(look_to), list(look_to.values()), now)
    return [row["account_id"] for row in rows]


async def begin_erasure(tx: Transaction, account_ids: Sequence[int]) -> None:
    """Make the rows that keepers lock, where there are none yet."""
    await tx.execute(load_query("begin_erasure"), sorted(account_ids))


async def lock_erasure(tx: Transaction, account_id: int) -> bytes | None:
    """Up to which id an account's batches are looked at; None while another keeper is at it."""
    looked_to: bytes | None = await tx.fetchval(load_query("lock_erasure"), account_id)
    return looked_to


async def list_new_batches(
    tx: Transaction, account_id: int, *, after: bytes, before: bytes, limit: int
) -> list[OldBatch]:
    """Batches that were not looked at yet, by id."""
    rows = await tx.fetch(load_query("list_batches_to_erase"), account_id, after, before, limit)
    return [OldBatch(*row) for row in rows]


async def list_waiting_batches(
    tx: Transaction, account_id: int, now: datetime, *, limit: int
) -> list[OldBatch]:
    """Batches that had to wait and are to be looked at again."""
    rows = await tx.fetch(load_query("list_batches_to_erase_again"), account_id, now, limit)
    return [OldBatch(*row) for row in rows]


async def list_old_messages(
    tx: Transaction, account_id: int, ranges: Sequence[tuple[bytes, bytes]]
) -> list[OldMessage]:
    """The messages in ranges of ids."""
    firsts, lasts = [first for first, _ in ranges], [last for _, last in ranges]
    rows = await tx.fetch(
        load_query("list_messages_to_erase"), account_id, firsts, lasts, min(firsts), max(lasts)
    )
    return [OldMessage(*row) for row in rows]


async def list_kept_reports(
    tx: Transaction, account_id: int, first: bytes, last: bytes, *, since: datetime
) -> list[KeptReport]:
    """What is kept to be reported of an account's messages between two ids; owed if first tried ``since``."""
    rows = await tx.fetch(
        load_query("list_reports_of_messages"), list(range(BUCKETS)), account_id, first, last, since
    )
    return [KeptReport(*row) for row in rows]


async def list_oldest_reports(tx: Transaction, account_ids: Sequence[int]) -> dict[int, bytes]:
    """By account the oldest block of reports that waits for its first try."""
    rows = await tx.fetch(load_query("list_oldest_reports"), account_ids, list(range(BUCKETS)))
    return {row["account_id"]: bytes.fromhex(row["oldest"]) for row in rows if row["oldest"]}


async def delete_oldest_blocks(tx: Transaction, account_id: int, below: bytes) -> None:
    """Forget blocks of reports from before an id, which nothing but a disabled address keeps."""
    await tx.execute(load_query("delete_oldest_blocks"), account_id, list(range(BUCKETS)), below)


async def delete_old_reports(
    tx: Transaction, account_id: int, reports: Sequence[KeptReport], *, since: datetime
) -> None:
    """Forget reports that are owed no more."""
    await tx.execute(
        load_query("delete_old_reports"),
        [report.bucket for report in reports],
        [report.message_id for report in reports],
        account_id,
        since,
    )


async def erase_messages(
    tx: Transaction, account_id: int, messages: Sequence[OldMessage], forms: Sequence[str]
) -> None:
    """Put a form in the place of each message's number, and take its text and its place in conversations."""
    ids = [message.message_id for message in messages]
    await tx.execute(
        load_query("erase_messages"),
        account_id,
        ids,
        [message.recipient for message in messages],
        forms,
        min(ids),
        max(ids),
    )


async def erase_batches(
    tx: Transaction, account_id: int, batches: Sequence[OldBatch], senders: Sequence[str]
) -> None:
    """Take the texts of batches, and put others in the place of their senders."""
    ids = [batch.batch_id for batch in batches]
    await tx.execute(load_query("erase_batches"), account_id, ids, senders, min(ids), max(ids))


async def note_erasure(
    tx: Transaction,
    account_id: int,
    *,
    looked_to: bytes,
    done: Sequence[bytes],
    waiting: Sequence[bytes],
    until: datetime,
) -> None:
    """Note how far an account's batches are looked at, and which must wait."""
    await tx.execute(load_query("note_erasure"), account_id, looked_to, done, waiting, until)
