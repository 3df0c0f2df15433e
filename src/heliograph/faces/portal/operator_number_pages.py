"""Numbers that handsets write to, for operators: whose each is, and the keywords of shared ones."""

from collections.abc import Iterable
from typing import Any, Final

from litestar import Response

from heliograph.domain.incoming import MOST_KEYWORD_LETTERS, read_inbound_number, read_keyword
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.operator_acts import Faults, named_account, note_operator_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import Form, act, form_of, show
from heliograph.faces.portal.undoable_acts import note_operator_removal
from heliograph.storage.account_names import AccountName, find_account_names
from heliograph.storage.accounts import StoredAccount
from heliograph.storage.database import Transaction
from heliograph.storage.inbound_numbers import (
    StoredNumber,
    add_keyword,
    add_number,
    change_number,
    list_numbers,
    remove_keyword,
    remove_number,
)
from heliograph.storage.removals import RemovedKeyword, RemovedNumber

NUMBERS: Final = "/portal/operator/numbers"
ONE: Final = NUMBERS + "/{number:str}"
_OF_NOBODY: Final = "Say whose it is, or share it: then keywords say whose a message is."


def number_address(number: str) -> str:
    """The page of a number."""
    return f"{NUMBERS}/{number}"


@show(NUMBERS, right=Right.OPERATE)
async def show_inbound_numbers(request: PortalRequest) -> Response[str]:
    """Every number that a carrier brings messages for."""
    return await _numbers_page(request)


async def _numbers_page(
    request: PortalRequest, form: Form | None = None, faults: Faults | None = None
) -> Response[str]:
    async with context_of(request).database.transaction() as tx:
        numbers = await list_numbers(tx)
        accounts = await _accounts(tx, numbers)
    return page(
        request,
        "operator_numbers.html",
        status=400 if faults else 200,
        numbers=numbers,
        accounts=accounts,
        values={"number": "", "account": "", "shared": ""} | (form.values() if form else {}),
        faults=faults or {},
    )


@act(NUMBERS, right=Right.OPERATE)
async def add_inbound_number(request: PortalRequest) -> Response[Any]:
    """Take a number into use: an account's own, or one that several share."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    number, is_shared, faults = read_inbound_number(form.text("number")), form.flag("shared"), Faults()
    if number is None:
        faults["number"] = translate("A number is 2 to 15 digits, as the carrier writes it.")
    async with context.database.transaction() as tx:
        needed = None if is_shared else translate(_OF_NOBODY)
        account = await named_account(tx, request, form, "account", faults, needed=needed)
        if number is not None and not faults:
            account_id = account.account_id if account else None
            if await add_number(tx, number, account_id=account_id, shared=is_shared, now=context.now()):
                await note_operator_act(tx, request, "number.added", number, _detail(account, is_shared))
            else:
                faults["number"] = translate("This number is in the list already.")
    if number is None or faults:
        return await _numbers_page(request, form, faults)
    return see(number_address(number), translate("Messages to %(number)s are taken in now.", number=number))


@show(ONE, right=Right.OPERATE)
async def show_inbound_number(request: PortalRequest, number: str) -> Response[str]:
    """One number: whose it is and its keywords."""
    return await _number_page(request, number)


async def _number_page(
    request: PortalRequest, number: str, form: Form | None = None, faults: Faults | None = None
) -> Response[str]:
    async with context_of(request).database.transaction() as tx:
        found = await _get_number(tx, number)
        accounts = await _accounts(tx, [found])
    owner = accounts.get(found.account_id or 0)
    values = {"owner": owner.number if owner else "", "shared": "1" if found.shared else ""}
    typed = form.values() if form else {}
    if "owner" in typed:
        values["shared"] = ""
    return page(
        request,
        "operator_number.html",
        status=400 if faults else 200,
        number=found,
        owner=owner,
        accounts=accounts,
        values={"keyword": "", "account": "", **values, **typed},
        faults=faults or {},
        address=number_address(number),
        most_letters=MOST_KEYWORD_LETTERS,
    )


@act(ONE, right=Right.OPERATE)
async def change_inbound_number(request: PortalRequest, number: str) -> Response[Any]:
    """Give it to another account, or to nobody, or share it; what came before stays where it is."""
    form, translate, faults = await form_of(request), translate_for(request), Faults()
    is_shared = form.flag("shared")
    async with context_of(request).database.transaction() as tx:
        found = await _get_number(tx, number)
        needed = None if is_shared else translate(_OF_NOBODY)
        owner = await named_account(tx, request, form, "owner", faults, needed=needed)
        if found.keywords and not is_shared:
            faults["shared"] = translate("It has keywords. Remove them first.")
        if not faults:
            await change_number(tx, number, account_id=owner.account_id if owner else None, shared=is_shared)
            await note_operator_act(tx, request, "number.changed", number, _detail(owner, is_shared))
    if faults:
        return await _number_page(request, number, form, faults)
    return see(number_address(number), translate("Saved."))


@act(ONE + "/remove", right=Right.OPERATE)
async def remove_inbound_number(request: PortalRequest, number: str) -> Response[None]:
    """Remove it with its keywords: messages to it are nobody's from then on."""
    async with context_of(request).database.transaction() as tx:
        removal = RemovedNumber(await _get_number(tx, number))
        if not await remove_number(tx, number):
            raise NotFound("There is no such number.")
        undo = await note_operator_removal(
            tx, request, removal, "number.removed", number, number_address(number)
        )
    return see(NUMBERS, translate_for(request)("%(number)s is removed.", number=number), undo=undo)


