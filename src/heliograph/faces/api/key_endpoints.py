"""/v2/me/keys: the keys of an account, managed by a key that may. A secret is shown once, when it is made."""

import os
from datetime import datetime
from typing import Final

import msgspec
from litestar import Response, delete, get, post
from msgspec import UNSET, UnsetType

from heliograph.domain.key_request import check_key
from heliograph.domain.key_rights import UNRESTRICTED
from heliograph.domain.refusals import NotFound
from heliograph.faces.api.api_context import (
    ApiRequest,
    account_of,
    caller_of,
    context_of,
    json_answer,
    links,
)
from heliograph.faces.api.idempotent_posts import answered_once
from heliograph.faces.api.json_requests import json_body
from heliograph.faces.api.paging import parse_page
from heliograph.faces.api.schemas import whole_seconds
from heliograph.services.make_key import make_key
from heliograph.storage.api_keys import StoredKey, list_keys, revoke_key
from heliograph.storage.database import Transaction

KEYS_PATH: Final = "/v2/me/keys"
KEY_PATH: Final = f"{KEYS_PATH}/{{key_id:str}}"
UNKNOWN_KEY: Final = "There is no such key."


class KeyDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An API key, without its secret."""

    id: str
    name: str
    scopes: list[str] | None
    networks: list[str]
    test: bool
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    revoked: datetime | None
    key: str | UnsetType = UNSET
    """The whole key; only in the answer that made it."""


def key_document(key: StoredKey) -> KeyDocument:
    """A key as the API shows it."""
    return KeyDocument(
        id=key.key_id,
        name=key.name,
        scopes=None if key.rights.scopes is None else sorted(key.rights.scopes),
        networks=[str(network) for network in key.rights.networks],
        test=key.rights.is_test,
        created=whole_seconds(key.created_at),
        expires=_shown(key.expires_at),
        last_used=_shown(key.last_used_at),
        revoked=_shown(key.revoked_at),
    )


def _shown(moment: datetime | None) -> datetime | None:
    return None if moment is None else whole_seconds(moment)


@get(KEYS_PATH)
async def read_keys(request: ApiRequest) -> Response[bytes]:
    """A page of the account's keys, revoked ones included."""
    account = await account_of(request)
    page = parse_page(request.scope["query_string"])
    async with context_of(request).database.reader(account.account_id) as tx:
        keys = await list_keys(tx, account.account_id)
    total = len(keys)
    if page.newest_first:
        keys.reverse()
    chosen = keys[page.start : page.start + page.limit]
    return json_answer([key_document(key) for key in chosen], headers=links(request, page, total))


@post(KEYS_PATH)
async def create_own_key(request: ApiRequest) -> Response[bytes]:
    """Make a key that may do no more than the one that asks for it."""
    context = context_of(request)
    caller = await caller_of(request)
    body = await json_body(request)
    now = context.now()
    draft = check_key(
        body.members(), maker=caller.rights or UNRESTRICTED, maker_ends=caller.expires_at, now=now
    )
    account_id = caller.account.account_id

    async def write(tx: Transaction) -> Response[bytes]:
        made = await make_key(tx, account_id, draft, random_bytes=os.urandom, now=now)
        document = msgspec.structs.replace(key_document(made.stored), key=made.token)
        return json_answer(document, status=201, headers={"location": f"{KEYS_PATH}/{document.id}"})

    return await answered_once(request, account_id, body.raw, write, is_secret=True, limits=caller.limits)


@delete(KEY_PATH, status_code=200)
async def revoke_own_key(request: ApiRequest, key_id: str) -> Response[bytes]:
    """Revoke a key; one that was revoked before stays as it is."""
    context = context_of(request)
    account = await account_of(request)
    if not key_id.isascii() or not key_id.isalnum():
        raise NotFound(UNKNOWN_KEY)
    async with context.database.transaction() as tx:
        await revoke_key(tx, key_id, now=context.now(), account_id=account.account_id)
        keys = await list_keys(tx, account.account_id)
    found = next((key for key in keys if key.key_id == key_id), None)
    if found is None:
        raise NotFound(UNKNOWN_KEY)
    return json_answer(key_document(found))
