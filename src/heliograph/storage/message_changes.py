"""The one door through which a message changes after it was accepted.

Rows, summaries, refunds, the event feed and the events for delivery reports change together, in the
caller's transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import asyncpg
import msgspec

from heliograph.domain.history import entry
from heliograph.domain.ids import IdSource
from heliograph.domain.message_change import RANK_CLOSED, MessageChange, merge_segments, rounds
from heliograph.domain.report_events import Destination, EventBlock, StoredEvent, encode_events
from heliograph.domain.report_url import ReportUrl, stored_report_url
from heliograph.domain.status import Code, is_final
from heliograph.storage.database import Transaction, announce, load_query
from heliograph.storage.wakeups import REPORTS_CHANNEL

COUNTED_BY_ROWS = 500
"""Batches of up to this many messages are counted from their rows, larger ones from their summary."""


class Changed(msgspec.Struct, frozen=True, gc=False):
    """A message whose code really changed."""

    account_id: int
    message_id: bytes
    batch_id: bytes
    code: int
    previous_code: int
    recipient: str
    segments: int
    price: int
    refund: bool
    entries: int
    """How many entries its stored history has now; numbers the events."""
    at_ms: int
    intent_ms: int
    """When the intent was recorded, if this change wrote the 110 entry; else 0."""
    delivery_report_url: str | None
    report_bucket: int | None
    reference: str | None
    message_count: int
    """Of its batch."""
    currency: str
    report_codes: str


async def apply_changes(
    tx: Transaction, changes: Iterable[MessageChange], *, now: datetime, ids: IdSource
) -> list[Changed]:
    """Merge changes into their messages and return those whose code changed, in the order applied.

    Safe against any order and repetition: a row changes only when the rank rises. Refunds are paid once,
    with the change that closes the message.
    """
    changed: list[Changed] = []
    for group in rounds(changes):
        short = [change for change in group if change.segments == 1]
        if short:
            changed += await _change_short(tx, short, now=now, ids=ids)
        if len(short) < len(group):
            long = [change for change in group if change.segments > 1]
            changed += await _change_long(tx, long, now=now, ids=ids)
    if changed:
        await _refund(tx, [row for row in changed if row.refund and row.price], now=now, ids=ids)
        await _count(tx, [row for row in changed if row.message_count > COUNTED_BY_ROWS], now=now, ids=ids)
        await insert_reports(tx, changed, now=now, ids=ids)
    return changed


def _range(identifiers: Sequence[bytes]) -> tuple[bytes, bytes]:
    return min(identifiers), max(identifiers)


async def _change_short(
    tx: Transaction, changes: list[MessageChange], *, now: datetime, ids: IdSource
) -> list[Changed]:
    # Rows are locked in the order of their key, in every transaction, so that two never wait for each other.
    changes.sort(key=lambda change: (change.account_id, change.message_id))
    messages = [change.message_id for change in changes]
    lowest, highest = _range(messages)
    rows = await tx.fetch(
        load_query("apply_message_changes"),
        [change.account_id for change in changes],
        messages,
        [change.rank for change in changes],
        [change.code for change in changes],
        [entry(change.code, _reached_ms(change)) for change in changes],
        [_intent_entry(change) for change in changes],
        [change.refund for change in changes],
        lowest,
        highest,
        ids.new(int(now.timestamp())),
        now,
        now.date(),
    )
    by_message = {change.message_id: change for change in changes}
    return [_changed(row, by_message[row["message_id"]]) for row in rows]


def _reached_ms(change: MessageChange) -> int:
    """When the change's code was reached: 110 carries the time of the intent."""
    return change.intent_ms if change.code == Code.SENDING and change.intent_ms else change.at_ms


def _intent_entry(change: MessageChange) -> bytes:
    """The 110 entry that comes before the change's own, unless the change is that entry."""
    return entry(Code.SENDING, change.intent_ms) if change.intent_ms and change.code != Code.SENDING else b""


def _changed(row: asyncpg.Record, change: MessageChange) -> Changed:
    (
        account_id,
        message_id,
        batch_id,
        code,
        previous_code,
        recipient,
        segments,
        price,
        refund,
        entries,
        delivery_report_url,
        report_bucket,
        reference,
        message_count,
        currency,
        report_codes,
    ) = row
    wrote_intent = previous_code != Code.SENDING and code != Code.SENDING
    return Changed(
        account_id,
        message_id,
        batch_id,
        code,
        previous_code,
        recipient,
        segments,
        price,
        refund,
        entries,
        change.at_ms if code != Code.SENDING or not change.intent_ms else change.intent_ms,
        change.intent_ms if wrote_intent else 0,
        delivery_report_url,
        report_bucket,
        reference,
        message_count,
        currency,
        report_codes,
    )


async def _change_long(
    tx: Transaction, changes: list[MessageChange], *, now: datetime, ids: IdSource
) -> list[Changed]:
    """Messages of several segments: locked, merged here, written."""
    by_account: dict[int, dict[bytes, list[MessageChange]]] = defaultdict(lambda: defaultdict(list))
    for change in changes:
        by_account[change.account_id][change.message_id].append(change)
    changed: list[Changed] = []
    for account_id in sorted(by_account):
        changed += await _change_long_of(tx, account_id, by_account[account_id], now=now, ids=ids)
    return changed


async def _change_long_of(
    tx: Transaction,
    account_id: int,
    by_message: dict[bytes, list[MessageChange]],
    *,
    now: datetime,
    ids: IdSource,
) -> list[Changed]:
    lowest, highest = _range(list(by_message))
    rows = await tx.fetch(load_query("lock_long_messages"), account_id, list(by_message), lowest, highest)
    written = [
        merged for row in rows if (merged := _merge_row(row, by_message[row["message_id"]])) is not None
    ]
    if not written:
        return []
    answer = await tx.fetch(
        load_query("write_long_messages"),
        account_id,
        *(list(column) for column in zip(*written, strict=True)),
        lowest,
        highest,
        ids.new(int(now.timestamp())),
        now,
        now.date(),
    )
    return [_changed(row, by_message[row["message_id"]][-1]) for row in answer]


