"""The messages of a batch as a file."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from litestar.response import Stream

from heliograph.domain.history import milliseconds, moment_of, whole_history
from heliograph.domain.ids import MessageIds
from heliograph.domain.pricing import UNIT
from heliograph.faces.portal.batch_pages import BATCH, read_progress
from heliograph.faces.portal.csv_downloads import csv_download
from heliograph.faces.portal.portal_context import PortalContext, PortalRequest, context_of
from heliograph.faces.portal.signed_in import me_of, show
from heliograph.faces.portal.status_texts import CODE_TEXTS, RECEIVED
from heliograph.storage.batch_reading import StoredBatch
from heliograph.storage.message_reading import StoredMessage, list_messages

AT_ONCE: Final = 2_000
HEADER: Final = (
    "message_id",
    "sender",
    "recipient",
    "status",
    "status_text",
    "status_since",
    "accepted",
    "segments",
    "price",
    "currency",
    "text",
)

Row = tuple[object, ...]


@show(f"{BATCH}/messages.csv")
async def export_messages(request: PortalRequest, batch_id: str) -> Stream:
    """Every message of a batch, read and sent in slices."""
    me, context = me_of(request), context_of(request)
    async with context.database.reader(me.account_id) as tx:
        batch = (await read_progress(tx, request, me.account_id, batch_id)).shown.batch
    slices = _slices(context, me.account_id, batch, me.account.currency)
    return csv_download(f"batch-{batch.batch_id.hex()}.csv", HEADER, slices)


async def _slices(
    context: PortalContext, account_id: int, batch: StoredBatch, currency: str
) -> AsyncIterator[list[Row]]:
    """The rows of a batch. Each slice is a transaction of its own: a slow reader holds none open."""
    messages = MessageIds(batch.batch_id, batch.message_count)
    for start in range(0, batch.message_count, AT_ONCE):
        ids = messages[start : start + AT_ONCE]
        async with context.database.reader(account_id) as tx:
            found = await list_messages(tx, account_id, batch.batch_id, first=ids[0], last=ids[-1])
        yield [_row(message, batch, currency) for message in found]


def _row(message: StoredMessage, batch: StoredBatch, currency: str) -> Row:
    accepted_ms = milliseconds(batch.created_at)
    latest = whole_history(message.history, code=message.code, accepted_ms=accepted_ms)[-1]
    return (
        message.message_id.hex(),
        batch.sender,
        message.recipient,
        message.code,
        RECEIVED if batch.incoming else CODE_TEXTS.get(message.code, ""),
        _instant(moment_of(latest.at_ms)),
        _instant(batch.created_at),
        message.segments,
        f"{(0 if message.refunded else message.price) / UNIT:.6f}".rstrip("0").rstrip("."),
        currency,
        batch.body if message.body is None else message.body,
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


PAGES: Final = (export_messages,)
