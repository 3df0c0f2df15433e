"""/v2/batches/{batchId}/messages/{messageId}/timeline: the way of a message. An addition of ours."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
from litestar import Response, get
from msgspec import UNSET, UnsetType

from heliograph.domain.history import entries, milliseconds, moment_of, whole_history
from heliograph.domain.pricing import as_number
from heliograph.domain.refusals import NotFound
from heliograph.domain.status import Code, is_final
from heliograph.faces.api.api_context import ApiRequest, caller_of, context_of, identifier, json_answer
from heliograph.faces.api.batch_endpoints import readable_batch
from heliograph.faces.api.message_endpoints import MESSAGE_PATH, UNKNOWN_MESSAGE
from heliograph.services.trace_message import MessageTrace, numbered
from heliograph.storage.batch_reading import StoredBatch
from heliograph.storage.message_reading import StoredMessage, find_message

TIMELINE_PATH: Final = f"{MESSAGE_PATH}/timeline"


class TimelineEntry(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Something that happened to a message. ``kind`` says what, and which other fields there are."""

    at: datetime
    kind: str
    code: int | UnsetType = UNSET
    price: float | UnsetType = UNSET
    segment: int | UnsetType = UNSET
    smsc_id: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    attempt: int | UnsetType = UNSET
    answer: int | UnsetType = UNSET
    milliseconds: int | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    carrier: str | UnsetType = UNSET
    bind: int | UnsetType = UNSET
    command_status: int | UnsetType = UNSET
    command_status_name: str | UnsetType = UNSET
    tried_again: bool | UnsetType = UNSET
    replay: bool | UnsetType = UNSET


class TimelineSegment(msgspec.Struct, frozen=True, rename="camel"):
    """A segment that the carrier accepted; segments count from 1."""

    segment: int
    smsc_id: str


class TimelineWait(msgspec.Struct, frozen=True, rename="camel"):
    """What a message waits for that its carrier was not given yet."""

    reason: str
    not_before: datetime | None


class TimelineDocument(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The way of a message, from the request to the last report."""

    message_id: str
    batch_id: str
    recipient: str
    carrier: str | None
    segments: int
    submitted: list[TimelineSegment]
    code: int
    final: bool
    waiting: TimelineWait | None
    next_report: datetime | None
    entries: list[TimelineEntry]


@get(TIMELINE_PATH)
async def read_timeline(request: ApiRequest, batch_id: str, message_id: str) -> Response[bytes]:
    """Everything that is known of one message's way, oldest first."""
    context = context_of(request)
    caller = await caller_of(request)
    account = caller.account
    of_batch = identifier(batch_id, UNKNOWN_MESSAGE)
    wanted = identifier(message_id, UNKNOWN_MESSAGE)
    async with context.database.reader(account.account_id) as tx:
        batch = await readable_batch(tx, caller, of_batch, UNKNOWN_MESSAGE)
        message = await find_message(tx, account.account_id, of_batch, wanted)
    if message is None:
        raise NotFound(UNKNOWN_MESSAGE)
    trace = await context.trace_message.trace(account.account_id, batch, message, context.now())
    return json_answer(timeline_document(message, batch, trace))


def timeline_document(message: StoredMessage, batch: StoredBatch, trace: MessageTrace) -> TimelineDocument:
    """The way of a message as the API shows it."""
    happened = [
        *_statuses(message, batch),
        *_submits(message, batch, trace),
        *_deliveries(trace),
        *_doubts(trace),
        *_receipts(trace),
        *_reports(trace),
    ]
    due = trace.next_report
    return TimelineDocument(
        message_id=message.message_id.hex(),
        batch_id=batch.batch_id.hex(),
        recipient=message.recipient,
        carrier=trace.carrier,
        segments=message.segments,
        submitted=[TimelineSegment(one.segment + 1, one.smsc_id) for one in trace.segments],
        code=message.code,
        final=is_final(message.code),
        waiting=TimelineWait(trace.wait.reason, trace.wait.not_before) if trace.wait else None,
        next_report=None if due is None or due.parked else due.due_at,
        entries=sorted(happened, key=lambda entry: entry.at),
    )


def _statuses(message: StoredMessage, batch: StoredBatch) -> Iterator[TimelineEntry]:
    accepted_ms = milliseconds(batch.created_at)
    history = whole_history(message.history, code=message.code, accepted_ms=accepted_ms)
    yield TimelineEntry(at=moment_of(accepted_ms), kind="accepted", price=as_number(message.price))
    for entry in history:
        if entry.code == Code.ACCEPTED:
            continue
        yield TimelineEntry(at=moment_of(entry.at_ms), kind="status", code=entry.code)
    if message.refunded:
        at = next(entry.at_ms for entry in history if is_final(entry.code))
        yield TimelineEntry(
            at=moment_of(at), kind="refunded", code=int(Code.REFUNDED), price=as_number(message.price)
        )


def _submits(message: StoredMessage, batch: StoredBatch, trace: MessageTrace) -> Iterator[TimelineEntry]:
    """Where it was sent, and what the carrier answered."""
    if trace.carrier is None or batch.incoming:
        return
    yield TimelineEntry(at=moment_of(milliseconds(batch.created_at)), kind="route", carrier=trace.carrier)
    for refusal in trace.refusals:
        yield TimelineEntry(
            at=refusal.at,
            kind="answer",
            segment=refusal.segment + 1,
            carrier=refusal.carrier,
            bind=refusal.slot + 1,
            command_status=refusal.command_status,
            command_status_name=refusal.name or UNSET,
            tried_again=refusal.is_tried_again,
        )
    accepted = next(
        (entry.at_ms for entry in entries(message.history) if entry.code == Code.AT_GATEWAY), None
    )
    for segment in trace.segments if accepted is not None else ():
        yield TimelineEntry(
            at=moment_of(accepted or 0),
            kind="answer",
            segment=segment.segment + 1,
            carrier=trace.carrier,
            command_status=0,
            command_status_name="ESME_ROK",
            smsc_id=segment.smsc_id,
        )


def _deliveries(trace: MessageTrace) -> Iterator[TimelineEntry]:
    for delivery in trace.deliveries:
        yield TimelineEntry(
            at=delivery.received_at, kind="received", segment=delivery.number, carrier=trace.carrier or UNSET
        )


def _doubts(trace: MessageTrace) -> Iterator[TimelineEntry]:
    for doubt in trace.doubts:
        yield TimelineEntry(at=doubt.noted_at, kind="inDoubt", segment=doubt.segment + 1)
        if doubt.resent_at is not None:
            yield TimelineEntry(at=doubt.resent_at, kind="sentAgain", segment=doubt.segment + 1)


def _receipts(trace: MessageTrace) -> Iterator[TimelineEntry]:
    for receipt in trace.receipts:
        yield TimelineEntry(
            at=receipt.received_at,
            kind="receipt",
            code=receipt.code,
            segment=receipt.segment + 1,
            smsc_id=receipt.smsc_id,
            text=receipt.text,
        )


def _reports(trace: MessageTrace) -> Iterator[TimelineEntry]:
    for attempt, ordinal, is_replay in numbered(trace.attempts):
        yield TimelineEntry(
            at=moment_of(attempt.at_ms),
            kind="report",
            code=attempt.code,
            attempt=ordinal,
            replay=is_replay or UNSET,
            answer=attempt.status,
            milliseconds=attempt.duration_ms,
            reason=attempt.reason or UNSET,
        )
