"""What operators watch: queues, alarms, and how the installation is."""

from collections import defaultdict
from typing import Any, Final

from litestar import Response
from litestar.response import Stream

from heliograph.domain.bind_fault import BindFault
from heliograph.domain.installation_alarms import KEEPER_LATE, QUEUE_OLD, Amount, QueueDepth, Severity
from heliograph.domain.portal_rights import Right
from heliograph.faces.portal.live_parts import LivePart, live_part
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import language_of, page, translate_for
from heliograph.faces.portal.signed_in import show
from heliograph.faces.portal.text_formats import money_text
from heliograph.faces.portal.translations import Translate
from heliograph.storage.carrier_settings import list_carriers
from heliograph.storage.installation_reading import (
    MOST_LOTS,
    MOST_REPORTS,
    days_ahead,
    list_bind_slots,
    list_failing_origins,
    list_migrations,
    read_loose_ends,
    read_queue_depth,
    read_server_state,
    read_waiting_reports,
)
from heliograph.storage.migrations_runner import own_migrations
from heliograph.storage.process_sessions import list_processes

QUEUES: Final = "/portal/operator/queues"
ALARMS: Final = "/portal/operator/alarms"
HEALTH: Final = "/portal/operator/health"
LIVE: Final = "/portal/operator/live"
LIVE_SECONDS: Final = 5.0
STATES: Final = ("scheduled", "ready", "submitted", "paused")
TONES: Final = {Severity.NOTICE: "info", Severity.WARNING: "warn", Severity.BAD: "bad"}


@show(QUEUES, right=Right.OPERATE)
async def show_queues(request: PortalRequest) -> Response[str]:
    """What waits: messages for carriers, reports for customers."""
    return await _queues_page(request, "operator_queues.html")


@show(LIVE + "/queues", right=Right.OPERATE, live=True)
async def show_queues_live(request: PortalRequest) -> Response[str] | Stream:
    """All of it, kept up to date."""

    async def look() -> LivePart:
        return LivePart(await _queues_page(request, "operator_queue_parts.html"))

    return await live_part(request, look, seconds=LIVE_SECONDS)


async def _queues_page(request: PortalRequest, template: str) -> Response[str]:
    context = context_of(request)
    now = context.now()
    async with context.database.transaction() as tx:
        carriers = {each.carrier_id: each for each in await list_carriers(tx)}
        depths = await read_queue_depth(tx)
        ends = await read_loose_ends(tx, late=now - KEEPER_LATE)
        reports = await read_waiting_reports(tx)
        origins = await list_failing_origins(tx)
    rows = _queue_rows(depths)
    return page(
        request,
        template,
        rows=[(carriers[carrier_id], priority, *rest) for (carrier_id, priority), *rest in rows],
        carriers=carriers,
        ends=[each for each in ends if each.in_doubt or each.unmatched],
        reports=reports,
        origins=origins,
        now=now,
        queue_old=QUEUE_OLD,
        most_lots=MOST_LOTS,
        most_reports=MOST_REPORTS,
        is_partial=_is_partial(depths),
    )


def _queue_rows(depths: list[QueueDepth]) -> list[tuple[Any, ...]]:
    """Of each carrier and priority: lots by state, segments that wait, since when the oldest is ready."""
    grouped: dict[tuple[int, int], list[QueueDepth]] = defaultdict(list)
    for depth in depths:
        grouped[depth.carrier_id, depth.priority].append(depth)
    rows: list[tuple[Any, ...]] = []
    for key, group in sorted(grouped.items()):
        lots = {STATES[each.state]: each.lots for each in group}
        oldest = min((each.oldest for each in group if each.state == 1), default=None)
        rows.append((key, lots, sum(each.segments for each in group), oldest))
    return rows


def _is_partial(depths: list[QueueDepth]) -> bool:
    lots: dict[int, int] = defaultdict(int)
    for depth in depths:
        lots[depth.carrier_id] += depth.lots
    return any(count >= MOST_LOTS for count in lots.values())


@show(ALARMS, right=Right.OPERATE)
async def show_alarms(request: PortalRequest) -> Response[str]:
    """What needs somebody, the worst first, and what to do next."""
    return await _alarms_page(request, "operator_alarms.html")


@show(LIVE + "/alarms", right=Right.OPERATE, live=True)
async def show_alarm_rows(request: PortalRequest) -> Response[str] | Stream:
    """The alarms, kept up to date."""

    async def look() -> LivePart:
        return LivePart(await _alarms_page(request, "operator_alarm_rows.html"))

    return await live_part(request, look, seconds=2 * LIVE_SECONDS)


async def _alarms_page(request: PortalRequest, template: str) -> Response[str]:
    translate, language = translate_for(request), language_of(request)
    alarms = [
        (
            TONES[alarm.severity],
            translate(
                alarm.title,
                **{name: _shown(each, language, translate) for name, each in alarm.values.items()},
            ),
            translate(alarm.next_step),
            alarm.path,
        )
        for alarm in await context_of(request).watch.alarms()
    ]
    return page(request, template, alarms=alarms)


def _shown(value: str | int | Amount | BindFault, language: str, translate: Translate) -> str | int:
    if isinstance(value, BindFault):
        return value.said(translate)
    return money_text(value.micro, value.currency, language) if isinstance(value, Amount) else value


@show(HEALTH, right=Right.OPERATE)
async def show_health(request: PortalRequest) -> Response[str]:
    """Processes, the database, and what housekeeping has done."""
    context = context_of(request)
    now = context.now()
    async with context.database.transaction() as tx:
        server = await read_server_state(tx)
        processes = await list_processes(tx)
        slots = await list_bind_slots(tx)
        ends = await read_loose_ends(tx, late=now - KEEPER_LATE)
        migrations = await list_migrations(tx)
        ahead = await days_ahead(tx, now=now)
    late = [since for each in ends for since in (each.unopened_since, each.unclosed_since) if since]
    applied = {each.name for each in migrations}
    return page(
        request,
        "operator_health.html",
        server=server,
        megabytes=server.size / 1_000_000,
        processes=processes,
        bound=sum(1 for slot in slots if slot.is_bound),
        late_since=min(late, default=None),
        migrations=migrations,
        pending=[each.name for each in own_migrations() if each.name not in applied],
        days=ahead,
        policy_reports=context.policy_reports,
    )


@show(LIVE + "/processes", right=Right.OPERATE, live=True)
async def show_process_rows(request: PortalRequest) -> Response[str] | Stream:
    """The processes, kept up to date."""

    async def look() -> LivePart:
        async with context_of(request).database.transaction() as tx:
            return LivePart(page(request, "operator_process_rows.html", processes=await list_processes(tx)))

    return await live_part(request, look, seconds=LIVE_SECONDS)


PAGES: Final = (
    show_queues,
    show_queues_live,
    show_alarms,
    show_alarm_rows,
    show_health,
    show_process_rows,
)
