"""Carriers, for operators: how they are reached, whether they are bound, what they have to do."""

from collections import defaultdict
from typing import Any, Final

import msgspec
from litestar import Response
from litestar.response import Stream

from heliograph.domain.bind_fault import BindFault
from heliograph.domain.installation_alarms import BoundSlot, LooseEnds, QueueDepth
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.carrier_form import (
    new_values,
    number_in,
    profile_in,
    stored_values,
    typed_values,
)
from heliograph.faces.portal.live_parts import LivePart, live_part
from heliograph.faces.portal.operator_acts import Faults, faults_of, note_operator_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import Form, act, form_of, show
from heliograph.services.operate_carriers import CarrierRefused, edit_carrier, open_carrier
from heliograph.storage.carrier_costs import list_costs
from heliograph.storage.carrier_settings import (
    CarrierChange,
    CarrierInUse,
    NewCarrier,
    StoredCarrier,
    change_carrier,
    list_carriers,
    list_routes,
    remove_carrier,
)
from heliograph.storage.database import Transaction
from heliograph.storage.installation_reading import list_bind_slots, read_loose_ends, read_queue_depth

CARRIERS: Final = "/portal/operator/carriers"
ONE: Final = "/portal/operator/carriers/{carrier_id:int}"
NEW: Final = "/portal/operator/new-carrier"
LIVE_SECONDS: Final = 5.0

FIRST_COSTS: Final = 5
"""Of a carrier, on its own page; the others are a page away."""


class CarrierLine(msgspec.Struct, frozen=True):
    """A carrier with what goes on at it."""

    carrier: StoredCarrier
    slots: list[BoundSlot]
    depths: list[QueueDepth]

    @property
    def bound(self) -> int:
        """Binds that stand."""
        return sum(1 for slot in self.slots if slot.is_bound and slot.slot < self.carrier.bind_count)

    @property
    def fault(self) -> BindFault | None:
        """Why one of them does not."""
        return next((slot.fault for slot in self.slots if slot.fault is not None), None)

    @property
    def tone(self) -> str:
        """How good that is."""
        if not self.carrier.enabled:
            return "neutral"
        return "good" if self.bound >= self.carrier.bind_count else "warn" if self.bound else "bad"

    @property
    def in_flight(self) -> int:
        """Segments claimed for a bind and not answered yet."""
        return sum(depth.in_flight for depth in self.depths)

    @property
    def window(self) -> int:
        """How many may be unanswered over all binds."""
        return self.carrier.profile.window * self.carrier.bind_count

    @property
    def pace(self) -> float:
        """Segments that it answers in a second, just now."""
        return sum(slot.pace for slot in self.slots)

    @property
    def waiting(self) -> int:
        """Segments of every lot that is not submitted whole."""
        return sum(depth.segments for depth in self.depths)


async def carrier_lines(tx: Transaction) -> list[CarrierLine]:
    """Every carrier with its binds and its queue."""
    slots: dict[int, list[BoundSlot]] = defaultdict(list)
    depths: dict[int, list[QueueDepth]] = defaultdict(list)
    for slot in await list_bind_slots(tx):
        slots[slot.carrier_id].append(slot)
    for depth in await read_queue_depth(tx):
        depths[depth.carrier_id].append(depth)
    return [
        CarrierLine(each, slots[each.carrier_id], depths[each.carrier_id]) for each in await list_carriers(tx)
    ]


async def line_of(tx: Transaction, carrier_id: int) -> CarrierLine:
    """One of them. Raises NotFound."""
    for line in await carrier_lines(tx):
        if line.carrier.carrier_id == carrier_id:
            return line
    raise NotFound("There is no such carrier.")


async def loose_ends_of(tx: Transaction, request: PortalRequest, carrier_id: int) -> LooseEnds:
    """What is in doubt or unmatched at a carrier that exists."""
    found = await read_loose_ends(tx, late=context_of(request).now())
    return next(each for each in found if each.carrier_id == carrier_id)


def carrier_address(carrier_id: int) -> str:
    """The page of a carrier."""
    return f"{CARRIERS}/{carrier_id}"


@show(CARRIERS, right=Right.OPERATE)
async def show_carriers(request: PortalRequest) -> Response[str]:
    """Every carrier and whether it is bound."""
    async with context_of(request).database.transaction() as tx:
        return page(request, "operator_carriers.html", lines=await carrier_lines(tx))


@show("/portal/operator/live/carriers", right=Right.OPERATE, live=True)
async def show_carrier_rows(request: PortalRequest) -> Response[str] | Stream:
    """The rows of that table, kept up to date."""

    async def look() -> LivePart:
        async with context_of(request).database.transaction() as tx:
            return LivePart(page(request, "operator_carrier_rows.html", lines=await carrier_lines(tx)))

    return await live_part(request, look, seconds=LIVE_SECONDS)


@show(ONE, right=Right.OPERATE)
async def show_carrier(request: PortalRequest, carrier_id: int) -> Response[str]:
    """One carrier: its binds, its queue, its settings."""
    return await carrier_page(request, carrier_id)


@show("/portal/operator/live/carriers/{carrier_id:int}", right=Right.OPERATE, live=True)
async def show_carrier_live(request: PortalRequest, carrier_id: int) -> Response[str] | Stream:
    """The figures and binds of a carrier, kept up to date."""

    async def look() -> LivePart:
        async with context_of(request).database.transaction() as tx:
            line = await line_of(tx, carrier_id)
            ends = await loose_ends_of(tx, request, carrier_id)
        template, carrier = "operator_carrier_live.html", line.carrier
        return LivePart(page(request, template, line=line, carrier=carrier, ends=ends))

    return await live_part(request, look, seconds=LIVE_SECONDS)


