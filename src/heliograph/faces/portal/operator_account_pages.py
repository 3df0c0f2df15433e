"""Accounts, for operators: who they are, what they may, what they have to spend."""

from typing import Any, Final

from litestar import Response

from heliograph.domain.account_fields import check_name
from heliograph.domain.portal_rights import Right
from heliograph.domain.pricing import as_number, as_text
from heliograph.domain.refusals import NotFound, Refusal
from heliograph.domain.sender import check_sender, kind_of
from heliograph.domain.typed_values import paced, read_amount, read_pace, with_decimal_point
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.operator_acts import (
    Faults,
    account_of,
    faults_of,
    note_operator_act,
    whole_number,
)
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show
from heliograph.faces.portal.undoable_acts import note_operator_removal
from heliograph.services.operate_accounts import book_credit_once, change_settings
from heliograph.storage.account_limits import AccountLimits, read_limits, set_limits
from heliograph.storage.account_lines import list_account_lines, list_account_users
from heliograph.storage.accounts import (
    AccountSettingsChange,
    StoredAccount,
    add_sender,
    list_senders,
    remove_sender,
)
from heliograph.storage.portal_logins import choose_account
from heliograph.storage.price_lists import list_price_lists
from heliograph.storage.removals import RemovedSender

ACCOUNTS: Final = "/portal/operator/accounts"
ONE: Final = "/portal/operator/accounts/{number:str}"
PAGE_SIZE: Final = 50
MAX_NOTE: Final = 200
NOT_AN_AMOUNT: Final = "Write an amount such as 12.50, with at most 6 decimals."


def account_address(number: str) -> str:
    """The page of an account."""
    return f"{ACCOUNTS}/{number}"


@show(ACCOUNTS, right=Right.OPERATE)
async def show_accounts(request: PortalRequest) -> Response[str]:
    """Every account, a page at a time."""
    return await _accounts_page(request, "", request.query_params.get("after", "0"))


@act(ACCOUNTS, right=Right.OPERATE)
async def search_accounts(request: PortalRequest) -> Response[str]:
    """Those whose number or name holds what is searched for. A form, since names stand in no address."""
    form = await form_of(request)
    return await _accounts_page(request, form.text("q"), form.text("after"))


async def _accounts_page(request: PortalRequest, search: str, after: str) -> Response[str]:
    context, start = context_of(request), whole_number(after, 0, 10**12) or 0
    async with context.database.transaction() as tx:
        lines = await list_account_lines(
            tx, now=context.now(), search=search, after=start, limit=PAGE_SIZE + 1
        )
        lists = {each.price_list_id: each.name for each in await list_price_lists(tx)}
    shown = lines[:PAGE_SIZE]
    following = shown[-1].account.account_id if len(lines) > PAGE_SIZE else None
    return page(
        request,
        "operator_accounts.html",
        lines=shown,
        lists=lists,
        q=search,
        start=start,
        following=following,
    )


@show(ONE, right=Right.OPERATE)
async def show_account(request: PortalRequest, number: str) -> Response[str]:
    """One account with everything that an operator may change of it."""
    return await account_page(request, number)


async def account_page(
    request: PortalRequest,
    number: str,
    faults: Faults | None = None,
    form: Form | None = None,
    *,
    taken_back: int | None = None,
) -> Response[str]:
    """The page of an account; where a form had faults, with what was typed and what is wrong with it.

    ``taken_back`` is the credit, in micro-units, that is to be confirmed before it is taken.
    """
    context = context_of(request)
    async with context.database.transaction() as tx:
        line = await account_of(tx, request, number)
        account_id = line.account.account_id
        limits = await read_limits(tx, account_id)
        senders = await list_senders(tx, account_id)
        members = await list_account_users(tx, account_id)
        lists = await list_price_lists(tx)
    values: dict[str, Any] = _values(line.account, limits, context.random_bytes(16).hex())
    if form is not None:
        values |= ({"optional_sender": ""} if "weight" in form.values() else {}) | form.values()
    return page(
        request,
        "operator_account.html",
        status=400 if faults else 200,
        line=line,
        account=line.account,
        limits=limits,
        senders=[(each, kind_of(each.sender)) for each in senders],
        members=members,
        price_lists=[each for each in lists if each.currency == line.account.currency],
        values=values,
        faults=faults or {},
        address=account_address(number),
        taken_back=taken_back,
    )


