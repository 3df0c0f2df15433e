"""The overview: what goes on in the account, live, and what a newcomer does first."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response
from litestar.response import Stream

from heliograph.domain.status import BatchStatus
from heliograph.domain.traffic import Counted, Figures, figures
from heliograph.faces.portal.batch_list_pages import ShownBatch, shown_batch
from heliograph.faces.portal.live_parts import LivePart, live_part
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import language_of, page, translate_for, zone_name_of
from heliograph.faces.portal.signed_in import me_of, show
from heliograph.faces.portal.spark_lines import SparkLine, SparkPoint, spark_line
from heliograph.faces.portal.status_texts import CODE_TEXTS
from heliograph.faces.portal.text_formats import duration_text, money_text, number_text
from heliograph.faces.portal.translations import Translate
from heliograph.faces.portal.usual_sender import senders_of, usual_sender
from heliograph.storage.batch_listing import list_batches
from heliograph.storage.batch_reading import list_codes, status_of
from heliograph.storage.database import Transaction
from heliograph.storage.first_steps import FirstSteps, read_first_steps
from heliograph.storage.ledger_reading import list_balances
from heliograph.storage.traffic_reading import Traffic, read_traffic

WEEK_DAYS: Final = 7
HOUR: Final = timedelta(hours=1)
HOURS: Final = 24
BALANCE_STRETCH: Final = timedelta(hours=6)
WEEK_STRETCH: Final = timedelta(hours=3)
OPEN_BATCHES: Final = 5
NEWEST_BATCHES: Final = 200
"""Among how many of the newest batches those are looked for that are under way."""
LIVE_SECONDS: Final = 5.0
_OPEN: Final = frozenset({BatchStatus.PLANNED, BatchStatus.ONGOING})
_FAILED: Final = "failed"


class Overview(msgspec.Struct, frozen=True):
    """What the live part of the overview shows."""

    today: Figures
    week: Figures
    is_partial: bool
    open_batches: list[ShownBatch]
    has_more_open: bool
    is_empty: bool
    """Whether the account has neither sent nor received anything yet."""
    lines: Mapping[str, SparkLine | None]
    """Of the last 24 hours: what was sent, what of it was delivered, the median; and a week's balance."""


def today_began(request: PortalRequest) -> datetime:
    """The last midnight where the reader is."""
    here = context_of(request).now().astimezone(ZoneInfo(zone_name_of(request)))
    return here.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


async def _read_overview(tx: Transaction, request: PortalRequest) -> Overview:
    account_id, now, today = me_of(request).account_id, context_of(request).now(), today_began(request)
    since = today - timedelta(days=WEEK_DAYS - 1)
    traffic = await read_traffic(tx, account_id, since, stretch=HOUR)
    newest = await list_batches(tx, account_id, limit=NEWEST_BATCHES, newest_first=True)
    codes = await list_codes(tx, account_id, [each for each in newest if not each.incoming])
    is_open = [each for each in newest if status_of(each, codes.get(each.batch_id, {}), now) in _OPEN]
    return Overview(
        figures(each for each in traffic.counted if each.began_at >= today),
        figures(traffic.counted),
        traffic.is_partial,
        [shown_batch(each, codes.get(each.batch_id, {}), now) for each in is_open[:OPEN_BATCHES]],
        len(is_open) > OPEN_BATCHES,
        not newest,
        {**_hourly_lines(request, traffic), "balance": await _balance_line(tx, request)},
    )


def _hourly_lines(request: PortalRequest, traffic: Traffic) -> dict[str, SparkLine | None]:
    """Figures of the last 24 hours, hour by hour, in the reader's own time."""
    now, today = context_of(request).now(), today_began(request)
    zone, language = ZoneInfo(zone_name_of(request)), language_of(request)
    by_hour: dict[datetime, list[Counted]] = {}
    for each in traffic.counted:
        by_hour.setdefault(each.began_at, []).append(each)
    latest = today + int((now - today) / HOUR) * HOUR
    hours = [latest - place * HOUR for place in range(HOURS - 1, -1, -1)]
    counted = [(f"{hour.astimezone(zone):%H:%M}", figures(by_hour.get(hour, ()))) for hour in hours]
    return {
        "sent": spark_line(
            [SparkPoint(name, each.sent) for name, each in counted],
            lambda value: number_text(value, language),
        ),
        "delivered": spark_line(
            [SparkPoint(name, each.delivered_percent) for name, each in counted],
            lambda value: f"{number_text(value, language, 1)} %",
        ),
        "median": spark_line(
            [SparkPoint(name, each.median_ms) for name, each in counted],
            lambda value: duration_text(value, language),
        ),
    }


async def _balance_line(tx: Transaction, request: PortalRequest) -> SparkLine | None:
    """The balance of the last days."""
    me, now, language = me_of(request), context_of(request).now(), language_of(request)
    zone, account = ZoneInfo(zone_name_of(request)), me_of(request).account
    since = today_began(request) - timedelta(days=WEEK_DAYS - 1)
    balances = await list_balances(
        tx, me.account_id, account.balance, since=since, until=now, stretch=BALANCE_STRETCH
    )
    moments = [since + (place + 1) * BALANCE_STRETCH for place in range(len(balances))]
    names = [f"{min(moment, now).astimezone(zone):%m-%d %H:%M}" for moment in moments]
    return spark_line(
        [SparkPoint(name, balance) for name, balance in zip(names, balances, strict=True)],
        lambda value: money_text(int(value), account.currency, language),
    )


