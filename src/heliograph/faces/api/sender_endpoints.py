"""/v2/me/senders: the senders that the account has registered."""

from datetime import datetime
from typing import Final

import msgspec
from litestar import Response, delete, get, put

from heliograph.domain.refusals import NotFound
from heliograph.domain.sender import check_sender
from heliograph.faces.api.api_context import ApiRequest, account_of, context_of, json_answer, links
from heliograph.faces.api.json_requests import check_same, json_body
from heliograph.faces.api.paging import parse_page
from heliograph.faces.api.schemas import whole_seconds
from heliograph.services.register_sender import register_sender
from heliograph.storage.accounts import Account, StoredSender, remove_sender
from heliograph.storage.senders import count_senders, find_sender, page_of_senders

SENDERS_PATH: Final = "/v2/me/senders"
SENDER_PATH: Final = f"{SENDERS_PATH}/{{sender:str}}"
UNKNOWN_SENDER: Final = "The sender is not registered on the account."


class SenderDocument(msgspec.Struct, frozen=True):
    """A sender that the account has registered."""

    sender: str
    created: datetime


def sender_document(stored: StoredSender) -> SenderDocument:
    """A sender as the API shows it."""
    return SenderDocument(stored.sender, whole_seconds(stored.created_at))


@get(SENDERS_PATH)
async def read_senders(request: ApiRequest) -> Response[bytes]:
    """A page of the senders in alphabetical order."""
    account = await account_of(request)
    page = parse_page(request.scope["query_string"])
    async with context_of(request).database.reader(account.account_id) as tx:
        total = await count_senders(tx, account.account_id)
        senders = await page_of_senders(
            tx, account.account_id, start=page.start, limit=page.limit, backwards=page.newest_first
        )
    return json_answer([sender_document(sender) for sender in senders], headers=links(request, page, total))


@get(SENDER_PATH)
async def read_sender(request: ApiRequest, sender: str) -> Response[bytes]:
    """One sender, letter by letter."""
    account = await account_of(request)
    _known_form(sender)
    async with context_of(request).database.reader(account.account_id) as tx:
        found = await find_sender(tx, account.account_id, sender)
    if found is None:
        raise NotFound(UNKNOWN_SENDER)
    return json_answer(sender_document(found))


@put(SENDER_PATH)
async def put_sender(request: ApiRequest, sender: str) -> Response[bytes]:
    """Register the sender in the path; a body, if any, must name the same."""
    account = await account_of(request)
    await check_same(request, ("sender",), sender)
    return await _registered(request, account, sender)


@put(SENDERS_PATH)
async def put_named_sender(request: ApiRequest) -> Response[bytes]:
    """Register the sender that the body names."""
    account = await account_of(request)
    body = await json_body(request)
    return await _registered(request, account, body.members().get("sender"))


@delete(SENDER_PATH, status_code=200)
async def delete_sender(request: ApiRequest, sender: str) -> Response[bytes]:
    """Unregister a sender, and answer what it was; what was accepted before is still sent."""
    account = await account_of(request)
    _known_form(sender)
    async with context_of(request).database.transaction() as tx:
        removed = await remove_sender(tx, account.account_id, sender)
    if removed is None:
        raise NotFound(UNKNOWN_SENDER)
    return json_answer(sender_document(removed))


def _known_form(sender: str) -> None:
    """What cannot be a sender is registered nowhere. Raises NotFound."""
    if check_sender(sender):
        raise NotFound(UNKNOWN_SENDER)


async def _registered(request: ApiRequest, account: Account, sender: object) -> Response[bytes]:
    """The sender, registered; the rules of the installation hold for what is not registered yet."""
    context = context_of(request)
    async with context.database.transaction() as tx:
        stored, is_new = await register_sender(tx, account, sender, context.sender_rules, now=context.now())
    headers = {"location": f"{SENDERS_PATH}/{stored.sender}"} if is_new else None
    return json_answer(sender_document(stored), status=201 if is_new else 200, headers=headers)