def _values(account: StoredAccount, limits: AccountLimits, once: str) -> dict[str, Any]:
    rate, cap = limits.rate, limits.daily_cap
    return {
        "name": account.name,
        "price_list": account.price_list_id,
        "weight": account.weight,
        "optional_sender": "1" if account.optional_sender else "",
        "rate": f"{rate.per_second:g}" if rate else "",
        "burst": rate.burst if rate else "",
        "daily_cap": as_text(cap) if cap is not None else "",
        "amount": "",
        "note": "",
        "sender": "",
        "once": once,
    }


@act(ONE + "/settings", right=Right.OPERATE)
async def change_account_settings(request: PortalRequest, number: str) -> Response[Any]:
    """Change its name, its price list, its weight, and whether it may use senders of its own."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    name = check_name(form.text("name"), "name")
    weight = whole_number(form.text("weight"), 1, 1000)
    async with context.database.transaction() as tx:
        account = (await account_of(tx, request, number)).account
        lists = {
            str(each.price_list_id): each
            for each in await list_price_lists(tx)
            if each.currency == account.currency
        }
        chosen = lists.get(form.text("price_list"))
        faults = faults_of([name], request) if isinstance(name, Refusal) else {}
        if weight is None:
            faults["weight"] = translate("The weight is a number from 1 to 1000.")
        if chosen is None:
            faults["price_list"] = translate("Choose a price list in the currency of the account.")
        if not faults:
            assert chosen is not None
            change = AccountSettingsChange(
                name=str(name),
                price_list_id=chosen.price_list_id,
                weight=weight,
                optional_sender=form.flag("optional_sender"),
            )
            await change_settings(tx, account.account_id, change, context.sender_rules, now=context.now())
            detail = {"priceList": chosen.name, "weight": weight, "optionalSender": change.optional_sender}
            await note_operator_act(tx, request, "account.changed", number, detail)
    if faults:
        return await account_page(request, number, faults, form)
    return see(account_address(number), translate("Saved."))


@act(ONE + "/limits", right=Right.OPERATE)
async def change_account_limits(request: PortalRequest, number: str) -> Response[Any]:
    """Set how fast it may send and what it may spend in a day; an empty field is no limit."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    limits, faults = _limits(form, request)
    if faults:
        return await account_page(request, number, faults, form)
    async with context.database.transaction() as tx:
        account = (await account_of(tx, request, number)).account
        await set_limits(tx, account.account_id, limits)
        detail = {
            "rate": limits.rate.per_second if limits.rate else None,
            "burst": limits.rate.burst if limits.rate else None,
            "dailyCap": None if limits.daily_cap is None else as_number(limits.daily_cap),
        }
        await note_operator_act(tx, request, "account.limited", number, detail)
    return see(account_address(number), translate("The limits count within a few seconds."))


def _limits(form: Form, request: PortalRequest) -> tuple[AccountLimits, Faults]:
    translate, faults = translate_for(request), Faults()
    rate_text, burst_text, cap_text = form.text("rate"), form.text("burst"), form.text("daily_cap")
    pace = read_pace(with_decimal_point(rate_text)) if rate_text else None
    if rate_text and pace is None:
        faults["rate"] = translate("Write how many recipients a second, such as 50 or 0.5.")
    burst = whole_number(burst_text, 1, 10**9) if burst_text else None
    rate = paced(pace, burst) if pace is not None else None
    if burst_text and not rate_text:
        faults["burst"] = translate("This needs a number of recipients a second, too.")
    elif burst_text and (burst is None or (pace is not None and rate is None)):
        faults["burst"] = translate("Write a number from 1 to 1000000.")
    cap = read_amount(with_decimal_point(cap_text), lowest=0) if cap_text else None
    if cap_text and cap is None:
        faults["daily_cap"] = translate(NOT_AN_AMOUNT)
    return AccountLimits(rate, cap), faults


