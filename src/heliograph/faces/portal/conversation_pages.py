"""Conversations: what was exchanged with somebody, as a chat that can be answered.

A conversation is opened by one of its messages, so that no number stands in an address.
"""

from hashlib import sha256
from typing import Any, Final

from litestar import Response
from litestar.response import Stream

from heliograph.domain.batch import RawBatch
from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import InvalidRequest, NotFound
from heliograph.faces.portal.accepted_answers import refusal_of
from heliograph.faces.portal.live_parts import LivePart, live_part
from heliograph.faces.portal.number_fields import typed_number
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.faces.portal.status_texts import CODE_TEXTS
from heliograph.storage.batches import IdempotentRequest
from heliograph.storage.blacklist_reading import find_in_blacklist
from heliograph.storage.contact_reading import list_contact_names
from heliograph.storage.conversation_reading import Shown, list_conversation, read_places
from heliograph.storage.database import Transaction
from heliograph.storage.latest_conversations import find_participant, list_latest_conversations

CONVERSATIONS: Final = "/portal/conversations"
LISTED: Final = 40
PAGE: Final = 30
ROUTE: Final = "portal reply"
LIVE_SECONDS: Final = 2.0
LIST_SECONDS: Final = 5.0
UNKNOWN: Final = "There is no such conversation."
NOTHING_YET: Final = "Nothing was exchanged with that number. Send to it first."


@show(CONVERSATIONS)
async def show_conversations(request: PortalRequest) -> Response[str]:
    """With whom the account talked last."""
    return await _listed(request)


@act(f"{CONVERSATIONS}/find", right=Right.READ)
async def find_conversation(request: PortalRequest) -> Response[str] | Response[None]:
    """The conversation with a number, asked for with a form, to keep it out of addresses."""
    me, form = me_of(request), await form_of(request)
    number, fault = typed_number(request, form.text("participant"))
    if fault:
        return await _listed(request, typed=number, fault=fault)
    async with context_of(request).database.reader(me.account_id) as tx:
        places = await list_conversation(tx, me.account_id, number, incoming=None, limit=1, newest_first=True)
    if not places:
        return await _listed(request, typed=number, fault=translate_for(request)(NOTHING_YET))
    return see(f"{CONVERSATIONS}/{places[0].message_id.hex()}")


@show(f"{CONVERSATIONS}/{{message_id:str}}")
async def show_conversation(request: PortalRequest, message_id: str) -> Response[str]:
    """A conversation, the newest message at its end, and a field to answer."""
    return await _conversation_page(request, message_id)


@show(f"{CONVERSATIONS}/{{message_id:str}}/messages", live=True)
async def show_messages(request: PortalRequest, message_id: str) -> Response[str] | Stream:
    """Its messages alone: the newest, kept up to date, or those before one of them."""

    async def look() -> LivePart:
        me = me_of(request)
        async with context_of(request).database.reader(me.account_id) as tx:
            participant = await _participant(tx, me.account_id, message_id)
            values = await _messages(request, tx, participant)
        return LivePart(page(request, "conversation_messages.html", message_id=message_id, **values))

    return await live_part(request, look, seconds=LIVE_SECONDS)


