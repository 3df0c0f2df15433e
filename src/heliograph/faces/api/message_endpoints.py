"""/v2/batches/{batchId}/messages: the messages of a batch, and one of them with its whole history."""

from typing import Final

from litestar import Response, get

from heliograph.domain.ids import id_bytes
from heliograph.domain.refusals import NotFound
from heliograph.faces.api.api_context import (
    ApiRequest,
    account_of,
    context_of,
    identifier,
    json_answer,
    links,
)
from heliograph.faces.api.batch_endpoints import BATCH_PATH
from heliograph.faces.api.documents import message_document
from heliograph.faces.api.paging import Page, parse_page
from heliograph.services.cancel_batch import UNKNOWN_BATCH
from heliograph.storage.batch_reading import find_batch
from heliograph.storage.message_reading import find_message, list_messages

UNKNOWN_MESSAGE: Final = "There is no such batch, or no such message in it."
MESSAGES_PATH: Final = f"{BATCH_PATH}/messages"
MESSAGE_PATH: Final = f"{MESSAGES_PATH}/{{message_id:str}}"


@get(MESSAGES_PATH)
async def read_messages(request: ApiRequest, batch_id: str) -> Response[bytes]:
    """A page of a batch's messages, each with only its latest status."""
    context = context_of(request)
    account = await account_of(request)
    page = parse_page(request.scope["query_string"])
    wanted = identifier(batch_id, UNKNOWN_BATCH)
    async with context.database.reader(account.account_id) as tx:
        batch = await find_batch(tx, account.account_id, wanted)
        if batch is None:
            raise NotFound(UNKNOWN_BATCH)
        first, last = page_range(wanted, batch.message_count, page)
        messages = await list_messages(tx, account.account_id, wanted, first=first, last=last)
    if page.newest_first:
        messages.reverse()
    documents = [message_document(message, batch, account=account, whole=False) for message in messages]
    return json_answer(documents, headers=links(request, page, batch.message_count))


@get(MESSAGE_PATH)
async def read_message(request: ApiRequest, batch_id: str, message_id: str) -> Response[bytes]:
    """One message with every status it had."""
    context = context_of(request)
    account = await account_of(request)
    of_batch = identifier(batch_id, UNKNOWN_MESSAGE)
    wanted = identifier(message_id, UNKNOWN_MESSAGE)
    async with context.database.reader(account.account_id) as tx:
        batch = await find_batch(tx, account.account_id, of_batch)
        if batch is None:
            raise NotFound(UNKNOWN_MESSAGE)
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
