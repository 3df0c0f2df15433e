"""The way of one message: what was asked, what the carrier was given and said, what we reported.

The message's own history has the times; what carriers and reports left is looked for around them, since no
index leads from a message there.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from heliograph.carriers.status_names import status_name
from heliograph.carriers.stored_receipts import receipts_about, segments_from
from heliograph.domain.history import Entry, entries, moment_of
from heliograph.domain.refusals import Unavailable
from heliograph.domain.report_events import Attempt
from heliograph.domain.retention import is_erased
from heliograph.domain.status import Code, is_final
from heliograph.domain.waiting_message import Wait, wait_of
from heliograph.storage.batch_reading import StoredBatch
from heliograph.storage.carrier_settings import StoredCarrier, list_carriers
from heliograph.storage.database import Database, Transaction
from heliograph.storage.installation_reading import list_bind_slots
from heliograph.storage.message_reading import StoredMessage
from heliograph.storage.message_traces import (
    DoubtTrace,
    LookTooLong,
    NextReport,
    SegmentTrace,
    bounded_look,
    days_between,
    find_lot_of_message,
    list_incoming_attempts,
    list_message_attempts,
    list_message_doubts,
    list_message_refusals,
    list_message_segments,
    list_receipt_blocks,
)

TOO_LONG: Final = "Putting the timeline together takes too long just now. Try again later."
_SEGMENT_DAYS: Final = 5
_REPORT_DAYS: Final = 8
_MOST_SPANS: Final = 8
_FIRST_SECONDS: Final = timedelta(seconds=10)
_AROUND: Final = timedelta(seconds=1)
_SEGMENTS_WITHIN: Final = timedelta(minutes=1)
"""How long before the last segment of a message from a handset its first one is looked for."""


class AcceptedSegment(msgspec.Struct, frozen=True):
    """A segment and what the carrier called it."""

    segment: int
    """From 0."""
    smsc_id: str
    smsc_hash: int
    carrier_id: int


class ReceivedReceipt(msgspec.Struct, frozen=True):
    """A receipt of a segment, as it came."""

    received_at: datetime
    segment: int
    smsc_id: str
    code: int
    text: str


class RefusedAnswer(msgspec.Struct, frozen=True):
    """What a carrier answered instead of accepting a segment."""

    at: datetime
    segment: int
    carrier: str
    slot: int
    """Which of the carrier's binds, from 0."""
    command_status: int
    name: str
    """Of the status; '' for one that only its carrier knows."""
    is_tried_again: bool


class ReceivedSegment(msgspec.Struct, frozen=True):
    """A deliver_sm of a message from a handset."""

    received_at: datetime
    number: int
    """From 1."""
    total: int


class MessageTrace(msgspec.Struct, frozen=True):
    """Everything that is known of a message's way beside its history."""

    carrier: str | None
    """The carrier that it went to, or came from; None if none saw it, or it is too long ago."""
    segments: list[AcceptedSegment]
    receipts: list[ReceivedReceipt]
    attempts: list[Attempt]
    next_report: NextReport | None
    doubts: list[DoubtTrace] = []
    """Segments of which no answer and no receipt came yet."""
    refusals: list[RefusedAnswer] = []
    deliveries: list[ReceivedSegment] = []
    wait: Wait | None = None
    """What it waits for; None once it was handed to its carrier."""


