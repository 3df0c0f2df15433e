"""What a carrier takes for a segment by prefix, for operators; prices are weighed against it."""

import asyncio
import re
from typing import Any, Final

from litestar import Response

from heliograph.domain.portal_rights import Right
from heliograph.domain.price_sheet import PriceSheet, price_changes, read_price_sheet
from heliograph.domain.pricing import as_number
from heliograph.domain.refusals import NotFound
from heliograph.domain.typed_values import read_prefix, read_price, shown_prefix, with_decimal_point
from heliograph.faces.portal.operator_acts import Faults, note_operator_act, sentence
from heliograph.faces.portal.operator_carrier_pages import ONE, carrier_address
from heliograph.faces.portal.operator_tables import (
    NOT_A_CURRENCY,
    NOT_A_PREFIX,
    NOT_A_PRICE,
    SHOWN,
    table_text,
)
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import Undo, page, see, translate_for
from heliograph.faces.portal.signed_in import Form, act, form_of, show
from heliograph.faces.portal.undoable_acts import note_operator_removal
from heliograph.services.operate_costs import CostsRefused, drop_cost, drop_costs, take_costs
from heliograph.services.operate_prices import fingerprint_of
from heliograph.storage.carrier_costs import list_costs, lock_cost_currency
from heliograph.storage.carrier_settings import StoredCarrier, list_carriers
from heliograph.storage.database import Transaction
from heliograph.storage.price_lists import list_price_lists
from heliograph.storage.removals import RemovedCosts

COSTS: Final = ONE + "/costs"


def costs_address(carrier_id: int) -> str:
    """The page of a carrier's costs."""
    return f"{carrier_address(carrier_id)}/costs"


@show(COSTS, right=Right.OPERATE)
async def show_costs(request: PortalRequest, carrier_id: int) -> Response[str]:
    """What a carrier takes, by prefix."""
    return await _costs_page(request, carrier_id, {}, {})


async def _costs_page(
    request: PortalRequest,
    carrier_id: int,
    values: dict[str, str],
    faults: Faults,
    sheet: PriceSheet | None = None,
) -> Response[str]:
    async with context_of(request).database.transaction() as tx:
        carrier = await _carrier_of(tx, carrier_id)
        costs = await list_costs(tx, carrier_id)
        lists = await list_price_lists(tx)
    beginning = request.query_params.get("q", "").strip()
    shown = sorted(item for item in costs.items() if item[0].startswith(beginning))
    usual = lists[0].currency if lists else ""
    empty = {"prefix": "", "cost": "", "currency": usual, "table_currency": usual, "table": ""}
    return page(
        request,
        "operator_costs.html",
        status=400 if faults or (sheet and sheet.faults) else 200,
        carrier=carrier,
        currency=carrier.cost_currency if costs else None,
        costs=shown[:SHOWN],
        count=len(costs),
        left_out=max(0, len(shown) - SHOWN),
        q=beginning,
        values={**empty, "remove_others": "", **values},
        faults=faults,
        sheet=sheet,
        back=carrier_address(carrier_id),
        address=costs_address(carrier_id),
    )


async def _carrier_of(tx: Transaction, carrier_id: int) -> StoredCarrier:
    for each in await list_carriers(tx):
        if each.carrier_id == carrier_id:
            return each
    raise NotFound("There is no such carrier.")


@act(COSTS + "/set", right=Right.OPERATE)
async def set_one_cost(request: PortalRequest, carrier_id: int) -> Response[Any]:
    """Set what a carrier takes for a prefix."""
    form, translate, faults = await form_of(request), translate_for(request), Faults()
    prefix = read_prefix(form.text("prefix").lstrip("+"))
    cost = read_price(with_decimal_point(form.text("cost")))
    if prefix is None:
        faults["prefix"] = translate(NOT_A_PREFIX)
    if cost is None:
        faults["cost"] = translate(NOT_A_PRICE)
    currency = _typed_currency(request, form, "currency", faults)
    if prefix is None or cost is None or faults:
        return await _costs_page(request, carrier_id, form.values(), faults)
    try:
        async with context_of(request).database.transaction() as tx:
            carrier = await _carrier_of(tx, carrier_id)
            await take_costs(
                tx, carrier_id, {prefix: cost}, currency=currency or None, usual_currency=currency
            )
            detail = {"prefix": shown_prefix(prefix), "cost": as_number(cost)}
            await note_operator_act(tx, request, "carrier_cost.set", carrier.name, detail)
    except CostsRefused as refused:
        faults["currency"] = sentence(translate(str(refused)))
        return await _costs_page(request, carrier_id, form.values(), faults)
    return see(costs_address(carrier_id), translate("The cost is set. Alarms follow within a minute."))


