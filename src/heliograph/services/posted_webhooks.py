"""What was POSTed of a message, made again from what is stored: the same bytes but for time and signature."""

from datetime import datetime

from heliograph.domain.encoding import Encoding
from heliograph.domain.history import entries
from heliograph.domain.incoming import IncomingText, Wish
from heliograph.domain.incoming_report import IncomingDocument, incoming_body, incoming_document
from heliograph.domain.report_events import Attempt
from heliograph.domain.retention import is_erased
from heliograph.domain.status import is_final
from heliograph.domain.webhook_event import ReportEvent, event_id, report_body
from heliograph.storage.event_reading import MessageDescription


def posted_report(
    message: MessageDescription, *, number: int, code: int, at_ms: int, currency: str
) -> tuple[str, bytes]:
    """The id and the body of the report of a message's change, its ``number``-th, at a time."""
    name = event_id(message.message_id.hex(), number, code)
    event = ReportEvent(
        name,
        message.message_id.hex(),
        message.batch_id.hex(),
        message.recipient,
        code,
        int(is_final(code)),
        at_ms,
        message.segments,
        message.price,
        currency,
        message.reference,
    )
    return name, report_body(event)


def posted_incoming(message: MessageDescription, *, owner: str, received_at: datetime) -> IncomingDocument:
    """The document of a message from a handset to an account, by the account's number."""
    return incoming_document(
        message_id=message.message_id,
        batch_id=message.batch_id,
        owner=owner,
        sender=message.incoming_from or "",
        recipient=message.recipient,
        text=IncomingText(message.incoming_body or "", Encoding(message.encoding), message.flash),
        segments=message.segments,
        received_at=received_at,
        incomplete=message.incomplete,
        wish=None if message.opt_out is None else Wish(message.opt_out),
    )


def posted_request(
    message: MessageDescription,
    attempt: Attempt,
    *,
    history: bytes,
    created_at: datetime,
    owner: str,
    currency: str,
    incoming_url: str | None,
) -> str | None:
    """The POST of an attempt as text; None where its numbers were erased since, or its change is unknown.

    An incoming message went to the URL that the account had then; what is told is the one it has now.
    """
    if message.incoming_from is not None:
        if is_erased(message.incoming_from):
            return None
        name = event_id(message.message_id.hex(), attempt.number, attempt.code)
        body = incoming_body(posted_incoming(message, owner=owner, received_at=created_at))
        return _text(incoming_url, name, body)
    changes = entries(history)
    if not 0 < attempt.number <= len(changes) or is_erased(message.recipient):
        return None
    at_ms = changes[attempt.number - 1].at_ms
    name, body = posted_report(
        message, number=attempt.number, code=attempt.code, at_ms=at_ms, currency=currency
    )
    return _text(message.delivery_report_url, name, body)


def _text(url: str | None, name: str, body: bytes) -> str:
    return f"POST {url or ''}\ncontent-type: application/json\nwebhook-id: {name}\n\n{body.decode()}"
