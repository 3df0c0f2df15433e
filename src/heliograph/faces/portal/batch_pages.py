"""One batch: what it is, how far it is, its messages, and what can be done with it."""

from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.response import Stream

from heliograph.domain.ids import message_range, parse_id
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound
from heliograph.domain.status import Code, is_final
from heliograph.faces.portal.batch_list_pages import BATCHES, ShownBatch, shown_batch
from heliograph.faces.portal.live_parts import LivePart, live_part
from heliograph.faces.portal.number_fields import typed_number
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.faces.portal.status_texts import (
    CODE_TEXTS,
    GROUP_BY_NAME,
    RECEIVED,
    Group,
    count_by_group,
    tone_of,
)
from heliograph.services.cancel_batch import UNKNOWN_BATCH
from heliograph.storage.batch_reading import MessageCount, StoredBatch, count_messages, find_batch
from heliograph.storage.database import Transaction
from heliograph.storage.message_reading import MessageFilter, StoredMessage, list_chosen_messages

BATCH: Final = f"{BATCHES}/{{batch_id:str}}"
SHOWN: Final = 50
QUICK_SECONDS: Final = 1.0
CALM_SECONDS: Final = 5.0
"""Between two looks at how far a batch is, while it moves and while it does not."""


class Progress(msgspec.Struct, frozen=True):
    """How far a batch is."""

    shown: ShownBatch
    counts: dict[int, MessageCount]
    groups: list[tuple[Group, int]]
    total: int
    final: int

    @property
    def is_final(self) -> bool:
        """Whether nothing of it changes by itself any more."""
        return self.final >= self.total

    @property
    def delivered_percent(self) -> float | None:
        """Of the messages that are final and were not canceled; None before there are any."""
        delivered, canceled = (
            self.counts[code].messages if code in self.counts else 0
            for code in (Code.DELIVERED, Code.CANCELED)
        )
        final = self.final - canceled
        return 100 * delivered / final if final else None


class ShownMessage(msgspec.Struct, frozen=True):
    """A message as a list shows it."""

    message_id: str
    batch_id: str
    recipient: str
    sender: str
    body: str
    code: int
    text: str
    tone: str
    segments: int
    price: int
    incoming: bool


def shown_message(message: StoredMessage, batch: StoredBatch) -> ShownMessage:
    """A message with the name of its status."""
    text = RECEIVED if batch.incoming else CODE_TEXTS.get(message.code, "")
    return ShownMessage(
        message.message_id.hex(),
        batch.batch_id.hex(),
        message.recipient,
        batch.sender,
        batch.body if message.body is None else message.body,
        message.code,
        text,
        "neutral" if batch.incoming else tone_of(message.code),
        message.segments,
        0 if message.refunded else message.price,
        batch.incoming,
    )


async def read_progress(tx: Transaction, request: PortalRequest, account_id: int, batch_id: str) -> Progress:
    """A batch of the account and how far it is. Raises NotFound."""
    wanted = parse_id(batch_id)
    batch = await find_batch(tx, account_id, wanted) if wanted else None
    if batch is None:
        raise NotFound(UNKNOWN_BATCH)
    counts = await count_messages(tx, account_id, batch.batch_id, batch.message_count)
    by_code = {code: count.messages for code, count in counts.items()}
    final = sum(messages for code, messages in by_code.items() if is_final(code))
    return Progress(
        shown_batch(batch, by_code, context_of(request).now()),
        dict(sorted(counts.items())),
        count_by_group(counts),
        max(batch.message_count, 1),
        max(batch.message_count, 1) if batch.incoming else final,
    )


@show(BATCH)
async def show_batch(request: PortalRequest, batch_id: str) -> Response[str]:
    """A batch with a page of its messages."""
    return await batch_page(request, batch_id)


