"""Routes, for operators: which carrier takes what, and where a number would go."""

from typing import Any, Final

from litestar import Response

from heliograph.domain.new_route import TEST_PREFIX, judge_new_route
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound
from heliograph.domain.sender import check_sender
from heliograph.domain.typed_values import read_prefix
from heliograph.faces.portal.number_fields import typed_number
from heliograph.faces.portal.operator_acts import (
    Faults,
    faults_of,
    named_account,
    note_operator_act,
    whole_number,
)
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, show
from heliograph.faces.portal.undoable_acts import note_operator_removal
from heliograph.services.explain_route import RouteExplanation, explain_route
from heliograph.storage.account_names import find_account_names
from heliograph.storage.accounts import StoredAccount
from heliograph.storage.carrier_settings import create_route, list_carriers, list_routes, remove_route
from heliograph.storage.database import Transaction
from heliograph.storage.removals import RemovedRoute

ROUTES: Final = "/portal/operator/routes"
MAX_ROUTE_ID: Final = 2**31 - 1
_EMPTY: Final = {
    "prefix": "",
    "carrier": "",
    "account": "",
    "sender": "",
    "number": "",
    "of_account": "",
    "as_sender": "",
}


@show(ROUTES, right=Right.OPERATE)
async def show_routes(request: PortalRequest) -> Response[str]:
    """Every route, and the question where a number would go."""
    return await _routes_page(request)


async def _routes_page(
    request: PortalRequest,
    values: dict[str, str] | None = None,
    faults: Faults | None = None,
    explained: RouteExplanation | None = None,
    account: StoredAccount | None = None,
) -> Response[str]:
    async with context_of(request).database.transaction() as tx:
        routes = await list_routes(tx)
        carriers = await list_carriers(tx)
        users = await find_account_names(
            tx, {route.account_id for route in routes if route.account_id is not None}
        )
    ordered = sorted(routes, key=lambda route: (route.prefix, route.precedence))
    return page(
        request,
        "operator_routes.html",
        status=400 if faults else 200,
        routes=ordered,
        carriers=carriers,
        names={each.carrier_id: each.name for each in carriers},
        numbers={account_id: each.number for account_id, each in users.items()},
        values={**_EMPTY, **(values or {})},
        faults=faults or {},
        explained=explained,
        account=account,
    )


@act(ROUTES, right=Right.OPERATE)
async def add_route(request: PortalRequest) -> Response[Any]:
    """Send matching messages to a carrier."""
    form, translate = await form_of(request), translate_for(request)
    prefix, sender = read_prefix(form.text("prefix").lstrip("+")), form.text("sender")
    carrier_id = whole_number(form.text("carrier"), 1, MAX_ROUTE_ID)
    fault = check_sender(sender, "sender") if sender else None
    faults = faults_of([fault] if fault else [], request)
    if prefix is None:
        faults["prefix"] = translate("A prefix has at most 15 digits, country code first, such as 46.")
    async with context_of(request).database.transaction() as tx:
        names = {each.carrier_id: each.name for each in await list_carriers(tx)}
        if carrier_id is None or carrier_id not in names:
            faults["carrier"] = translate("Choose a carrier.")
        account = await named_account(tx, request, form, "account", faults)
        if not faults:
            assert prefix is not None
            assert carrier_id is not None
            route_id = await create_route(
                tx,
                carrier_id,
                prefix=prefix,
                account_id=account.account_id if account else None,
                sender=sender or None,
            )
            detail = {"prefix": prefix, "carrier": names[carrier_id], "account": form.text("account")}
            await note_operator_act(tx, request, "route.created", str(route_id), detail)
            warning = await _warning(tx, request, route_id)
    if faults:
        return await _routes_page(request, form.values(), faults)
    if warning:
        return see(ROUTES, warning, tone="warn")
    return see(ROUTES, translate("The route is added. It counts for every message from now on."))


async def _warning(tx: Transaction, request: PortalRequest, route_id: int) -> str | None:
    """What is easily overlooked when a route is added."""
    carriers, translate = await list_carriers(tx), translate_for(request)
    simulated = {each.carrier_id for each in carriers if each.simulated}
    judged = judge_new_route(route_id, await list_routes(tx), simulated)
    if judged.preferred is not None:
        name = next(each.name for each in carriers if each.carrier_id == judged.preferred.carrier_id)
        said = "The route is added, but takes nothing: an older one to %(carrier)s is for the same messages."
        return translate(said, carrier=name)
    if judged.takes_test_numbers:
        said = (
            "The route is added. It takes the test numbers as well; a route for the prefix %(prefix)s to the"
            " simulated carrier keeps them there."
        )
        return translate(said, prefix=TEST_PREFIX)
    return None


@act(ROUTES + "/{route_id:int}/remove", right=Right.OPERATE)
async def drop_route(request: PortalRequest, route_id: int) -> Response[None]:
    """Remove a route; messages already accepted keep their carrier."""
    async with context_of(request).database.transaction() as tx:
        found = next((each for each in await list_routes(tx) if each.route_id == route_id), None)
        if found is None or not await remove_route(tx, route_id):
            raise NotFound("There is no such route.")
        undo = await note_operator_removal(
            tx, request, RemovedRoute(found), "route.removed", str(route_id), ROUTES
        )
    return see(ROUTES, translate_for(request)("The route is removed."), undo=undo)


@act(ROUTES + "/explain", right=Right.OPERATE)
async def explain(request: PortalRequest) -> Response[str]:
    """Where a number would go and why. A form, so that the number stands in no address and in no log."""
    context, form = context_of(request), await form_of(request)
    sender = form.text("as_sender")
    msisdn, fault = typed_number(request, form.text("number"))
    faults = {"number": fault} if fault else {}
    async with context.database.transaction() as tx:
        needed = translate_for(request)("Write the number of the account that sends.")
        account = await named_account(tx, request, form, "of_account", faults, needed=needed)
        if faults or account is None:
            return await _routes_page(request, form.values(), faults)
        blacklisted = await context.accounts.blacklisted(account.account_id, [msisdn])
        explained = await explain_route(
            tx, account, msisdn, sender, context.sender_rules, is_blacklisted=bool(blacklisted)
        )
    return await _routes_page(request, form.values(), explained=explained, account=account)


PAGES: Final = (show_routes, add_route, drop_route, explain)