@act(f"{CONVERSATIONS}/{{message_id:str}}/reply", right=Right.SEND)
async def reply(request: PortalRequest, message_id: str) -> Response[str] | Response[None]:
    """Send to whom the conversation is with. The same form sent again sends nothing again."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    async with context.database.reader(me.account_id) as tx:
        participant = await _participant(tx, me.account_id, message_id)
    account = await context.accounts.account(me.account_id)
    assert account is not None
    text, sender = form.raw("text"), form.text("sender")
    raw = RawBatch(sender=sender, recipients=[participant], body=text, datacoding="auto")
    content = sha256(f"{sender}\0{participant}\0{text}".encode()).digest()
    once = IdempotentRequest(me.account_id, ROUTE, form.text("once")[:64], content)
    translate = translate_for(request)
    try:
        fault = refusal_of(await context.accept_batch.accept(account, raw, once), translate)
    except InvalidRequest as refused:
        fault = translate(refused.faults[0].sentence)
    if fault:
        return await _conversation_page(request, message_id, text, sender, fault)
    return see(f"{CONVERSATIONS}/{message_id}")


async def _participant(tx: Transaction, account_id: int, message_id: str) -> str:
    """With whom a message was exchanged. Raises NotFound."""
    key = parse_id(message_id)
    found = None if key is None else await find_participant(tx, account_id, key)
    if found is None:
        raise NotFound(UNKNOWN)
    return found


async def _listed(request: PortalRequest, *, typed: str = "", fault: str = "") -> Response[str]:
    async with context_of(request).database.reader(me_of(request).account_id) as tx:
        latest = await _latest(tx, request)
    return page(
        request,
        "conversations.html",
        status=400 if fault else 200,
        typed=typed,
        fault=fault or None,
        **latest,
    )


async def _latest(tx: Transaction, request: PortalRequest) -> dict[str, Any]:
    """The latest conversations, and what the people are called."""
    account_id = me_of(request).account_id
    conversations = await list_latest_conversations(tx, account_id, limit=LISTED)
    numbers = [each.participant for each in conversations]
    return {"conversations": conversations, "names": await list_contact_names(tx, account_id, numbers)}


@show("/portal/live/conversations", live=True)
async def show_latest(request: PortalRequest) -> Response[str] | Stream:
    """The list of conversations, as the part of its page that is kept up to date."""

    async def look() -> LivePart:
        async with context_of(request).database.reader(me_of(request).account_id) as tx:
            latest = await _latest(tx, request)
        return LivePart(page(request, "conversation_rows.html", **latest))

    return await live_part(request, look, seconds=LIST_SECONDS)


async def _conversation_page(
    request: PortalRequest, message_id: str, text: str = "", sender: str = "", fault: str = ""
) -> Response[str]:
    context, me = context_of(request), me_of(request)
    async with context.database.reader(me.account_id) as tx:
        participant = await _participant(tx, me.account_id, message_id)
        values = await _messages(request, tx, participant)
        blocked = await find_in_blacklist(tx, me.account_id, participant) is not None
        name = (await list_contact_names(tx, me.account_id, [participant])).get(participant)
    account = await context.accounts.account(me.account_id)
    assert account is not None
    account = await context.accounts.with_newest_senders(account)
    senders = sorted(account.senders, key=str.lower)
    return page(
        request,
        "conversation.html",
        status=400 if fault else 200,
        message_id=message_id,
        participant=participant,
        name=name,
        blocked=blocked,
        can_answer=participant.isdigit(),
        segment_price=account.prices.segment_price(participant),
        currency=account.currency,
        senders=senders,
        sender=sender or _usual_sender(values["messages"], senders),
        text=text,
        fault=fault or None,
        once=context.random_bytes(16).hex(),
        **values,
    )


def _usual_sender(messages: list[Shown], senders: list[str]) -> str:
    """As whom an answer is expected: the number that they wrote to last, else whoever wrote to them last."""
    ours = [each.message.recipient if each.batch.incoming else each.batch.sender for each in messages]
    return next((each for each in reversed(ours) if each in senders), senders[0] if senders else "")


async def _messages(request: PortalRequest, tx: Transaction, participant: str) -> dict[str, Any]:
    """The messages before the one that is asked for, the newest without; in the order of a chat."""
    me = me_of(request)
    before = parse_id(request.query_params.get("before", "")) or b""
    places = await list_conversation(
        tx, me.account_id, participant, incoming=None, limit=PAGE + 1, newest_first=True, after=before
    )
    shown = await read_places(tx, me.account_id, places[:PAGE])
    return {
        "messages": list(reversed(shown)),
        "older": shown[-1].message.message_id.hex() if len(places) > PAGE else None,
        "code_texts": CODE_TEXTS,
    }


PAGES: Final = (show_conversations, show_latest, find_conversation, show_conversation, show_messages, reply)