class TraceMessage:
    """Looks for one message at a time: what it costs is bounded, but not small."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one_at_a_time = asyncio.Semaphore(1)

    async def trace(
        self, account_id: int, batch: StoredBatch, message: StoredMessage, now: datetime
    ) -> MessageTrace:
        """The way of an account's message. Raises Unavailable where it would take too long."""
        try:
            async with self._one_at_a_time, bounded_look(self._database) as tx:
                return await self._trace(tx, account_id, batch, message, now)
        except LookTooLong:
            raise Unavailable(TOO_LONG, 10.0) from None

    async def _trace(
        self, tx: Transaction, account_id: int, batch: StoredBatch, message: StoredMessage, now: datetime
    ) -> MessageTrace:
        if batch.incoming:
            return await self._trace_incoming(tx, account_id, batch, message, now)
        history = entries(message.history)
        attempts: list[Attempt] = []
        next_report = None
        if batch.delivery_report_url:
            since, until = days_between(batch.created_at, now, at_most=_REPORT_DAYS)
            attempts, next_report = await list_message_attempts(
                tx, account_id, batch.batch_id, message.message_id, since=since, until=until
            )
        segments: list[AcceptedSegment] = []
        receipts: list[ReceivedReceipt] = []
        doubts: list[DoubtTrace] = []
        refusals: list[RefusedAnswer] = []
        carrier = None
        spans = spans_of(history)
        if spans:
            for candidate in await list_carriers(tx):
                doubts += await list_message_doubts(tx, candidate.carrier_id, account_id, message.message_id)
                since, until = days_between(spans[0][0], spans[-1][1], at_most=_SEGMENT_DAYS)
                found = await list_message_segments(
                    tx, candidate.carrier_id, account_id, message.message_id, since=since, until=until
                )
                refused = await self._refusals(tx, candidate, message.message_id, spans)
                refusals += refused
                if found or refused or doubts:
                    carrier = carrier or candidate.name
                if found:
                    segments += [_accepted(one, candidate.carrier_id) for one in found]
                    if not is_erased(message.recipient):
                        receipts += await self._receipts(tx, candidate, message.recipient, found, spans)
        wait = None
        if not spans and not is_final(message.code):
            wait = await self._wait(tx, account_id, message.message_id, now)
            carrier = wait.carrier if wait else None
        return MessageTrace(carrier, segments, receipts, attempts, next_report, doubts, refusals, wait=wait)

    async def _wait(self, tx: Transaction, account_id: int, message_id: bytes, now: datetime) -> Wait | None:
        bound = {slot.carrier_id for slot in await list_bind_slots(tx) if slot.is_bound}
        for carrier in await list_carriers(tx):
            lot = await find_lot_of_message(tx, carrier.carrier_id, account_id, message_id)
            if lot is not None:
                is_reachable = carrier.enabled and carrier.carrier_id in bound
                return wait_of(*lot, now, carrier=carrier.name, is_reachable=is_reachable)
        return None

    async def _trace_incoming(
        self, tx: Transaction, account_id: int, batch: StoredBatch, message: StoredMessage, now: datetime
    ) -> MessageTrace:
        """What is stored of a message from a handset: the PDUs it came in, and who was told."""
        days = days_between(batch.created_at, now, at_most=_REPORT_DAYS)
        attempts, next_report = await list_incoming_attempts(
            tx, account_id, message.message_id, since=days[0], until=days[1]
        )
        deliveries: list[ReceivedSegment] = []
        carrier = None
        since = batch.created_at - (_SEGMENTS_WITHIN if message.segments > 1 else _AROUND)
        for candidate in [] if is_erased(batch.sender) else await list_carriers(tx):
            blocks = await list_receipt_blocks(
                tx, candidate.carrier_id, since=since, until=batch.created_at + _AROUND
            )
            found = [
                ReceivedSegment(block.received_at, segment.number, segment.total)
                for block in blocks
                for segment in segments_from(batch.sender, message.recipient, block.pdus, candidate.profile)
                if segment.total == message.segments and since <= block.received_at
            ]
            if found and carrier is None:
                carrier, deliveries = candidate.name, found
        return MessageTrace(carrier, [], [], attempts, next_report, deliveries=deliveries)

    async def _refusals(
        self,
        tx: Transaction,
        carrier: StoredCarrier,
        message_id: bytes,
        spans: Sequence[tuple[datetime, datetime]],
    ) -> list[RefusedAnswer]:
        since, until = spans[0][0] - _AROUND, spans[-1][1] + _FIRST_SECONDS
        return [
            RefusedAnswer(
                moment_of(refused.at_ms),
                refused.segment,
                carrier.name,
                slot,
                refused.command_status,
                status_name(refused.command_status),
                refused.is_tried_again,
            )
            for refused, slot in await list_message_refusals(
                tx, carrier.carrier_id, message_id, since=since, until=until
            )
        ]

    async def _receipts(
        self,
        tx: Transaction,
        carrier: StoredCarrier,
        recipient: str,
        segments: Sequence[SegmentTrace],
        spans: Sequence[tuple[datetime, datetime]],
    ) -> list[ReceivedReceipt]:
        by_id = {segment.smsc_id: segment.segment for segment in segments}
        found: dict[ReceivedReceipt, None] = {}
        for since, until in spans:
            for block in await list_receipt_blocks(tx, carrier.carrier_id, since=since, until=until):
                for smsc_id, code, text in receipts_about(recipient, block.pdus, carrier.profile):
                    if smsc_id in by_id:
                        receipt = ReceivedReceipt(block.received_at, by_id[smsc_id], smsc_id, code, text)
                        found[receipt] = None  # spans may touch: a receipt counts once
        return list(found)


def _accepted(found: SegmentTrace, carrier_id: int) -> AcceptedSegment:
    return AcceptedSegment(found.segment, found.smsc_id, found.smsc_hash, carrier_id)


def spans_of(history: Sequence[Entry]) -> list[tuple[datetime, datetime]]:
    """Where to look for receipts: the seconds after the first intent, and around every later change."""
    intents = [moment_of(entry.at_ms) for entry in history if entry.code == Code.SENDING]
    if not intents:
        return []
    spans = [(intents[0], intents[0] + _FIRST_SECONDS)]
    for entry in history:
        at = moment_of(entry.at_ms)
        if at > spans[-1][1]:
            spans.append((at - _AROUND, at + _AROUND))
    return [*spans[: _MOST_SPANS - 1], spans[-1]] if len(spans) > _MOST_SPANS else spans


def numbered(attempts: Sequence[Attempt]) -> Iterator[tuple[Attempt, int, bool]]:
    """Attempts with their number among those of the same event, in order of time, and whether it is a replay.

    A replay begins to count anew where it is stored.
    """
    seen: dict[int, tuple[int, int]] = {}
    for attempt in sorted(attempts, key=lambda one: one.at_ms):
        ordinal, last = seen.get(attempt.number, (0, 0))
        seen[attempt.number] = ordinal + 1, attempt.attempt
        yield attempt, ordinal + 1, attempt.attempt <= last
