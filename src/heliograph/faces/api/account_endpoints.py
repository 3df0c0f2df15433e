"""/api/me: the account that asks, and its child accounts. Paths and names are those of iP.1's first API."""

from typing import Final

from litestar import Response, get, post, put

from heliograph.domain.account_fields import check_amount, check_name
from heliograph.domain.key_rights import UNRESTRICTED
from heliograph.domain.pricing import as_number
from heliograph.domain.refusals import InvalidRequest, NotFound, Refusal
from heliograph.faces.api.account_documents import CreditMoved, child_details, details, overview
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
from heliograph.services.parent_actions import UNKNOWN_CHILD
from heliograph.storage.child_accounts import (
    ChildAccount,
    count_children,
    find_child,
    list_children,
    read_balance,
)
from heliograph.storage.database import Transaction

ME_PATH: Final = "/api/me"
CHILDREN_PATH: Final = f"{ME_PATH}/children"
CHILD_PATH: Final = f"{CHILDREN_PATH}/{{child:str}}"
CREDIT_PATH: Final = f"{CHILD_PATH}/credit"
OTHER_ID: Final = "ID must be the account number in the path, or be left out."


@get(ME_PATH)
async def read_me(request: ApiRequest) -> Response[bytes]:
    """The account in five words."""
    account = await account_of(request)
    async with context_of(request).database.reader(account.account_id) as tx:
        balance = await read_balance(tx, account.account_id)
    return json_answer(overview(account, balance))


@get(f"{ME_PATH}/account")
async def read_account(request: ApiRequest) -> Response[bytes]:
    """The account with its name and its parent."""
    account = await account_of(request)
    async with context_of(request).database.reader(account.account_id) as tx:
        balance = await read_balance(tx, account.account_id)
    return json_answer(details(account, balance))


@get(CHILDREN_PATH)
async def read_children(request: ApiRequest) -> Response[bytes]:
    """A page of the account's children, oldest first."""
    account = await account_of(request)
    page = parse_page(request.scope["query_string"])
    async with context_of(request).database.reader(account.account_id) as tx:
        total = await count_children(tx, account.account_id)
        children = await list_children(
            tx, account.account_id, start=page.start, limit=page.limit, newest_first=page.newest_first
        )
    documents = [child_details(account, child) for child in children]
    return json_answer(documents, headers=links(request, page, total))


@post(CHILDREN_PATH)
async def add_child(request: ApiRequest) -> Response[bytes]:
    """Make a child account; its key and its webhook secret are shown this once.

    The key may do no more and works no longer than the one that asks.
    """
    caller = await caller_of(request)
    account = caller.account
    body = await json_body(request)
    name = check_name(body.members().get("name"))
    if isinstance(name, Refusal):
        raise InvalidRequest([name])

    async def write(tx: Transaction) -> Response[bytes]:
        opened = await context_of(request).parent_actions.open_child(
            tx,
            account,
            name,
            key_rights=caller.rights or UNRESTRICTED,
            key_expires_at=caller.expires_at,
        )
        child = ChildAccount(opened.number, name, account.currency, 0)
        return json_answer(
            child_details(account, child, key=opened.token, webhook_secret=opened.webhook_secret),
            status=201,
            headers={"location": f"{CHILDREN_PATH}/{opened.number}"},
        )

    return await answered_once(
        request, account.account_id, body.raw, write, is_secret=True, limits=caller.limits
    )


@get(CHILD_PATH)
async def read_child(request: ApiRequest, child: str) -> Response[bytes]:
    """One child of the account."""
    account = await account_of(request)
    async with context_of(request).database.reader(account.account_id) as tx:
        found = await find_child(tx, account.account_id, child_number(child))
    if found is None:
        raise NotFound(UNKNOWN_CHILD)
    return json_answer(child_details(account, found))


@put(CHILD_PATH)
async def rename_child(request: ApiRequest, child: str) -> Response[bytes]:
    """Give a child another name."""
    account = await account_of(request)
    number = child_number(child)
    members = (await json_body(request)).members()
    name = check_name(members.get("name"))
    faults = [name] if isinstance(name, Refusal) else []
    if members.get("id") not in (None, number):
        faults.append(Refusal("ID", "invalid", OTHER_ID))
    if faults or isinstance(name, Refusal):
        raise InvalidRequest(faults)
    context = context_of(request)
    async with context.database.transaction() as tx:
        renamed = await context.parent_actions.rename_child(tx, account, number, name)
    return json_answer(child_details(account, renamed))


@post(CREDIT_PATH, status_code=200)
async def give_credit(request: ApiRequest, child: str) -> Response[bytes]:
    """Move credit from the account to a child."""
    account = await account_of(request)
    number = child_number(child)
    body = await json_body(request)
    amount = check_amount(body.members().get("amount"))
    if isinstance(amount, Refusal):
        raise InvalidRequest([amount])

    async def write(tx: Transaction) -> Response[bytes]:
        moved = await context_of(request).parent_actions.give_credit(tx, account, number, amount)
        return json_answer(
            CreditMoved(
                account=number,
                amount=as_number(amount),
                balance=as_number(moved.child_balance),
                parent_balance=as_number(moved.parent_balance),
                currency=account.currency,
            )
        )

    return await answered_once(request, account.account_id, body.raw, write)


def child_number(text: str) -> str:
    """The account number in a path. What cannot be one is as unknown as any other: NotFound."""
    if not text.isascii() or not text.isprintable():
        raise NotFound(UNKNOWN_CHILD)
    return text