async def batch_page(
    request: PortalRequest, batch_id: str, *, recipient: str = "", fault: str | None = None
) -> Response[str]:
    """The page of a batch, with what was searched for in vain."""
    me, context = me_of(request), context_of(request)
    async with context.database.reader(me.account_id) as tx:
        progress = await read_progress(tx, request, me.account_id, batch_id)
        listed = await _listed_messages(tx, request, progress)
    return page(
        request,
        "batch.html",
        status=400 if fault else 200,
        progress=progress,
        batch=progress.shown.batch,
        batch_id=progress.shown.batch_id,
        is_watched=False,
        code_texts=CODE_TEXTS,
        recipient=recipient,
        fault=fault,
        **listed,
    )


async def _listed_messages(tx: Transaction, request: PortalRequest, progress: Progress) -> dict[str, Any]:
    """The messages that the page lists: from where, and of which group, its address says."""
    group = GROUP_BY_NAME.get(request.query_params.get("group", ""))
    after, batch = parse_id(request.query_params.get("after", "")), progress.shown.batch
    first, last = message_range(batch.batch_id, batch.message_count)
    messages = await list_chosen_messages(
        tx,
        me_of(request).account_id,
        batch.batch_id,
        MessageFilter(codes=group.codes if group else None),
        first=max(first, after + b"\0") if after else first,
        last=last,
        start=0,
        limit=SHOWN + 1,
        newest_first=False,
    )
    listed = messages[:SHOWN]
    chosen = {"group": group.name} if group else {}
    asked = chosen | ({"after": after.hex()} if after else {})
    address = f"{BATCHES}/{progress.shown.batch_id}"
    return {
        "messages": [shown_message(message, batch) for message in listed],
        "group": group.name if group else "",
        "asked": f"?{urlencode(asked)}" if asked else "",
        "pager": {
            "previous_href": f"{address}?{urlencode(chosen)}#messages" if after else None,
            "next_href": f"{address}?{urlencode({**chosen, 'after': listed[-1].message_id.hex()})}#messages"
            if len(messages) > SHOWN
            else None,
        },
    }


@show(f"{BATCH}/progress", live=True)
async def show_progress(request: PortalRequest, batch_id: str) -> Response[str] | Stream:
    """How far a batch is, as the part of its page that is kept up to date."""

    async def look() -> LivePart:
        me, context = me_of(request), context_of(request)
        async with context.database.reader(me.account_id) as tx:
            progress = await read_progress(tx, request, me.account_id, batch_id)
            listed = await _listed_messages(tx, request, progress)
        answer = page(
            request,
            "batch_progress.html",
            progress=progress,
            batch=progress.shown.batch,
            batch_id=progress.shown.batch_id,
            is_watched=True,
            code_texts=CODE_TEXTS,
            **listed,
        )
        return LivePart(answer, is_last=progress.is_final)

    return await live_part(request, look, seconds=QUICK_SECONDS, calm_seconds=CALM_SECONDS)


@act(f"{BATCH}/find", right=Right.READ)
async def find_recipient(request: PortalRequest, batch_id: str) -> Response[str] | Response[None]:
    """To the message that one number got."""
    me, context, form = me_of(request), context_of(request), await form_of(request)
    recipient = form.text("recipient")
    digits, fault = typed_number(request, recipient)
    async with context.database.reader(me.account_id) as tx:
        progress = await read_progress(tx, request, me.account_id, batch_id)
        batch = progress.shown.batch
        first, last = message_range(batch.batch_id, batch.message_count)
        found = not fault and await list_chosen_messages(
            tx,
            me.account_id,
            batch.batch_id,
            MessageFilter(recipient=digits),
            first=first,
            last=last,
            start=0,
            limit=1,
            newest_first=False,
        )
    if found:
        return see(f"{BATCHES}/{batch_id}/messages/{found[0].message_id.hex()}")
    translate = translate_for(request)
    fault = fault or translate("No message of this batch went to that number.")
    return await batch_page(request, batch_id, recipient=recipient, fault=fault)


PAGES: Final = (show_batch, show_progress, find_recipient)
