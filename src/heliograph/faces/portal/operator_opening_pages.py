"""A new account, made by an operator; its first key is shown once."""

from typing import Any, Final

import msgspec
from litestar import Response

from heliograph.domain.account_fields import check_name
from heliograph.domain.portal_rights import Right
from heliograph.domain.pricing import as_number
from heliograph.domain.refusals import Refusal
from heliograph.domain.sender import check_sender
from heliograph.domain.sender_rules import first_senders
from heliograph.domain.typed_values import read_amount, with_decimal_point
from heliograph.faces.portal.operator_account_pages import NOT_AN_AMOUNT, account_address
from heliograph.faces.portal.operator_acts import Faults, faults_of, note_operator_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show
from heliograph.services.operate_accounts import open_account_once
from heliograph.storage.account_lines import find_account_line
from heliograph.storage.accounts import StoredAccount
from heliograph.storage.database import Transaction
from heliograph.storage.new_accounts import NewAccount
from heliograph.storage.price_lists import StoredPriceList, list_price_lists

NEW: Final = "/portal/operator/new-account"
_EMPTY: Final = {
    "name": "",
    "price_list": "",
    "parent": "",
    "credit": "",
    "senders": "",
    "optional_sender": "1",
}


@show(NEW, right=Right.OPERATE)
async def show_new_account(request: PortalRequest) -> Response[str]:
    """The form of a new account."""
    senders = "\n".join(context_of(request).sender_rules.default_senders)
    return await _form_page(request, {**_EMPTY, "senders": senders}, {})


@act(NEW, right=Right.OPERATE)
async def make_account(request: PortalRequest) -> Response[str] | Response[None]:
    """Make an account with a key and a webhook secret."""
    context, form = context_of(request), await form_of(request)
    async with context.database.transaction() as tx:
        wanted, faults = await _wanted(tx, form, request)
        opened = None
        if wanted is not None:
            opened = await open_account_once(
                tx,
                wanted,
                me_of(request).account_id,
                once=form.text("once")[:64],
                sealer=context.sealer,
                now=context.now(),
                ids=context.ids,
                random_bytes=context.random_bytes,
            )
        if wanted is not None and opened is not None:
            await note_operator_act(
                tx, request, "account.created", opened.number, detail={"currency": wanted.currency}
            )
            if wanted.credit:
                credit = {"amount": as_number(wanted.credit), "currency": wanted.currency}
                await note_operator_act(tx, request, "credit.added", opened.number, credit)
    if wanted is None:
        return await _form_page(request, {**_EMPTY, "optional_sender": "", **form.values()}, faults)
    if opened is None:
        said = "This form was sent before, and made one account. Fill it in anew for another one."
        return see("/portal/operator/accounts", translate_for(request)(said), tone="warn")
    return page(
        request,
        "operator_account_opened.html",
        opened=opened,
        name=wanted.name,
        address=account_address(opened.number),
    )


async def _form_page(request: PortalRequest, values: dict[str, str], faults: Faults) -> Response[str]:
    async with context_of(request).database.transaction() as tx:
        lists = await list_price_lists(tx)
    values = {**values, "once": values.get("once") or context_of(request).random_bytes(16).hex()}
    status = 400 if faults else 200
    return page(
        request, "operator_account_new.html", status=status, values=values, faults=faults, price_lists=lists
    )


async def _wanted(tx: Transaction, form: Form, request: PortalRequest) -> tuple[NewAccount | None, Faults]:
    """The account that a form asks for, or what is wrong with it."""
    context, translate = context_of(request), translate_for(request)
    name = check_name(form.text("name"), "name")
    credit_text, optional_sender = form.text("credit"), form.flag("optional_sender")
    credit = read_amount(with_decimal_point(credit_text), lowest=0) if credit_text else 0
    senders = first_senders(_senders(form), context.sender_rules, optional_sender=optional_sender)
    bad_senders = (check_sender(each) for each in _senders(form))
    refusals = [each for each in (name, senders) if isinstance(each, Refusal)]
    refusals += [msgspec.structs.replace(each, field="senders") for each in bad_senders if each is not None]
    faults = faults_of(refusals, request)
    if credit is None:
        faults["credit"] = translate(NOT_AN_AMOUNT)
    parent, price_list = await _ground(tx, form, request, faults)
    if faults or price_list is None or credit is None or isinstance(senders, Refusal):
        return None, faults
    made = NewAccount(
        name=str(name),
        currency=price_list.currency,
        price_list_id=price_list.price_list_id,
        number_prefix=context.number_prefix,
        senders=senders,
        optional_sender=optional_sender,
        credit=credit,
        parent_id=parent.account_id if parent else None,
    )
    return made, faults


def _senders(form: Form) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form.raw("senders").replace(",", " ").split()))


async def _ground(
    tx: Transaction, form: Form, request: PortalRequest, faults: Faults
) -> tuple[StoredAccount | None, StoredPriceList | None]:
    """The parent and the price list, which a child account has from its parent."""
    translate, number = translate_for(request), form.text("parent")
    lists = {str(each.price_list_id): each for each in await list_price_lists(tx)}
    if not number:
        chosen = lists.get(form.text("price_list"))
        if chosen is None:
            faults["price_list"] = translate("Choose what its messages cost.")
        return None, chosen
    line = await find_account_line(tx, number, now=context_of(request).now())
    if line is None:
        faults["parent"] = translate("There is no such account.")
        return None, None
    if line.account.parent is not None:
        faults["parent"] = translate("This is a child account itself.")
        return None, None
    return line.account, lists[str(line.account.price_list_id)]


PAGES: Final[tuple[Any, ...]] = (show_new_account, make_account)