async def carrier_page(
    request: PortalRequest, carrier_id: int, faults: Faults | None = None, form: Form | None = None
) -> Response[str]:
    """The page of a carrier; where its form had faults, with what was typed."""
    context = context_of(request)
    async with context.database.transaction() as tx:
        line = await line_of(tx, carrier_id)
        ends = await loose_ends_of(tx, request, carrier_id)
        routes = [each for each in await list_routes(tx) if each.carrier_id == carrier_id]
        costs = sorted((await list_costs(tx, carrier_id)).items())
    return page(
        request,
        "operator_carrier.html",
        status=400 if faults else 200,
        line=line,
        carrier=line.carrier,
        ends=ends,
        routes=routes,
        costs=costs[:FIRST_COSTS],
        cost_count=len(costs),
        values=typed_values(form) if form else stored_values(line.carrier),
        defaults=new_values(),
        faults=faults or {},
        address=carrier_address(carrier_id),
        is_new=False,
    )


@show(NEW, right=Right.OPERATE)
async def show_new_carrier(request: PortalRequest) -> Response[str]:
    """The form of a new carrier."""
    return page(
        request,
        "operator_carrier_new.html",
        values=new_values(),
        defaults=new_values(),
        faults={},
        address=NEW,
        is_new=True,
    )


@act(NEW, right=Right.OPERATE)
async def make_carrier(request: PortalRequest) -> Response[Any]:
    """Make a carrier; dispatchers bind to it within seconds."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    profile, faults = profile_in(form)
    faults = {name: translate(text) for name, text in faults.items()}
    wanted = NewCarrier(
        name=form.text("name"),
        host=form.text("host"),
        port=number_in(form.text("port")),
        system_id=form.text("system_id"),
        password=form.text("password"),
        bind_mode=form.text("bind_mode"),
        bind_count=number_in(form.text("bind_count")),
        tls=form.flag("tls"),
        profile=profile,
    )
    carrier_id = 0
    try:
        if not faults:
            async with context.database.transaction() as tx:
                carrier_id = await open_carrier(tx, wanted, sealer=context.sealer, now=context.now())
                await note_operator_act(tx, request, "carrier.created", wanted.name)
    except CarrierRefused as refused:
        faults = faults_of(refused.faults, request)
    if faults:
        values = typed_values(form)
        return page(
            request,
            "operator_carrier_new.html",
            status=400,
            values=values,
            defaults=new_values(),
            faults=faults,
            address=NEW,
            is_new=True,
        )
    said = "The carrier is made. It is bound within seconds, and gets messages once a route leads to it."
    return see(carrier_address(carrier_id), translate(said))


@act(ONE + "/settings", right=Right.OPERATE)
async def change_carrier_settings(request: PortalRequest, carrier_id: int) -> Response[Any]:
    """Change a carrier; its links follow within seconds. An empty password field leaves the password."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    profile, faults = profile_in(form)
    faults = {name: translate(text) for name, text in faults.items()}
    change = CarrierChange(
        host=form.text("host"),
        port=number_in(form.text("port")),
        system_id=form.text("system_id"),
        password=form.text("password") or None,
        bind_mode=form.text("bind_mode"),
        bind_count=number_in(form.text("bind_count")),
        tls=form.flag("tls"),
        profile=profile,
    )
    try:
        if not faults:
            async with context.database.transaction() as tx:
                name = (await line_of(tx, carrier_id)).carrier.name
                await edit_carrier(tx, carrier_id, change, sealer=context.sealer)
                detail = {"password": "changed"} if change.password else {}
                await note_operator_act(tx, request, "carrier.changed", name, detail)
    except CarrierRefused as refused:
        faults = faults_of(refused.faults, request)
    if faults:
        return await carrier_page(request, carrier_id, faults, form)
    return see(carrier_address(carrier_id), translate("Saved. Its links follow within seconds."))


@act(ONE + "/enabled", right=Right.OPERATE)
async def switch_carrier(request: PortalRequest, carrier_id: int) -> Response[None]:
    """Unbind from a carrier, or bind again."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    enabled = form.text("enabled") == "1"
    async with context.database.transaction() as tx:
        name = (await line_of(tx, carrier_id)).carrier.name
        await change_carrier(tx, carrier_id, CarrierChange(enabled=enabled), sealer=context.sealer)
        await note_operator_act(tx, request, "carrier.enabled" if enabled else "carrier.disabled", name)
    said = (
        "Dispatchers bind to it within seconds." if enabled else "Dispatchers unbind from it within seconds."
    )
    return see(carrier_address(carrier_id), translate(said))


@act(ONE + "/remove", right=Right.OPERATE)
async def drop_carrier(request: PortalRequest, carrier_id: int) -> Response[None]:
    """Remove a carrier that no route and no message needs any more."""
    translate = translate_for(request)
    try:
        async with context_of(request).database.transaction() as tx:
            name = (await line_of(tx, carrier_id)).carrier.name
            await remove_carrier(tx, carrier_id)
            await note_operator_act(tx, request, "carrier.removed", name)
    except CarrierInUse:
        text = translate("Routes or messages still need this carrier: remove its routes, or disable it.")
        return see(carrier_address(carrier_id), text, tone="bad")
    return see(CARRIERS, translate("The carrier is removed."))


PAGES: Final = (
    show_carriers,
    show_carrier_rows,
    show_carrier,
    show_carrier_live,
    show_new_carrier,
    make_carrier,
    change_carrier_settings,
    switch_carrier,
    drop_carrier,
)
