"""Messages: the latest, those of one number, and the way of one of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response

from heliograph.domain.encoding import Encoding
from heliograph.domain.ids import parse_id, seconds_of
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound, Unavailable
from heliograph.faces.portal.batch_list_pages import BATCHES, day_begins
from heliograph.faces.portal.batch_pages import BATCH, shown_message
from heliograph.faces.portal.message_timeline import timeline
from heliograph.faces.portal.number_fields import typed_number
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for, zone_name_of
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.faces.portal.status_texts import GROUP_BY_NAME, GROUPS
from heliograph.storage.batch_listing import HIGHEST_ID, BatchFilter
from heliograph.storage.batch_reading import StoredBatch, find_batch
from heliograph.storage.conversation_reading import (
    find_place,
    list_latest,
    read_places,
)
from heliograph.storage.database import Transaction
from heliograph.storage.message_reading import StoredMessage, find_message
from heliograph.storage.message_search import FoundMessages, MessageSearch, search_messages, search_number
from heliograph.storage.senders import page_of_senders

MESSAGES: Final = "/portal/messages"
MESSAGE: Final = f"{BATCH}/messages/{{message_id:str}}"
SHOWN: Final = 50
UNKNOWN_MESSAGE: Final = "There is no such batch, or no such message in it."
FIELDS: Final = ("wanted", "text", "group", "direction", "sender", "reference", "tag", "from", "to")
NOTHING_GIVEN: Final[Mapping[str, str]] = MappingProxyType(dict.fromkeys(FIELDS, ""))
_SENDERS: Final = 200
ENCODINGS: Final = {Encoding.GSM7: "GSM-7", Encoding.BINARY: "Binary", Encoding.UCS2: "UCS-2"}


@show(MESSAGES)
async def show_messages(request: PortalRequest) -> Response[str]:
    """The latest messages, with a search."""
    me = me_of(request)
    after = parse_id(request.query_params.get("after", ""))
    async with context_of(request).database.reader(me.account_id) as tx:
        places = await list_latest(tx, me.account_id, limit=SHOWN + 1, below=after or HIGHEST_ID)
        older = places[SHOWN - 1].message_id if len(places) > SHOWN else None
        return await _list_page(request, tx, FoundMessages(places[:SHOWN], older))


@act(MESSAGES, right=Right.READ)
async def search_messages_page(request: PortalRequest) -> Response[str] | Response[None]:
    """The messages that are like what a form says, or the one that has an id.

    A form that is POSTed, so that numbers and words stand in no address and in no log.
    """
    me, form, translate = me_of(request), await form_of(request), translate_for(request)
    given = {name: form.text(name) for name in FIELDS}
    identifier = parse_id(given["wanted"])
    number, fault = typed_number(request, given["wanted"]) if given["wanted"] else ("", None)
    below = parse_id(form.text("after"))
    wanted, faults = _search_of(given, request)
    async with context_of(request).database.reader(me.account_id) as tx:
        if identifier is not None:
            if address := await _address_of(tx, me.account_id, identifier):
                return see(address)
            faults["wanted"] = translate("The account has no message and no batch with this id.")
        elif fault:
            has_digits = any(map(str.isdigit, given["wanted"]))
            faults["wanted"] = fault if has_digits else translate("Write a number, or the id of a message.")
        elif not number and wanted.is_empty and not faults:
            faults["wanted"] = translate("Say what the message is like: a number, a word, a status, a day.")
        if faults:
            return await _list_page(request, tx, FoundMessages([], None), given=given, faults=faults)
        if number:
            found = await search_number(tx, me.account_id, number, wanted, below=below or b"", limit=SHOWN)
        else:
            found = await search_messages(tx, me.account_id, wanted, below=below or HIGHEST_ID, limit=SHOWN)
        return await _list_page(request, tx, found, given=given)


def _search_of(given: Mapping[str, str], request: PortalRequest) -> tuple[MessageSearch, dict[str, str]]:
    """What is searched for beside a number, and the faults by field."""
    zone, translate, faults = ZoneInfo(zone_name_of(request)), translate_for(request), dict[str, str]()
    begins = day_begins(given["from"], "from", zone, faults, translate)
    ends = day_begins(given["to"], "to", zone, faults, translate, days=1)
    if begins and ends and ends <= begins:
        faults["to"] = translate("This day is before the first one.")
    group = GROUP_BY_NAME.get(given["group"])
    directions = {"out": False, "in": True}
    # What came in is delivered, too, and nobody means it.
    incoming = directions.get(given["direction"], False if group else None)
    batches = BatchFilter(
        sender=given["sender"] or None,
        reference=given["reference"] or None,
        tags=(given["tag"],) if given["tag"] else (),
        incoming=incoming,
        created_from=begins,
        created_to=ends,
    )
    return MessageSearch(batches=batches, codes=group.codes if group else (), text=given["text"]), faults


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
    found: FoundMessages,
    *,
    given: Mapping[str, str] = NOTHING_GIVEN,
    faults: Mapping[str, str] = MappingProxyType({}),
) -> Response[str]:
    account_id = me_of(request).account_id
    shown = [
        (shown_message(each.message, each.batch), each.batch.created_at)
        for each in await read_places(tx, account_id, found.places)
    ]
    senders = await page_of_senders(tx, account_id, start=0, limit=_SENDERS, backwards=False)
    return page(
        request,
        "messages.html",
        status=400 if faults else 200,
        messages=shown,
        given=given,
        is_search=any(given.values()),
        is_narrowed=any(value for name, value in given.items() if name != "wanted"),
        faults=faults,
        groups=GROUPS,
        senders=[sender.sender for sender in senders],
        older=found.below.hex() if found.below else None,
        looked_to=datetime.fromtimestamp(seconds_of(found.below), UTC) if found.below else None,
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
        returned=message.price if message.refunded else 0,
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
        wait=trace.wait if trace else None,
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


PAGES: Final = (show_messages, search_messages_page, show_message, show_timeline)