@show("/portal")
async def show_overview(request: PortalRequest) -> Response[str]:
    """The first page after signing in."""
    me = me_of(request)
    async with context_of(request).database.reader(me.account_id) as tx:
        overview = await _read_overview(tx, request)
        steps = await read_first_steps(tx, me.account_id)
    senders = await senders_of(context_of(request), me.account_id)
    return page(
        request,
        "overview.html",
        overview=overview,
        steps=None if steps.are_done else _shown_steps(request, steps, has_sender=bool(senders)),
        api_address=context_of(request).public_url
        or f"{request.url.scheme}://{request.headers.get('host', '')}",
        code_texts=CODE_TEXTS,
        sender=await usual_sender(context_of(request), me.account_id),
    )


@show("/portal/live/overview", live=True)
async def show_live_overview(request: PortalRequest) -> Response[str] | Stream:
    """The part of the overview that is kept up to date."""

    async def look() -> LivePart:
        async with context_of(request).database.reader(me_of(request).account_id) as tx:
            overview = await _read_overview(tx, request)
        return LivePart(page(request, "overview_live.html", overview=overview, code_texts=CODE_TEXTS))

    return await live_part(request, look, seconds=LIVE_SECONDS)


@show("/portal/live/traffic", live=True)
async def show_traffic(request: PortalRequest) -> Response[bytes]:
    """The values of a chart: the traffic of today by the hour, or of a week."""
    me, now, today = me_of(request), context_of(request).now(), today_began(request)
    of_week = request.query_params.get("span") == "week"
    since = today - timedelta(days=WEEK_DAYS - 1) if of_week else today
    stretch = WEEK_STRETCH if of_week else HOUR
    async with context_of(request).database.reader(me.account_id) as tx:
        traffic = await read_traffic(tx, me.account_id, since, stretch=stretch)
    chart = _chart(traffic, since, now, stretch, translate_for(request))
    return Response(msgspec.json.encode(chart), media_type="application/json")


def _chart(
    traffic: Traffic, since: datetime, now: datetime, stretch: timedelta, translate: Translate
) -> Mapping[str, object]:
    """Lines of what was sent and what became of it; nothing at all where nothing was."""
    if not traffic.counted:
        return {"time": [], "series": []}
    moments = [since + place * stretch for place in range(int((now - since) / stretch) + 1)]
    by_moment: dict[datetime, list[Counted]] = {}
    for each in traffic.counted:
        by_moment.setdefault(each.began_at, []).append(each)
    amounts = [_amounts(by_moment.get(moment, ())) for moment in moments]
    lines = (
        ("sent", translate("Accepted"), "neutral"),
        ("delivered", translate("Delivered"), "good"),
        (_FAILED, translate("Refused or failed"), "bad"),
        ("received", translate("Received"), "accent"),
    )
    return {
        "time": [int(moment.timestamp()) for moment in moments],
        "series": [
            {"label": label, "values": [amount[name] for amount in amounts], "tone": tone}
            for name, label, tone in lines
            if name == "sent" or any(amount[name] for amount in amounts)
        ],
    }


def _amounts(counted: Iterable[Counted]) -> dict[str, int]:
    total = figures(counted)
    return {
        "sent": total.accepted,
        "delivered": total.delivered,
        _FAILED: total.final - total.delivered,
        "received": total.received,
    }


class ShownStep(msgspec.Struct, frozen=True):
    """Something a newcomer does first."""

    title: str
    text: str
    is_done: bool
    href: str | None
    label: str
    has_code: bool = False
    """Whether the line for a terminal belongs to it."""


def _shown_steps(request: PortalRequest, steps: FirstSteps, *, has_sender: bool) -> list[ShownStep]:
    """The first steps of an account; where whoever reads may take one, with a link to it.

    An account that may send as nobody cannot send: it registers a sender first.
    """
    translate, me = translate_for(request), me_of(request)
    has_handset = context_of(request).handsets_url is not None
    first_page = "handset" if has_handset else "compose"
    sending = [
        ShownStep(
            translate("Send a first SMS"),
            translate("To the simulated phone: it arrives on your screen within a second.")
            if has_handset
            else translate("To your own phone, to see it arrive."),
            steps.has_sent,
            f"/portal/{first_page}" if me.may("send") else None,
            translate("Open the simulated phone") if has_handset else translate("Compose a message"),
        ),
        ShownStep(
            translate("Send through the API"),
            translate("Make a key, then paste the line below into a terminal."),
            steps.has_used_key,
            "/portal/keys" if me.may("keys") else None,
            translate("Make a key"),
            has_code=True,
        ),
    ]
    registering = ShownStep(
        translate("Register your own sender"),
        translate("The name or number that people see your messages come from."),
        steps.has_own_sender and has_sender,
        ("/portal/senders" if has_sender else f"/portal/senders?for={first_page}")
        if me.may("senders")
        else None,
        translate("Register a sender"),
    )
    return [*sending, registering] if has_sender else [registering, *sending]


PAGES: Final = (show_overview, show_live_overview, show_traffic)