@act(ONE + "/keywords", right=Right.OPERATE)
async def give_keyword(request: PortalRequest, number: str) -> Response[Any]:
    """Give messages that begin with a word to an account."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    keyword, faults = read_keyword(form.text("keyword")), Faults()
    if keyword is None:
        said = "A keyword is one word of at most %(most)s letters."
        faults["keyword"] = translate(said, most=MOST_KEYWORD_LETTERS)
    elif context.opt_out_words.wish(keyword) is not None:
        faults["keyword"] = translate("This word stops or starts messages; nobody can have it.")
    async with context.database.transaction() as tx:
        found = await _get_number(tx, number)
        if not found.shared:
            return see(number_address(number), translate("Only a shared number has keywords."), tone="bad")
        needed = translate("Write the number of the account that gets the messages.")
        account = await named_account(tx, request, form, "account", faults, needed=needed)
        if keyword is not None and account is not None and not faults:
            if await add_keyword(tx, number, keyword, account.account_id):
                detail = {"keyword": keyword, "account": account.number}
                await note_operator_act(tx, request, "keyword.given", number, detail)
            else:
                faults["keyword"] = translate("This keyword is taken.")
    if faults:
        return await _number_page(request, number, form, faults)
    said = translate("Messages that begin with %(keyword)s go to its account.", keyword=keyword)
    return see(number_address(number), said)


@act(ONE + "/keywords/remove", right=Right.OPERATE)
async def withdraw_keyword(request: PortalRequest, number: str) -> Response[None]:
    """Free a word; anybody on the number can take it then."""
    form, translate = await form_of(request), translate_for(request)
    keyword = form.text("keyword")
    async with context_of(request).database.transaction() as tx:
        owner = (await _get_number(tx, number)).keywords.get(keyword)
        if owner is None or not await remove_keyword(tx, number, keyword):
            raise NotFound("The number has no such keyword.")
        removal, address = RemovedKeyword(number, keyword, owner), number_address(number)
        undo = await note_operator_removal(
            tx, request, removal, "keyword.withdrawn", number, address, {"keyword": keyword}
        )
    return see(address, translate("%(keyword)s is free.", keyword=keyword), undo=undo)


async def _get_number(tx: Transaction, number: str) -> StoredNumber:
    for found in await list_numbers(tx):
        if found.number == number:
            return found
    raise NotFound("There is no such number.")


async def _accounts(tx: Transaction, numbers: Iterable[StoredNumber]) -> dict[int, AccountName]:
    """Whose these numbers and their keywords are."""
    owners = {owner for each in numbers for owner in (each.account_id, *each.keywords.values()) if owner}
    return await find_account_names(tx, owners)


def _detail(owner: StoredAccount | None, is_shared: bool) -> dict[str, Any]:
    return {"account": owner.number if owner else None, "shared": is_shared}


PAGES: Final = (
    show_inbound_numbers,
    add_inbound_number,
    show_inbound_number,
    change_inbound_number,
    remove_inbound_number,
    give_keyword,
    withdraw_keyword,
)
