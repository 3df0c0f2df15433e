"""The way of one message in sentences: what was asked, what became of it, what we told of it."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from heliograph.domain.history import milliseconds, moment_of, whole_history
from heliograph.domain.report_events import Attempt
from heliograph.domain.status import Code, is_final
from heliograph.faces.portal.status_texts import CODE_TEXTS, RECEIVED, tone_of
from heliograph.faces.portal.translations import Translate
from heliograph.services.posted_webhooks import posted_request
from heliograph.services.trace_message import MessageTrace, numbered
from heliograph.storage.batch_reading import StoredBatch
from heliograph.storage.event_reading import MessageDescription
from heliograph.storage.message_reading import StoredMessage


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, as the timeline shows it."""

    at: datetime
    title: str
    text: str | None = None
    tone: str = "neutral"
    code: int | None = None
    sent: str | None = None
    """What our request said."""


def timeline(
    message: StoredMessage,
    batch: StoredBatch,
    trace: MessageTrace | None,
    translate: Translate,
    *,
    currency: str,
) -> list[Step]:
    """Everything that is known, oldest first; without a trace what the message's own row tells."""
    steps = [*_statuses(message, batch, trace, translate)]
    if trace is not None:
        steps += [*_answers(trace, translate), *_doubts(trace, translate)]
        steps += [*_receipts(trace, translate), *_reports(message, batch, trace, translate, currency)]
    return sorted(steps, key=lambda step: step.at)


def _statuses(
    message: StoredMessage, batch: StoredBatch, trace: MessageTrace | None, translate: Translate
) -> Iterator[Step]:
    if batch.incoming:
        yield Step(at=batch.created_at, title=translate(RECEIVED), tone="good", code=message.code)
        return
    accepted_ms = milliseconds(batch.created_at)
    yield Step(
        at=moment_of(accepted_ms),
        title=translate("The request was accepted"),
        text=translate("Stored for good before it was answered."),
        tone="accent",
    )
    history = whole_history(message.history, code=message.code, accepted_ms=accepted_ms)
    for entry in history:
        if entry.code == Code.ACCEPTED:
            continue
        yield Step(
            at=moment_of(entry.at_ms),
            title=translate(CODE_TEXTS.get(entry.code, "")),
            text=_about(entry.code, trace, translate),
            tone=tone_of(entry.code),
            code=entry.code,
        )
    if message.refunded:
        at = next(entry.at_ms for entry in history if is_final(entry.code))
        yield Step(at=moment_of(at), title=translate("The price was returned"), code=Code.REFUNDED)


def _about(code: int, trace: MessageTrace | None, translate: Translate) -> str | None:
    """What is known of a status beside its name."""
    if code == Code.QUEUED and trace is not None and trace.carrier is not None:
        return translate("By the route to the carrier %(carrier)s.", carrier=trace.carrier)
    if code == Code.SENDING:
        return translate("The intent was written down first: it may be on the wire from now on.")
    if code == Code.AT_GATEWAY and trace is not None and trace.segments:
        ids = ", ".join(segment.smsc_id for segment in trace.segments[:5])
        return translate("The carrier took it and calls it %(ids)s.", ids=ids)
    return None


def _answers(trace: MessageTrace, translate: Translate) -> Iterator[Step]:
    for refusal in trace.refusals:
        values = {
            "status": f"{refusal.name} 0x{refusal.command_status:08X}".strip(),
            "bind": refusal.slot + 1,
        }
        yield Step(
            at=refusal.at,
            title=translate(
                "%(carrier)s refused segment %(number)s", carrier=refusal.carrier, number=refusal.segment + 1
            ),
            text=translate("Answer %(status)s at bind %(bind)s. It is tried again.", **values)
            if refusal.is_tried_again
            else translate("Answer %(status)s at bind %(bind)s.", **values),
            tone="warn",
        )
    for delivery in trace.deliveries:
        title = translate(
            "%(carrier)s brought segment %(number)s", carrier=trace.carrier, number=delivery.number
        )
        yield Step(at=delivery.received_at, title=title, tone="accent")


def _doubts(trace: MessageTrace, translate: Translate) -> Iterator[Step]:
    for doubt in trace.doubts:
        yield Step(
            at=doubt.noted_at,
            title=translate("Segment %(number)s is in doubt", number=doubt.segment + 1),
            text=translate("No answer came: the carrier may or may not have it."),
            tone="warn",
        )
        if doubt.resent_at is not None:
            yield Step(
                at=doubt.resent_at,
                title=translate("Segment %(number)s is sent once more", number=doubt.segment + 1),
                text=translate("No receipt came in time, and the account wants a second try."),
            )


def _receipts(trace: MessageTrace, translate: Translate) -> Iterator[Step]:
    for receipt in trace.receipts:
        yield Step(
            at=receipt.received_at,
            title=translate("Receipt for segment %(number)s", number=receipt.segment + 1),
            text=receipt.text,
            tone=tone_of(receipt.code),
            code=receipt.code,
        )


def _reports(
    message: StoredMessage, batch: StoredBatch, trace: MessageTrace, translate: Translate, currency: str
) -> Iterator[Step]:
    for attempt, ordinal, is_replay in numbered(trace.attempts):
        answered = 200 <= attempt.status < 300
        answer = (
            translate("Your server answered %(status)s", status=attempt.status)
            if attempt.status
            else translate("Your server gave no answer")
        )
        took = translate("after %(duration)s ms", duration=attempt.duration_ms)
        reason = f" {attempt.reason}" if attempt.reason and not answered else ""
        yield Step(
            at=moment_of(attempt.at_ms),
            title=translate("Report of %(code)s, replayed", code=attempt.code)
            if is_replay
            else translate("Report of %(code)s, attempt %(number)s", code=attempt.code, number=ordinal),
            text=f"{answer} {took}.{reason}" + (f" «{attempt.answer}»" if attempt.answer else ""),
            tone="good" if answered else "bad",
            code=attempt.status or None,
            sent=_request(message, batch, attempt, currency),
        )


def _request(message: StoredMessage, batch: StoredBatch, attempt: Attempt, currency: str) -> str | None:
    """The report as it was POSTed, but for time and signature; None where that is not known any more."""
    if batch.incoming:
        return None
    described = MessageDescription(
        message.message_id,
        batch.batch_id,
        message.recipient,
        message.segments,
        message.price,
        batch.reference,
        batch.delivery_report_url,
        None,
        None,
        message.encoding,
        batch.flash,
        batch.incomplete,
        None,
    )
    return posted_request(
        described,
        attempt,
        history=message.history,
        created_at=batch.created_at,
        owner="",
        currency=currency,
        incoming_url=None,
    )
