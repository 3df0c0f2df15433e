"""Numbers: where handsets reach the account, and its keywords on shared ones.

The operator gives an account a number, or a first keyword on a shared one; further keywords there the account
takes and frees by itself.
"""

from typing import Final

from litestar import Response

from heliograph.domain.incoming import MOST_KEYWORD_LETTERS, read_keyword
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show
from heliograph.faces.portal.undoable_acts import note_removal
from heliograph.storage.database import Transaction
from heliograph.storage.inbound_numbers import (
    AccountNumber,
    add_keyword,
    list_account_numbers,
    remove_keyword,
)
from heliograph.storage.removals import RemovedKeyword

NUMBERS: Final = "/portal/numbers"
MOST_KEYWORDS: Final = 50
"""That an account may take on one number."""


@show(NUMBERS)
async def show_numbers(request: PortalRequest) -> Response[str]:
    """The numbers of the account, and its keywords on shared ones."""
    return await _listed(request)


@act(f"{NUMBERS}/keywords", right=Right.SENDERS)
async def take_keyword(request: PortalRequest) -> Response[str] | Response[None]:
    """Take a keyword on a shared number that the account is on."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    translate, typed = translate_for(request), form.text("keyword")
    keyword = read_keyword(typed)
    if keyword is None:
        fault = translate("A keyword is one word of at most %(most)s letters.", most=MOST_KEYWORD_LETTERS)
        return await _listed(request, form, fault)
    if context.opt_out_words.wish(keyword) is not None:
        return await _listed(
            request, form, translate("This word stops or starts messages; nobody can have it.")
        )
    fault = ""
    async with context.database.transaction() as tx:
        number = await _shared(tx, me.account_id, form)
        if len(number.keywords) >= MOST_KEYWORDS:
            fault = translate(
                "You have %(most)s keywords on this number. Free one first.", most=MOST_KEYWORDS
            )
        elif await add_keyword(tx, number.number, keyword, me.account_id):
            await note_act(tx, request, "keyword.taken", number.number, {"keyword": keyword})
        else:
            fault = translate("This keyword is taken.")
    if fault:
        return await _listed(request, form, fault)
    return see(NUMBERS, translate("Messages that begin with %(keyword)s are yours.", keyword=keyword))


@act(f"{NUMBERS}/keywords/free", right=Right.SENDERS)
async def free_keyword(request: PortalRequest) -> Response[None]:
    """Give up a keyword; anybody on the number can take it then."""
    me, form, translate = me_of(request), await form_of(request), translate_for(request)
    keyword = form.text("keyword")
    async with context_of(request).database.transaction() as tx:
        number = await _shared(tx, me.account_id, form)
        if not number.own and number.keywords == [keyword]:
            said = (
                "This is your only keyword there: without it you would be off the number. Ask the operator."
            )
            return see(NUMBERS, translate(said), tone="bad")
        if not await remove_keyword(tx, number.number, keyword, account_id=me.account_id):
            raise NotFound("You have no such keyword.")
        removal, detail = RemovedKeyword(number.number, keyword, me.account_id), {"keyword": keyword}
        undo = await note_removal(tx, request, removal, "keyword.freed", number.number, NUMBERS, detail)
    return see(NUMBERS, translate("%(keyword)s is free.", keyword=keyword), undo=undo)


async def _shared(tx: Transaction, account_id: int, form: Form) -> AccountNumber:
    """The shared number that a form names, if the account is on it. Raises NotFound."""
    for number in await list_account_numbers(tx, account_id):
        if number.shared and number.number == form.text("number"):
            return number
    raise NotFound("You are on no such number.")


async def _listed(request: PortalRequest, form: Form | None = None, fault: str = "") -> Response[str]:
    me = me_of(request)
    async with context_of(request).database.transaction() as tx:
        numbers = await list_account_numbers(tx, me.account_id)
    return page(
        request,
        "numbers.html",
        status=400 if fault else 200,
        numbers=numbers,
        shared=[each for each in numbers if each.shared],
        typed=form.text("keyword") if form else "",
        chosen=form.text("number") if form else "",
        fault=fault or None,
    )


PAGES: Final = (show_numbers, take_keyword, free_keyword)