@act(ONE + "/credit", right=Right.OPERATE)
async def add_credit(request: PortalRequest, number: str) -> Response[Any]:
    """Add credit, or take some back, with an entry in the account's ledger."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    takes_back = form.text("kind") == "correction"
    micro = read_amount(with_decimal_point(form.text("amount")))
    note, faults = form.text("note"), Faults()
    if micro is None:
        faults["amount"] = translate(NOT_AN_AMOUNT)
    if takes_back and not note:
        faults["note"] = translate("Say why: the customer reads this in the ledger.")
    elif len(note) > MAX_NOTE:
        faults["note"] = translate("A note has at most 200 characters.")
    if faults or micro is None:
        return await account_page(request, number, faults, form)
    if takes_back and not form.flag("confirmed"):
        return await account_page(request, number, form=form, taken_back=micro)
    amount = -micro if takes_back else micro
    async with context.database.transaction() as tx:
        account = (await account_of(tx, request, number)).account
        is_booked = await book_credit_once(
            tx,
            account.account_id,
            amount,
            note=note or None,
            once=form.text("once")[:64],
            now=context.now(),
            ids=context.ids,
        )
        if is_booked:
            detail = {"amount": as_number(amount), "currency": account.currency}
            action = "credit.corrected" if takes_back else "credit.added"
            await note_operator_act(tx, request, action, number, detail)
    if not is_booked:
        said = "This form was sent before, and is booked once. Fill it in anew for another booking."
        return see(account_address(number), translate(said), tone="warn")
    said = "The credit is taken back." if takes_back else "The credit is added."
    return see(account_address(number), translate(said))


@act(ONE + "/senders", right=Right.OPERATE)
async def add_account_sender(request: PortalRequest, number: str) -> Response[Any]:
    """Let an account use a sender; a protected name too."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    sender = form.text("sender")
    if refusal := check_sender(sender):
        return await account_page(request, number, faults_of([refusal], request), form)
    async with context.database.transaction() as tx:
        account = (await account_of(tx, request, number)).account
        is_new = await add_sender(tx, account.account_id, sender, now=context.now())
        if is_new:
            await note_operator_act(tx, request, "sender.added", number, detail={"sender": sender})
    if not is_new:
        faults = {"sender": translate("The account may use this sender already.")}
        return await account_page(request, number, faults, form)
    if name := context.sender_rules.imitated_by(sender):
        text = translate("Added. No other account may register it: it looks like %(name)s.", name=name)
        return see(account_address(number), text)
    return see(account_address(number), translate("The account may send as %(sender)s.", sender=sender))


@act(ONE + "/senders/remove", right=Right.OPERATE)
async def remove_account_sender(request: PortalRequest, number: str) -> Response[None]:
    """Take a sender away; what was accepted before is still sent."""
    sender = (await form_of(request)).text("sender")
    async with context_of(request).database.transaction() as tx:
        account = (await account_of(tx, request, number)).account
        if await remove_sender(tx, account.account_id, sender) is None:
            raise NotFound("The account has no such sender.")
        removal, address = RemovedSender(account.account_id, sender), account_address(number)
        undo = await note_operator_removal(
            tx, request, removal, "sender.removed", number, address, {"sender": sender}
        )
    return see(address, translate_for(request)("The sender is removed."), undo=undo)


@act(ONE + "/disabled", right=Right.OPERATE)
async def switch_account(request: PortalRequest, number: str) -> Response[None]:
    """Refuse the account's keys, or let them in again."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    is_disabled = form.text("disabled") == "1"
    async with context.database.transaction() as tx:
        account = (await account_of(tx, request, number)).account
        change = AccountSettingsChange(is_disabled=is_disabled)
        await change_settings(tx, account.account_id, change, context.sender_rules, now=context.now())
        await note_operator_act(tx, request, "account.disabled" if is_disabled else "account.enabled", number)
    said = "Its keys are refused from now on." if is_disabled else "Its keys are accepted again."
    return see(account_address(number), translate(said), tone="warn" if is_disabled else "good")


@act(ONE + "/look", right=Right.OPERATE)
async def look_at(request: PortalRequest, number: str) -> Response[None]:
    """See the portal as this account's owner does; written down there and here."""
    me = me_of(request)
    async with context_of(request).database.transaction() as tx:
        account = (await account_of(tx, request, number)).account
        await choose_account(tx, me.login.login_hash, number)
        await note_operator_act(tx, request, "account.looked_at", number)
        await note_act(tx, request, "operator.looked", number, account_id=account.account_id)
    return see("/portal/")


PAGES: Final = (
    show_accounts,
    search_accounts,
    show_account,
    change_account_settings,
    change_account_limits,
    add_credit,
    add_account_sender,
    remove_account_sender,
    switch_account,
    look_at,
)
