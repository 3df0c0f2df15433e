"""/v2/conversations/{participant}: what went to a participant and what came from it, and how much of each."""

from typing import Final

import msgspec
from litestar import Response, get
from msgspec import UNSET, UnsetType

from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.faces.api.api_context import (
    ApiRequest,
    account_of,
    caller_of,
    context_of,
    cursor_links,
    json_answer,
    links,
)
from heliograph.faces.api.documents import message_document
from heliograph.faces.api.list_filters import parse_conversation_page, read_party
from heliograph.faces.api.schemas import SummaryCount, message_summary
from heliograph.storage.batch_listing import COUNTED
from heliograph.storage.conversation_reading import count_conversation, list_conversation, read_places

CONVERSATION_PATH: Final = "/v2/conversations/{participant:str}"
WRONG_PARTICIPANT: Final = "participant is a number without +, or a sender: 1 to 21 ASCII characters."


class ConversationSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many messages a conversation has, by latest status."""

    participant: str
    total_message_count: int
    total_sms_count: int
    mobile_terminated_messages: dict[str, SummaryCount]
    mobile_originated_messages: dict[str, SummaryCount]
    partial: bool | UnsetType = UNSET
    """True where only the newest messages were counted; absent else."""


@get(CONVERSATION_PATH)
async def read_conversation(request: ApiRequest, participant: str) -> Response[bytes]:
    """A page of all messages to and from a participant, or of what came in for a key that reads only that."""
    return await _page(request, participant, incoming=None)


@get(f"{CONVERSATION_PATH}/mt")
async def read_outgoing(request: ApiRequest, participant: str) -> Response[bytes]:
    """A page of the messages that went out."""
    return await _page(request, participant, incoming=False)


@get(f"{CONVERSATION_PATH}/mo")
async def read_incoming(request: ApiRequest, participant: str) -> Response[bytes]:
    """A page of the messages that came in."""
    return await _page(request, participant, incoming=True)


@get(f"{CONVERSATION_PATH}/summary")
async def read_summary(request: ApiRequest, participant: str) -> Response[bytes]:
    """The messages of a conversation by direction and latest status."""
    account = await account_of(request)
    _check(participant)
    async with context_of(request).database.reader(account.account_id) as tx:
        counted = await count_conversation(tx, account.account_id, participant)
    every = [*counted.outgoing.values(), *counted.incoming.values()]
    return json_answer(
        ConversationSummary(
            participant=participant,
            total_message_count=sum(count.messages for count in every),
            total_sms_count=sum(count.segments for count in every),
            mobile_terminated_messages=message_summary(counted.outgoing),
            mobile_originated_messages=message_summary(counted.incoming),
            partial=True if counted.is_partial else UNSET,
        )
    )


async def _page(request: ApiRequest, participant: str, *, incoming: bool | None) -> Response[bytes]:
    caller = await caller_of(request)
    account = caller.account
    if caller.reads_incoming_only:
        incoming = True  # /mt is not open to such a key
    page = parse_conversation_page(request.scope["query_string"])
    _check(participant)
    end = page.start + page.limit
    # By start the list is counted as well, as far as lists are.
    wanted = end if page.after is not None else max(end, COUNTED)
    async with context_of(request).database.reader(account.account_id) as tx:
        places = await list_conversation(
            tx,
            account.account_id,
            participant,
            incoming=incoming,
            limit=wanted + 1,
            newest_first=page.newest_first,
            after=page.after or b"",
        )
        shown = await read_places(tx, account.account_id, places[page.start : end])
    next_after = places[end - 1].message_id if len(places) > end else None
    if page.after is not None:
        headers = cursor_links(request, page, next_after)
    else:
        total = len(places) if len(places) <= COUNTED else None
        headers = links(
            request,
            page,
            total,
            is_last=next_after is None,
            next_after=next_after if end > COUNTED else None,
        )
    documents = [message_document(message, batch, account=account, whole=False) for message, batch in shown]
    return json_answer(documents, headers=headers)


def _check(participant: str) -> None:
    if read_party(participant) is None:
        raise InvalidRequest([Refusal("participant", "invalid", WRONG_PARTICIPANT)])
