"""/v2/blacklist: the numbers that the account never sends to."""

from datetime import UTC
from typing import Final

import msgspec
from litestar import Response, delete, get, post, put

from heliograph.domain.msisdn import format_fault, recipient_fault
from heliograph.domain.refusals import InvalidRequest, NotFound, Refusal
from heliograph.faces.api.api_context import ApiRequest, account_of, context_of, json_answer, links
from heliograph.faces.api.idempotent_posts import answered_once
from heliograph.faces.api.json_requests import JsonBody, check_same, json_body
from heliograph.faces.api.paging import parse_page
from heliograph.storage.blacklist import BlacklistSource, keep_in_blacklist, remove_from_blacklist
from heliograph.storage.blacklist_reading import (
    BlacklistEntry,
    count_blacklist,
    find_in_blacklist,
    list_blacklist,
)
from heliograph.storage.database import Transaction

BLACKLIST_PATH: Final = "/v2/blacklist"
ENTRY_PATH: Final = f"{BLACKLIST_PATH}/{{msisdn:str}}"
UNKNOWN_ENTRY: Final = "The number is not on the blacklist."
_FIELD: Final = "msisdn"
_FIRST_VERSION: Final = "phone"
"""What version 1 of the API called it."""


class BlacklistDocument(msgspec.Struct, frozen=True):
    """A number that nothing is sent to."""

    msisdn: str
    created: str


def blacklist_document(entry: BlacklistEntry) -> BlacklistDocument:
    """An entry as the API shows it; its time, alone of all, has milliseconds and no zone. It is UTC."""
    created = entry.created_at.astimezone(UTC).replace(tzinfo=None)
    return BlacklistDocument(entry.msisdn, created.isoformat(timespec="milliseconds"))


@get(BLACKLIST_PATH)
async def read_blacklist(request: ApiRequest) -> Response[bytes]:
    """A page of the entries by the time they were added."""
    account = await account_of(request)
    page = parse_page(request.scope["query_string"])
    async with context_of(request).database.reader(account.account_id) as tx:
        total = await count_blacklist(tx, account.account_id)
        entries = await list_blacklist(
            tx, account.account_id, start=page.start, limit=page.limit, newest_first=page.newest_first
        )
    return json_answer([blacklist_document(entry) for entry in entries], headers=links(request, page, total))


@get(ENTRY_PATH)
async def read_blacklist_entry(request: ApiRequest, msisdn: str) -> Response[bytes]:
    """One entry."""
    account = await account_of(request)
    _known_form(msisdn)
    async with context_of(request).database.reader(account.account_id) as tx:
        entry = await find_in_blacklist(tx, account.account_id, msisdn)
    if entry is None:
        raise NotFound(UNKNOWN_ENTRY)
    return json_answer(blacklist_document(entry))


@post(BLACKLIST_PATH)
async def add_blacklist_entry(request: ApiRequest) -> Response[bytes]:
    """Add the number that the body names."""
    account = await account_of(request)
    body = await json_body(request)
    msisdn = named_number(body)

    async def write(tx: Transaction) -> Response[bytes]:
        return await _kept(request, tx, account.account_id, msisdn)

    return await answered_once(request, account.account_id, body.raw, write)


@put(ENTRY_PATH)
async def put_blacklist_entry(request: ApiRequest, msisdn: str) -> Response[bytes]:
    """Add the number in the path; a body, if any, must name the same."""
    account = await account_of(request)
    if fault := recipient_fault(msisdn, _FIELD):
        raise InvalidRequest([fault])
    await check_same(request, (_FIELD, _FIRST_VERSION), msisdn)
    async with context_of(request).database.transaction() as tx:
        return await _kept(request, tx, account.account_id, msisdn)


@delete(ENTRY_PATH, status_code=200)
async def delete_blacklist_entry(request: ApiRequest, msisdn: str) -> Response[bytes]:
    """Remove an entry, and answer what it was."""
    context = context_of(request)
    account = await account_of(request)
    _known_form(msisdn)
    async with context.database.transaction() as tx:
        entry = await remove_from_blacklist(
            tx, account.account_id, msisdn, now=context.now(), source=BlacklistSource.API
        )
    if entry is None:
        raise NotFound(UNKNOWN_ENTRY)
    return json_answer(blacklist_document(entry))


def named_number(body: JsonBody) -> str:
    """The number in a body: ``msisdn``, or ``Phone`` as in version 1. Raises InvalidRequest."""
    members = body.members()
    named = [name for name in (_FIELD, _FIRST_VERSION) if members.get(name) is not None]
    if len(named) > 1:
        raise InvalidRequest([Refusal(_FIELD, "repeated", "Name the number once: as msisdn or as phone.")])
    if not named:
        raise InvalidRequest([Refusal(_FIELD, "required", "msisdn is required.")])
    number, name = members[named[0]], body.as_written(named[0])
    if not isinstance(number, str) or not number:
        sentence = f"{name} must be a string of digits, such as 46712345678."
        raise InvalidRequest([Refusal(name, "not_text", sentence)])
    if fault := recipient_fault(number, name):
        raise InvalidRequest([fault])
    return number


def _known_form(msisdn: str) -> None:
    """What cannot be a number is on no blacklist; one that nobody can have may be. Raises NotFound."""
    if format_fault(msisdn, _FIELD):
        raise NotFound(UNKNOWN_ENTRY)


async def _kept(request: ApiRequest, tx: Transaction, account_id: int, msisdn: str) -> Response[bytes]:
    entry, is_new = await keep_in_blacklist(
        tx, account_id, msisdn, now=context_of(request).now(), source=BlacklistSource.API
    )
    headers = {"location": f"{BLACKLIST_PATH}/{msisdn}"} if is_new else None
    return json_answer(blacklist_document(entry), status=201 if is_new else 200, headers=headers)
