"""/v2/batches/{batchId}/messages: the messages of a batch, and one of them with its whole history."""

from typing import Final

from litestar import Response, get

from heliograph.domain.ids import id_bytes, message_range
from heliograph.domain.refusals import NotFound
from heliograph.faces.api.api_context import (
    ApiRequest,
    caller_of,
    context_of,
    cursor_links,
    identifier,
    json_answer,
    links,
)
from heliograph.faces.api.batch_endpoints import BATCH_PATH, readable_batch
from heliograph.faces.api.documents import message_document
from heliograph.faces.api.list_filters import parse_message_list
from heliograph.faces.api.paging import Page
from heliograph.services.cancel_batch import UNKNOWN_BATCH
from heliograph.storage.batch_reading import StoredBatch
from heliograph.storage.database import Transaction
from heliograph.storage.message_reading import (
    MessageFilter,
    StoredMessage,
    count_chosen_messages,
    find_message,
    list_chosen_messages,
    list_messages,
)

UNKNOWN_MESSAGE: Final = "There is no such batch, or no such message in it."
MESSAGES_PATH: Final = f"{BATCH_PATH}/messages"
MESSAGE_PATH: Final = f"{MESSAGES_PATH}/{{message_id:str}}"


@get(MESSAGES_PATH)
async def read_messages(request: ApiRequest, batch_id: str) -> Response[bytes]:
    """A page of a batch's messages, each with only its latest status."""
    context = context_of(request)
    caller = await caller_of(request)
    account = caller.account
    page, wanted = parse_message_list(request.scope["query_string"])
    of_batch = identifier(batch_id, UNKNOWN_BATCH)
    async with context.database.reader(account.account_id) as tx:
        batch = await readable_batch(tx, caller, of_batch, UNKNOWN_BATCH)
        if page.after is not None:
            messages, headers = await _page_by_cursor(tx, request, account.account_id, batch, page, wanted)
        else:
            messages, headers = await _page_by_start(tx, request, account.account_id, batch, page, wanted)
    documents = [message_document(message, batch, account=account, whole=False) for message in messages]
    return json_answer(documents, headers=headers)


async def _page_by_start(
    tx: Transaction,
    request: ApiRequest,
    account_id: int,
    batch: StoredBatch,
    page: Page,
    wanted: MessageFilter,
) -> tuple[list[StoredMessage], dict[str, str]]:
    if wanted.is_empty:
        first, last = page_range(batch.batch_id, batch.message_count, page)
        messages = await list_messages(tx, account_id, batch.batch_id, first=first, last=last)
        if page.newest_first:
            messages.reverse()
        return messages, links(request, page, batch.message_count)
    first, last = message_range(batch.batch_id, batch.message_count)
    total = await count_chosen_messages(tx, account_id, batch.batch_id, wanted, first=first, last=last)
    messages = await list_chosen_messages(
        tx,
        account_id,
        batch.batch_id,
        wanted,
        first=first,
        last=last,
        start=page.start,
        limit=page.limit,
        newest_first=page.newest_first,
    )
    return messages, links(request, page, total)


async def _page_by_cursor(
    tx: Transaction,
    request: ApiRequest,
    account_id: int,
    batch: StoredBatch,
    page: Page,
    wanted: MessageFilter,
) -> tuple[list[StoredMessage], dict[str, str]]:
    first, last = message_range(batch.batch_id, batch.message_count)
    if page.after and page.newest_first:
        last = min(last, id_bytes(max(0, int.from_bytes(page.after, "big") - 1)))
    elif page.after:
        first = max(first, page.after + b"\0")  # the lowest that is higher
    messages = await list_chosen_messages(
        tx,
        account_id,
        batch.batch_id,
        wanted,
        first=first,
        last=last,
        start=0,
        limit=page.limit + 1,
        newest_first=page.newest_first,
    )
    shown = messages[: page.limit]
    next_after = shown[-1].message_id if len(messages) > page.limit else None
    return shown, cursor_links(request, page, next_after)


@get(MESSAGE_PATH)
async def read_message(request: ApiRequest, batch_id: str, message_id: str) -> Response[bytes]:
    """One message with every status it had."""
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
    return json_answer(message_document(message, batch, account=account, whole=True))


def page_range(batch_id: bytes, message_count: int, page: Page) -> tuple[bytes, bytes]:
    """The lowest and the highest message id of a page: message n of a batch has the batch's id plus n.

    A page beyond the end is a range without any message.
    """
    number = int.from_bytes(batch_id, "big")
    lowest, highest = page.start + 1, min(page.start + page.limit, message_count)
    if page.newest_first:
        lowest, highest = message_count + 1 - highest, message_count + 1 - lowest
    return id_bytes(number + lowest), id_bytes(max(number, number + highest))