_LongRow = tuple[bytes, bytes, int, int, bytes, bytes, bool]


def _merge_row(row: asyncpg.Record, changes: list[MessageChange]) -> _LongRow | None:
    """The columns to write for a locked message, or None where the changes tell nothing new."""
    if row["rank"] == RANK_CLOSED:
        return None
    before = row["ranks"] or bytes(row["segments"])
    merged = merge_segments(before, row["code"], changes)
    last = changes[-1]
    if merged.ranks == before and merged.code == row["code"]:
        return None
    new_code = merged.code != row["code"]
    at_ms = last.intent_ms if merged.code == Code.SENDING and last.intent_ms else last.at_ms
    return (
        row["message_id"],
        merged.ranks,
        merged.rank,
        merged.code,
        entry(merged.code, at_ms) if new_code else b"",
        entry(Code.SENDING, last.intent_ms)
        if new_code and last.intent_ms and merged.code != Code.SENDING
        else b"",
        merged.refund,
    )


async def _refund(tx: Transaction, rows: list[Changed], *, now: datetime, ids: IdSource) -> None:
    """Return the prices of closed messages: one ledger entry an account, each batch's share on its row."""
    if not rows:
        return
    by_account: dict[int, int] = defaultdict(int)
    by_batch: dict[tuple[int, bytes], int] = defaultdict(int)
    for row in rows:
        by_account[row.account_id] += row.price
        by_batch[row.account_id, row.batch_id] += row.price
    accounts, batches = sorted(by_account), sorted(by_batch)
    seconds = int(now.timestamp())
    lowest, highest = _range([batch_id for _, batch_id in batches])
    await tx.execute(
        load_query("refund_messages"),
        accounts,
        [ids.new(seconds) for _ in accounts],
        [by_account[account_id] for account_id in accounts],
        [account_id for account_id, _ in batches],
        [batch_id for _, batch_id in batches],
        [by_batch[batch] for batch in batches],
        now,
        lowest,
        highest,
    )


async def _count(tx: Transaction, rows: list[Changed], *, now: datetime, ids: IdSource) -> None:
    """Move messages of large batches from one code to another in their summaries."""
    if not rows:
        return
    moved: dict[tuple[int, bytes, int], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        before = row.previous_code
        for code, sign in ((before, -1), (row.code, 1)):
            count = moved[row.account_id, row.batch_id, code]
            count[0] += sign
            count[1] += sign * row.segments
    keys = sorted(key for key, count in moved.items() if count[0])
    await tx.execute(
        load_query("insert_summary_changes"),
        ids.new(int(now.timestamp())),
        [account_id for account_id, _, _ in keys],
        [batch_id for _, batch_id, _ in keys],
        [code for _, _, code in keys],
        [moved[key][0] for key in keys],
        [moved[key][1] for key in keys],
    )


class _Collected:
    """The block being collected for one account and origin."""

    __slots__ = ("bucket", "currency", "destinations", "events", "numbers")

    def __init__(self, bucket: int, currency: str) -> None:
        self.bucket = bucket
        self.currency = currency
        self.destinations: list[Destination] = []
        self.numbers: dict[tuple[str, str | None], int] = {}
        self.events: list[StoredEvent] = []

    def destination(self, url: str, reference: str | None) -> int:
        key = url, reference
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.destinations)
            self.destinations.append(Destination(url, reference))
        return number


async def insert_reports(tx: Transaction, rows: Sequence[Changed], *, now: datetime, ids: IdSource) -> int:
    """Store what must be reported of these changes; the number of events."""
    blocks: dict[tuple[int, str], _Collected] = {}
    for row in rows:
        if row.delivery_report_url is None or row.report_bucket is None:
            continue
        if row.report_codes == "final" and not is_final(row.code):
            continue
        _collect(blocks, row, row.delivery_report_url, row.report_bucket)
    if not blocks:
        return 0
    announce(tx, REPORTS_CHANNEL)
    seconds = int(now.timestamp())
    keys = list(blocks)
    await tx.execute(
        load_query("insert_report_blocks"),
        now,
        [blocks[key].bucket for key in keys],
        [ids.new(seconds) for _ in keys],
        [account_id for account_id, _ in keys],
        [origin for _, origin in keys],
        [len(blocks[key].events) for key in keys],
        [
            encode_events(EventBlock(block.currency, block.destinations, block.events))
            for block in blocks.values()
        ],
    )
    return sum(len(block.events) for block in blocks.values())


def _collect(blocks: dict[tuple[int, str], _Collected], row: Changed, url: str, bucket: int) -> None:
    """Add a change's events to the block of its account and origin."""
    parsed = stored_report_url(url)
    if not isinstance(parsed, ReportUrl):
        return
    key = row.account_id, parsed.origin
    block = blocks.get(key)
    if block is None:
        block = blocks[key] = _Collected(bucket, row.currency)
    number = block.destination(url, row.reference)
    codes = [(row.code, row.at_ms, row.entries)]
    if row.intent_ms and row.report_codes == "all":
        codes.insert(0, (Code.SENDING, row.intent_ms, row.entries - 1))
    block.events.extend(
        StoredEvent(
            row.message_id,
            row.batch_id,
            entry_number,
            code,
            at_ms,
            row.recipient,
            row.segments,
            row.price,
            number,
        )
        for code, at_ms, entry_number in codes
    )
