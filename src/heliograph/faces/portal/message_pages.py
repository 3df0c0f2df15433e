"""Messages: the latest, those of one number, and the way of one of them."""

from typing import Final

from litestar import Response

from heliograph.domain.encoding import Encoding
from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound, Unavailable
from heliograph.faces.portal.batch_list_pages import BATCHES
from heliograph.faces.portal.batch_pages import BATCH, bare_number, shown_message
from heliograph.faces.portal.message_timeline import timeline
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.storage.batch_listing import HIGHEST_ID
from heliograph.storage.batch_reading import StoredBatch, find_batch
from heliograph.storage.conversation_reading import (
    Place,
    find_place,
    list_conversation,
    list_latest,
    read_places,
)
from heliograph.storage.database import Transaction
from heliograph.storage.message_reading import StoredMessage, find_message

MESSAGES: Final = "/portal/messages"
MESSAGE: Final = f"{BATCH}/messages/{{message_id:str}}"
SHOWN: Final = 50
UNKNOWN_MESSAGE: Final = "There is no such batch, or no such message in it."
ENCODINGS: Final = {Encoding.GSM7: "GSM-7", Encoding.BINARY: "Binary", Encoding.UCS2: "UCS-2"}


@show(MESSAGES)
async def show_messages(request: PortalRequest) -> Response[str]:
    """The latest messages, with a search."""
    me = me_of(request)
    after = parse_id(request.query_params.get("after", ""))
    async with context_of(request).database.reader(me.account_id) as tx:
        places = await list_latest(tx, me.account_id, limit=SHOWN + 1, below=after or HIGHEST_ID)
        return await _list_page(request, tx, places)


@act(MESSAGES, right=Right.READ)
async def search_messages(request: PortalRequest) -> Response[str] | Response[None]:
    """The messages to and from a number, or the one that has an id. The number stays out of addresses."""
    me, form, translate = me_of(request), await form_of(request), translate_for(request)
    wanted, number = form.text("wanted"), bare_number(form.text("wanted"))
    identifier = parse_id(wanted)
    after = parse_id(form.text("after")) or b""
    async with context_of(request).database.reader(me.account_id) as tx:
        if identifier is not None:
            if address := await _address_of(tx, me.account_id, identifier):
                return see(address)
            fault = translate("The account has no message and no batch with this id.")
            return await _list_page(request, tx, [], wanted=wanted, fault=fault)
        if not number:
            fault = translate("Write a number with its country code, or the id of a message.")
            return await _list_page(request, tx, [], wanted=wanted, fault=fault)
        places = await list_conversation(
            tx, me.account_id, number, incoming=None, limit=SHOWN + 1, newest_first=True, after=after
        )
        return await _list_page(request, tx, places, wanted=wanted)


async def _address_of(tx: Transaction, account_id: int, identifier: bytes) -> str | None:
    """The page of the message or of the batch that has an id."""
    place = await find_place(tx, account_id, identifier)
    if place is not None:
        return f"{BATCHES}/{place.batch_id.hex()}/messages/{identifier.hex()}"
    if await find_batch(tx, account_id, identifier) is not None:
        return f"{BATCHES}/{identifier.hex()}"
    return None


async def _list_page(
    request: PortalRequest,
    tx: Transaction,
    places: list[Place],
    *,
    wanted: str = "",
    fault: str | None = None,
) -> Response[str]:
    account_id = me_of(request).account_id
    shown = [
        (shown_message(each.message, each.batch), each.batch.created_at)
        for each in await read_places(tx, account_id, places[:SHOWN])
    ]
    return page(
        request,
        "messages.html",
        status=400 if fault else 200,
        messages=shown,
        wanted=wanted,
        fault=fault,
        older=places[SHOWN - 1].message_id.hex() if len(places) > SHOWN else None,
    )


@show(MESSAGE)
async def show_message(request: PortalRequest, batch_id: str, message_id: str) -> Response[str]:
    """One message. Its way is looked for in a second request, since that may take longer."""
    batch, message = await _message_of(request, batch_id, message_id)
    return page(
        request,
        "message.html",
        batch=batch,
        message=shown_message(message, batch),
        encoding=ENCODINGS.get(Encoding(message.encoding), ""),
        refunded=message.refunded,
        steps=timeline(
            message, batch, None, translate_for(request), currency=me_of(request).account.currency
        ),
    )


@show(f"{MESSAGE}/timeline")
async def show_timeline(request: PortalRequest, batch_id: str, message_id: str) -> Response[str]:
    """The whole way of a message, as a part of its page."""
    me, context = me_of(request), context_of(request)
    batch, message = await _message_of(request, batch_id, message_id)
    try:
        trace = await context.trace_message.trace(me.account_id, batch, message, context.now())
    except Unavailable:
        trace = None
    return page(
        request,
        "message_timeline.html",
        steps=timeline(message, batch, trace, translate_for(request), currency=me.account.currency),
        is_whole=trace is not None,
        next_report=trace.next_report if trace else None,
        carrier=trace.carrier if trace else None,
    )


async def _message_of(
    request: PortalRequest, batch_id: str, message_id: str
) -> tuple[StoredBatch, StoredMessage]:
    account_id = me_of(request).account_id
    of_batch, wanted = parse_id(batch_id), parse_id(message_id)
    if of_batch is None or wanted is None:
        raise NotFound(UNKNOWN_MESSAGE)
    async with context_of(request).database.reader(account_id) as tx:
        batch = await find_batch(tx, account_id, of_batch)
        message = await find_message(tx, account_id, of_batch, wanted) if batch else None
    if batch is None or message is None:
        raise NotFound(UNKNOWN_MESSAGE)
    return batch, message


PAGES: Final = (show_messages, search_messages, show_message, show_timeline)
