"""/v2/batches: list, one, cancel. Sending is answered by the accept handler, in front of the framework."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from litestar import Response, delete, get, post

from heliograph.domain.refusals import Forbidden, NotFound
from heliograph.faces.api.api_context import (
    ApiRequest,
    account_of,
    caller_of,
    context_of,
    cursor_links,
    identifier,
    json_answer,
    links,
)
from heliograph.faces.api.auth import Caller
from heliograph.faces.api.documents import list_item, whole_batch
from heliograph.faces.api.list_filters import parse_batch_list
from heliograph.faces.api.paging import Page
from heliograph.faces.api.schemas import BATCHES_PATH
from heliograph.services.cancel_batch import UNKNOWN_BATCH
from heliograph.storage.accounts import Account
from heliograph.storage.batch_listing import BatchFilter, count_batches, list_batches, scan_batches
from heliograph.storage.batch_reading import StoredBatch, count_messages, find_batch, list_codes
from heliograph.storage.database import Transaction

BATCH_PATH: Final = f"{BATCHES_PATH}/{{batch_id:str}}"
OUTGOING: Final = "outgoing messages"
REAL_BATCH: Final = "This is a test key, and the batch is not a test: use another key to change it."


async def readable_batch(tx: Transaction, caller: Caller, batch_id: bytes, unknown: str) -> StoredBatch:
    """A batch of the account. Raises NotFound with that sentence, Forbidden if the key may not read it."""
    batch = await find_batch(tx, caller.account.account_id, batch_id)
    if batch is None:
        raise NotFound(unknown)
    caller.check_may_read(what=OUTGOING, incoming=batch.incoming)
    return batch


async def check_changeable(tx: Transaction, account: Account, batch_id: bytes) -> None:
    """Refuse to change a batch that is no test with a test key. Raises NotFound and Forbidden.

    A batch never becomes a test or ceases to be one, so it may be asked before the change.
    """
    if not account.is_test:
        return
    batch = await find_batch(tx, account.account_id, batch_id)
    if batch is None:
        raise NotFound(UNKNOWN_BATCH)
    if not batch.test:
        raise Forbidden(REAL_BATCH)


@get(BATCHES_PATH)
async def read_batches(request: ApiRequest) -> Response[bytes]:
    """A page of the account's batches, without their summaries."""
    context = context_of(request)
    caller = await caller_of(request)
    account = caller.account
    page, wanted = parse_batch_list(request.scope["query_string"])
    if caller.reads_incoming_only:
        caller.check_may_read(what=OUTGOING, incoming=wanted.incoming is not False)
        wanted = msgspec.structs.replace(wanted, incoming=True)
    now = context.now()
    async with context.database.reader(account.account_id) as tx:
        if wanted.is_derived:
            listed = await _scanned_page(tx, request, account.account_id, page, wanted, now)
        elif page.after is not None:
            listed = await _page_by_cursor(tx, request, account.account_id, page, wanted)
        else:
            listed = await _page_by_start(tx, request, account.account_id, page, wanted)
    documents = [
        list_item(batch, listed.codes.get(batch.batch_id, {}), account=account, now=now)
        for batch in listed.batches
    ]
    return json_answer(documents, headers=listed.links)


class _Listed(msgspec.Struct, frozen=True):
    """A page of batches with what their documents need, and the links of the answer."""

    batches: list[StoredBatch]
    codes: Mapping[bytes, Mapping[int, int]]
    links: dict[str, str]


async def _scanned_page(
    tx: Transaction, request: ApiRequest, account_id: int, page: Page, wanted: BatchFilter, now: datetime
) -> _Listed:
    found = await scan_batches(
        tx,
        account_id,
        wanted,
        limit=page.limit,
        newest_first=page.newest_first,
        after=page.after or b"",
        now=now,
    )
    return _Listed(found.batches, found.codes, cursor_links(request, page, found.next_after))


async def _page_by_cursor(
    tx: Transaction, request: ApiRequest, account_id: int, page: Page, wanted: BatchFilter
) -> _Listed:
    batches = await list_batches(
        tx,
        account_id,
        wanted,
        limit=page.limit + 1,
        newest_first=page.newest_first,
        after=page.after or b"",
    )
    shown = batches[: page.limit]
    codes = await list_codes(tx, account_id, shown)
    next_after = shown[-1].batch_id if len(batches) > page.limit else None
    return _Listed(shown, codes, cursor_links(request, page, next_after))


async def _page_by_start(
    tx: Transaction, request: ApiRequest, account_id: int, page: Page, wanted: BatchFilter
) -> _Listed:
    total = await count_batches(tx, account_id, wanted)
    batches = await list_batches(
        tx, account_id, wanted, start=page.start, limit=page.limit + 1, newest_first=page.newest_first
    )
    shown = batches[: page.limit]
    codes = await list_codes(tx, account_id, shown)
    return _Listed(shown, codes, links(request, page, total, is_last=len(batches) <= page.limit))


@get(BATCH_PATH)
async def read_batch(request: ApiRequest, batch_id: str) -> Response[bytes]:
    """One batch with both summaries."""
    context = context_of(request)
    caller = await caller_of(request)
    account = caller.account
    wanted = identifier(batch_id, UNKNOWN_BATCH)
    async with context.database.reader(account.account_id) as tx:
        batch = await readable_batch(tx, caller, wanted, UNKNOWN_BATCH)
        counts = await count_messages(tx, account.account_id, wanted, batch.message_count)
    return json_answer(whole_batch(batch, counts, account=account, now=context.now()))


@delete(BATCH_PATH, status_code=200)
async def delete_batch(request: ApiRequest, batch_id: str) -> Response[bytes]:
    """Cancel what was not yet submitted; a finished batch is hidden."""
    context = context_of(request)
    account = await account_of(request)
    now, wanted = context.now(), identifier(batch_id, UNKNOWN_BATCH)
    if account.is_test:
        async with context.database.reader(account.account_id) as tx:
            await check_changeable(tx, account, wanted)
    last = await context.cancel_batch.cancel(account.account_id, wanted, now, may_be_repeated=True)
    return json_answer(whole_batch(last.batch, last.counts, account=account, now=now))


@post(BATCHES_PATH)
async def send_batch(request: ApiRequest) -> Response[bytes]:
    """Where sending stands among the routes; the accept handler answers before it is reached."""
    raise RuntimeError("the accept handler does not stand in front of the framework")
