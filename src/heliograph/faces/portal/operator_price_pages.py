"""Price lists, for operators: what a segment costs by prefix, and prices taken over from a table."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any, Final

from litestar import Response

from heliograph.domain.installation_alarms import WatchedPrices, price_alarms
from heliograph.domain.portal_rights import Right
from heliograph.domain.price_sheet import PriceSheet, price_changes, prices_after, read_price_sheet
from heliograph.domain.pricing import as_number, as_text
from heliograph.domain.refusals import NotFound
from heliograph.domain.routing import Route
from heliograph.domain.text_rules import has_control
from heliograph.domain.typed_values import read_prefix, read_price, shown_prefix, with_decimal_point
from heliograph.faces.portal.operator_acts import Faults, note_operator_act
from heliograph.faces.portal.operator_tables import (
    NOT_A_CURRENCY,
    NOT_A_PREFIX,
    NOT_A_PRICE,
    SHOWN,
    table_text,
)
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.price_margins import read_scales
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, show
from heliograph.faces.portal.undoable_acts import note_operator_removal
from heliograph.services.operate_prices import apply_price_changes, fingerprint_of
from heliograph.storage.carrier_settings import list_routes
from heliograph.storage.database import Transaction
from heliograph.storage.price_list_users import NOBODY, PriceListUsers, read_price_list_users
from heliograph.storage.price_lists import (
    StoredPriceList,
    create_price_list,
    find_price_list_by_name,
    list_price_lists,
    list_prices,
    remove_price,
    remove_price_list,
    set_prices,
)
from heliograph.storage.removals import RemovedPriceList, RemovedPrices

PRICES: Final = "/portal/operator/prices"
ONE: Final = "/portal/operator/prices/{price_list_id:int}"
MAX_NAME: Final = 50


@show(PRICES, right=Right.OPERATE)
async def show_price_lists(request: PortalRequest) -> Response[str]:
    """Every price list."""
    return await _lists_page(request, {}, {})


async def _lists_page(request: PortalRequest, values: dict[str, str], faults: Faults) -> Response[str]:
    async with context_of(request).database.transaction() as tx:
        lists = await list_price_lists(tx)
        users = await read_price_list_users(tx, (), with_disabled=True)
    used = {each.price_list_id: users.get(each.price_list_id, NOBODY).accounts for each in lists}
    return page(
        request,
        "operator_prices.html",
        status=400 if faults else 200,
        lists=lists,
        used=used,
        values={"name": "", "currency": "", **values},
        faults=faults,
    )


@act(PRICES, right=Right.OPERATE)
async def make_price_list(request: PortalRequest) -> Response[Any]:
    """Make an empty price list; a number without a price cannot be sent to."""
    form, translate = await form_of(request), translate_for(request)
    name, currency, faults = form.text("name"), form.text("currency").upper(), Faults()
    if not name or len(name) > MAX_NAME or has_control(name):
        faults["name"] = translate("A name has 1 to 50 characters.")
    if not re.fullmatch("[A-Z]{3}", currency):
        faults["currency"] = translate(NOT_A_CURRENCY)
    async with context_of(request).database.transaction() as tx:
        if not faults and await find_price_list_by_name(tx, name) is not None:
            faults["name"] = translate("There is a price list of that name already.")
        if not faults:
            price_list_id = await create_price_list(tx, name=name, currency=currency)
            await note_operator_act(tx, request, "price_list.created", name, {"currency": currency})
    if faults:
        return await _lists_page(request, form.values(), faults)
    return see(f"{PRICES}/{price_list_id}", translate("The price list is made. Now give it prices."))


@show(ONE, right=Right.OPERATE)
async def show_price_list(request: PortalRequest, price_list_id: int) -> Response[str]:
    """The prices of a list, and what is missing."""
    return await _list_page(request, price_list_id, {}, {})


async def _list_page(
    request: PortalRequest,
    price_list_id: int,
    values: dict[str, str],
    faults: Faults,
    sheet: PriceSheet | None = None,
) -> Response[str]:
    least = context_of(request).least_margin_percent
    async with context_of(request).database.transaction() as tx:
        found = await _list_of(tx, price_list_id)
        prices = await list_prices(tx, price_list_id)
        routes = await list_routes(tx)
        users = await _users_of(tx, price_list_id, routes)
        scales = await read_scales(tx, routes, users.ids, found.currency, least)
    margins = await scales.weigh(prices)
    beginning, only_thin = request.query_params.get("q", "").strip(), "thin" in request.query_params
    shown = sorted(
        item
        for item in prices.items()
        if item[0].startswith(beginning) and (not only_thin or item[0] in margins.thin)
    )
    return page(
        request,
        "operator_price_list.html",
        status=400 if faults or (sheet and sheet.faults) else 200,
        price_list=found,
        prices=shown[:SHOWN],
        left_out=max(0, len(shown) - SHOWN),
        q=beginning,
        scales=scales,
        margins=margins,
        thin=len(margins.thin),
        only_thin=only_thin,
        alarms=list(price_alarms(routes, [WatchedPrices(price_list_id, found.name, prices, users.ids)])),
        accounts=users.accounts,
        values={"prefix": "", "price": "", "table": "", "remove_others": "", **values},
        faults=faults,
        sheet=sheet,
        as_text=as_text,
        address=f"{PRICES}/{price_list_id}",
    )


async def _users_of(tx: Transaction, price_list_id: int, routes: Iterable[Route]) -> PriceListUsers:
    return (await read_price_list_users(tx, routes, with_disabled=True)).get(price_list_id, NOBODY)


async def _list_of(tx: Transaction, price_list_id: int) -> StoredPriceList:
    for each in await list_price_lists(tx):
        if each.price_list_id == price_list_id:
            return each
    raise NotFound("There is no such price list.")


@act(ONE + "/set", right=Right.OPERATE)
async def set_one_price(request: PortalRequest, price_list_id: int) -> Response[Any]:
    """Set the price of a prefix."""
    form, translate, faults = await form_of(request), translate_for(request), Faults()
    prefix = read_prefix(form.text("prefix").lstrip("+"))
    price = read_price(with_decimal_point(form.text("price")))
    if prefix is None:
        faults["prefix"] = translate(NOT_A_PREFIX)
    if price is None:
        faults["price"] = translate(NOT_A_PRICE)
    if prefix is None or price is None:
        return await _list_page(request, price_list_id, form.values(), faults)
    async with context_of(request).database.transaction() as tx:
        found = await _list_of(tx, price_list_id)
        await set_prices(tx, price_list_id, {prefix: price})
        detail = {"prefix": shown_prefix(prefix), "price": as_number(price)}
        await note_operator_act(tx, request, "price.set", found.name, detail)
    return see(f"{PRICES}/{price_list_id}", translate("The price counts within a few seconds."))


@act(ONE + "/unset", right=Right.OPERATE)
async def drop_price(request: PortalRequest, price_list_id: int) -> Response[None]:
    """Remove the price of a prefix."""
    prefix = (await form_of(request)).text("prefix")
    async with context_of(request).database.transaction() as tx:
        found = await _list_of(tx, price_list_id)
        price = (await list_prices(tx, price_list_id)).get(prefix)
        if price is None or not await remove_price(tx, price_list_id, prefix):
            raise NotFound("There is no price for this prefix.")
        removal, address = RemovedPrices(price_list_id, {prefix: price}), f"{PRICES}/{price_list_id}"
        detail = {"prefix": shown_prefix(prefix)}
        undo = await note_operator_removal(tx, request, removal, "price.removed", found.name, address, detail)
    return see(address, translate_for(request)("The price is removed."), undo=undo)


@act(ONE + "/remove", right=Right.OPERATE)
async def drop_price_list(request: PortalRequest, price_list_id: int) -> Response[None]:
    """Remove a price list that no account uses."""
    translate = translate_for(request)
    async with context_of(request).database.transaction() as tx:
        found = await _list_of(tx, price_list_id)
        removal = RemovedPriceList(found.name, found.currency, await list_prices(tx, price_list_id))
        removed, undo = await remove_price_list(tx, price_list_id), None
        if removed:
            undo = await note_operator_removal(tx, request, removal, "price_list.removed", found.name, PRICES)
    if not removed:
        text = translate("Accounts use this price list: give them another one first.")
        return see(f"{PRICES}/{price_list_id}", text, tone="bad")
    return see(PRICES, translate("The price list is removed."), undo=undo)


@act(ONE + "/import", right=Right.OPERATE, files=True)
async def import_prices(request: PortalRequest, price_list_id: int) -> Response[Any]:
    """Show what a table of prices would change; do it once that was seen and confirmed."""
    form, translate = await form_of(request), translate_for(request)
    text = await table_text(form)
    # Apart from the loop, which answers others meanwhile.
    sheet = await asyncio.to_thread(read_price_sheet, text)
    if sheet.faults or not sheet.prices:
        empty = {} if sheet.faults else {"table": translate("The table holds no prices.")}
        return await _list_page(request, price_list_id, {**form.values(), "table": text}, empty, sheet)
    least = context_of(request).least_margin_percent
    async with context_of(request).database.transaction() as tx:
        found = await _list_of(tx, price_list_id)
        before = await list_prices(tx, price_list_id)
        changes = price_changes(before, sheet.prices, remove_others=form.flag("remove_others"))
        routes = await list_routes(tx)
        users = await _users_of(tx, price_list_id, routes)
        scales = await read_scales(tx, routes, users.ids, found.currency, least)
        seen = fingerprint_of(before)
        is_confirmed = form.text("seen") == seen
        if is_confirmed:
            await apply_price_changes(tx, price_list_id, changes)
            await note_operator_act(tx, request, "prices.imported", found.name, {"changes": len(changes)})
    if is_confirmed:
        said = translate("Prices changed: %(count)s. They count within a few seconds.", count=len(changes))
        return see(f"{PRICES}/{price_list_id}", said)
    margins = await scales.weigh(prices_after(before, changes), [change.prefix for change in changes])
    # What would sell below cost is never among those left out.
    changes.sort(key=lambda change: (change.prefix not in margins.thin, change.prefix))
    return page(
        request,
        "operator_price_import.html",
        price_list=found,
        scales=scales,
        margins=margins,
        thin=sum(1 for change in changes if change.prefix in margins.thin),
        changes=changes[:SHOWN],
        count=len(changes),
        left_out=max(0, len(changes) - SHOWN),
        same=sum(1 for prefix, price in sheet.prices.items() if before.get(prefix) == price),
        free=sum(1 for change in changes if change.after == 0),
        table=text,
        remove_others=form.flag("remove_others"),
        seen=seen,
        is_outdated=bool(form.text("seen")),
        address=f"{PRICES}/{price_list_id}",
    )


PAGES: Final = (
    show_price_lists,
    make_price_list,
    show_price_list,
    set_one_price,
    drop_price,
    drop_price_list,
    import_prices,
)
