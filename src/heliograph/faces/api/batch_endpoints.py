"""/v2/batches: list, one, cancel. Sending is answered by the accept handler, in front of the framework."""

from typing import Final

from litestar import Response, delete, get, post

from heliograph.domain.refusals import NotFound
from heliograph.faces.api.api_context import (
    UNKNOWN_PATH,
    ApiRequest,
    account_of,
    context_of,
    identifier,
    json_answer,
    links,
)
from heliograph.faces.api.documents import list_item, whole_batch
from heliograph.faces.api.paging import parse_page
from heliograph.faces.api.schemas import BATCHES_PATH
from heliograph.services.cancel_batch import UNKNOWN_BATCH
from heliograph.storage.batch_reading import (
    count_batches,
    count_messages,
    find_batch,
    list_batches,
    list_codes,
)

BATCH_PATH: Final = f"{BATCHES_PATH}/{{batch_id:str}}"


@get(BATCHES_PATH)
async def read_batches(request: ApiRequest) -> Response[bytes]:
    """A page of the account's batches, without their summaries."""
    context = context_of(request)
    account = await account_of(request)
    page = parse_page(request.scope["query_string"])
    tags = page.values("tags") or None
    async with context.database.reader(account.account_id) as tx:
        total = await count_batches(tx, account.account_id, tags=tags)
        batches = await list_batches(
            tx,
            account.account_id,
            start=page.start,
            limit=page.limit,
            newest_first=page.newest_first,
            tags=tags,
        )
        codes = await list_codes(tx, account.account_id, batches)
    now = context.now()
    documents = [
        list_item(batch, codes.get(batch.batch_id, {}), account=account, now=now) for batch in batches
    ]
    return json_answer(documents, headers=links(request, page, total))


@get(BATCH_PATH)
async def read_batch(request: ApiRequest, batch_id: str) -> Response[bytes]:
    """One batch with both summaries."""
    context = context_of(request)
    account = await account_of(request)
    wanted = identifier(batch_id, UNKNOWN_BATCH)
    async with context.database.reader(account.account_id) as tx:
        batch = await find_batch(tx, account.account_id, wanted)
        if batch is None:
            raise NotFound(UNKNOWN_BATCH)
        counts = await count_messages(tx, account.account_id, wanted, batch.message_count)
    return json_answer(whole_batch(batch, counts, account=account, now=context.now()))


@delete(BATCH_PATH, status_code=200)
async def delete_batch(request: ApiRequest, batch_id: str) -> Response[bytes]:
    """Cancel what was not yet submitted; a finished batch is hidden."""
    context = context_of(request)
    account = await account_of(request)
    now = context.now()
    last = await context.cancel_batch.cancel(account.account_id, identifier(batch_id, UNKNOWN_BATCH), now)
    return json_answer(whole_batch(last.batch, last.counts, account=account, now=now))


@post(BATCHES_PATH)
async def send_batch(request: ApiRequest) -> Response[bytes]:
    """Where sending stands among the routes; the accept handler answers before it is reached."""
    if request.scope["raw_path"].decode() not in (BATCHES_PATH, f"{BATCHES_PATH}/"):
        raise NotFound(UNKNOWN_PATH)  # the framework overlooks a slash too many, the accept handler does not
    raise RuntimeError("the accept handler does not stand in front of the framework")