def _typed_currency(request: PortalRequest, form: Form, field: str, faults: Faults) -> str:
    """The currency of a first cost; nothing where the carrier's costs have one already."""
    typed = form.text(field).upper()
    if typed and not re.fullmatch("[A-Z]{3}", typed):
        faults[field] = translate_for(request)(NOT_A_CURRENCY)
    return typed


@act(COSTS + "/unset", right=Right.OPERATE)
async def unset_cost(request: PortalRequest, carrier_id: int) -> Response[None]:
    """Remove the cost of a prefix."""
    prefix = (await form_of(request)).text("prefix")
    async with context_of(request).database.transaction() as tx:
        carrier = await _carrier_of(tx, carrier_id)
        cost = (await list_costs(tx, carrier_id)).get(prefix)
        if cost is None or not await drop_cost(tx, carrier_id, prefix):
            raise NotFound("There is no cost for this prefix.")
        undo = await _noted_removal(
            tx, request, carrier, {prefix: cost}, "carrier_cost.removed", {"prefix": shown_prefix(prefix)}
        )
    return see(costs_address(carrier_id), translate_for(request)("The cost is removed."), undo=undo)


async def _noted_removal(
    tx: Transaction,
    request: PortalRequest,
    carrier: StoredCarrier,
    costs: dict[str, int],
    action: str,
    detail: dict[str, object],
) -> Undo:
    """The note of costs that are removed."""
    removal = RemovedCosts(carrier.carrier_id, carrier.cost_currency or "", costs)
    address = costs_address(carrier.carrier_id)
    return await note_operator_removal(tx, request, removal, action, carrier.name, address, detail)


@act(COSTS + "/remove", right=Right.OPERATE)
async def remove_cost_sheet(request: PortalRequest, carrier_id: int) -> Response[None]:
    """Remove every cost of a carrier; others may be in another currency then."""
    async with context_of(request).database.transaction() as tx:
        carrier, costs = await _carrier_of(tx, carrier_id), await list_costs(tx, carrier_id)
        if not await drop_costs(tx, carrier_id):
            raise NotFound("This carrier has no costs.")
        undo = await _noted_removal(tx, request, carrier, costs, "carrier_costs.removed", {})
    return see(costs_address(carrier_id), translate_for(request)("The costs are removed."), undo=undo)


@act(COSTS + "/import", right=Right.OPERATE, files=True)
async def import_costs(request: PortalRequest, carrier_id: int) -> Response[Any]:
    """Show what a table of costs would change; do it once that was seen and confirmed."""
    form, translate, faults = await form_of(request), translate_for(request), Faults()
    text, remove_others = await table_text(form), form.flag("remove_others")
    # Apart from the loop, which answers others meanwhile.
    sheet = await asyncio.to_thread(read_price_sheet, text)
    if not sheet.faults and not sheet.prices:
        faults["table"] = translate("The table holds no costs.")
    currency = _typed_currency(request, form, "table_currency", faults)
    if sheet.faults or faults:
        return await _costs_page(request, carrier_id, {**form.values(), "table": text}, faults, sheet)
    async with context_of(request).database.transaction() as tx:
        carrier = await _carrier_of(tx, carrier_id)
        stored = await lock_cost_currency(tx, carrier_id)
        before = await list_costs(tx, carrier_id)
        currency = stored if before and stored else currency
        seen = fingerprint_of(before)
        is_confirmed = bool(currency) and form.text("seen") == seen
        changes = price_changes(before, sheet.prices, remove_others=remove_others)
        if is_confirmed:
            await take_costs(
                tx,
                carrier_id,
                sheet.prices,
                currency=currency,
                usual_currency=currency,
                remove_others=remove_others,
            )
            detail = {"changes": len(changes)}
            await note_operator_act(tx, request, "carrier_costs.imported", carrier.name, detail)
    if not currency:
        faults["table_currency"] = translate(NOT_A_CURRENCY)
        return await _costs_page(request, carrier_id, {**form.values(), "table": text}, faults)
    if is_confirmed:
        said = translate("Costs changed: %(count)s. Alarms follow within a minute.", count=len(changes))
        return see(costs_address(carrier_id), said)
    return page(
        request,
        "operator_cost_import.html",
        carrier=carrier,
        currency=currency,
        changes=changes[:SHOWN],
        count=len(changes),
        left_out=max(0, len(changes) - SHOWN),
        same=sum(1 for prefix, cost in sheet.prices.items() if before.get(prefix) == cost),
        table=text,
        remove_others=remove_others,
        seen=seen,
        is_outdated=bool(form.text("seen")),
        address=costs_address(carrier_id),
    )


PAGES: Final = (show_costs, set_one_cost, unset_cost, remove_cost_sheet, import_costs)
