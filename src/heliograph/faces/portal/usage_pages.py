"""Usage: what the account sent and what that cost, day by day; the ledger; both as files."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from litestar import Response
from litestar.response import Stream

from heliograph.domain.ids import id_at, parse_id, seconds_of
from heliograph.domain.portal_rights import Right
from heliograph.domain.pricing import UNIT
from heliograph.domain.traffic import DayUsage, usage_by_day
from heliograph.faces.portal.csv_downloads import csv_download
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, zone_name_of
from heliograph.faces.portal.signed_in import me_of, show
from heliograph.faces.portal.text_formats import zone_of
from heliograph.storage.database import Transaction
from heliograph.storage.ledger_reading import NEWEST, LedgerEntry, list_ledger, whole_ledger
from heliograph.storage.traffic_reading import read_daily_traffic

USAGE: Final = "/portal/usage"
PAGE: Final = 50
_MOST_DAYS: Final = 366
_EARLIEST: Final = date(2000, 1, 1)
"""What is before it nobody means: a typing error, or a trick."""


@show(USAGE, right=Right.BILLING)
async def show_usage(request: PortalRequest) -> Response[str]:
    """The balance, what some days amount to, and the latest entries of the ledger."""
    me = me_of(request)
    before = parse_id(request.query_params.get("before", "")) or NEWEST
    first, last = _asked_days(request)
    async with context_of(request).database.reader(me.account_id) as tx:
        entries = await list_ledger(tx, me.account_id, before=before, limit=PAGE + 1)
        days, total, is_partial = await _usage(request, tx)
    shown = entries[:PAGE]
    next_href = (
        f"{USAGE}?first={first}&last={last}&before={shown[-1].entry_id.hex()}#ledger"
        if len(entries) > PAGE
        else None
    )
    return page(
        request,
        "usage.html",
        entries=shown,
        batches_up_to=_batches_up_to,
        days=days,
        total=total,
        is_partial=is_partial,
        currency=me.account.currency,
        pager={
            "next_href": next_href,
            "previous_href": f"{USAGE}?first={first}&last={last}#ledger" if before != NEWEST else None,
        },
        first=first.isoformat(),
        last=last.isoformat(),
    )


@show(f"{USAGE}/ledger.csv", right=Right.BILLING)
async def download_ledger(request: PortalRequest) -> Stream:
    """The entries of some days as CSV, the latest first."""
    context, me = context_of(request), me_of(request)
    first, last = _asked_days(request)
    since, until = _bounds(request)
    slices = whole_ledger(context.database, me.account_id, since=since, until=until)

    async def rows() -> AsyncIterator[Iterable[Sequence[object]]]:
        async for entries in slices:
            yield [_row(entry, me.account.currency) for entry in entries]

    name = f"ledger-{me.account_number}-{first}-{last}.csv"
    return csv_download(name, ("time", "kind", "amount", "currency", "note", "entry"), rows())


@show(f"{USAGE}/days.csv", right=Right.BILLING)
async def download_days(request: PortalRequest) -> Stream:
    """What some days amount to as CSV, the latest first."""
    me = me_of(request)
    first, last = _asked_days(request)
    async with context_of(request).database.reader(me.account_id) as tx:
        days, _, _ = await _usage(request, tx)

    async def rows() -> AsyncIterator[Iterable[Sequence[object]]]:
        yield [
            (
                day.isoformat(),
                used.accepted,
                used.segments,
                used.delivered,
                used.failed,
                used.received,
                Decimal(used.price) / UNIT,
                me.account.currency,
            )
            for day, used in days.items()
        ]

    header = ("day", "messages", "segments", "delivered", "failed", "received", "cost", "currency")
    return csv_download(f"usage-{me.account_number}-{first}-{last}.csv", header, rows())


async def _usage(request: PortalRequest, tx: Transaction) -> tuple[dict[date, DayUsage], DayUsage, bool]:
    """The days that are asked for and what they amount to; whether newest messages are missing."""
    since, until = _bounds(request)
    zone = zone_of(zone_name_of(request))
    counted, is_partial = await read_daily_traffic(tx, me_of(request).account_id, since, until, zone)
    return *usage_by_day(counted), is_partial


def _bounds(request: PortalRequest) -> tuple[datetime, datetime]:
    """The first moment of the days that are asked for, and the first one after them."""
    (first, last), zone = _asked_days(request), zone_of(zone_name_of(request))
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def _batches_up_to(entry: LedgerEntry) -> str:
    """Where the list of batches begins with those that a charge covers: they have ids of its second."""
    return id_at(seconds_of(entry.entry_id) + 1).hex()


def _row(entry: LedgerEntry, currency: str) -> Sequence[Any]:
    amount = Decimal(entry.amount) / UNIT
    return entry.created_at.isoformat(), entry.name, amount, currency, entry.note or "", entry.entry_id.hex()


def _asked_days(request: PortalRequest) -> tuple[date, date]:
    """The first and the last day that are asked for; the last thirty, unless something readable is."""
    today = context_of(request).now().astimezone(zone_of(zone_name_of(request))).date()
    last = _day(request.query_params.get("last", "")) or today
    first = _day(request.query_params.get("first", "")) or last - timedelta(days=29)
    first, last = min(first, last, today), min(max(first, last), today)
    return max(first, last - timedelta(days=_MOST_DAYS)), last


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= _EARLIEST else None


PAGES: Final = (show_usage, download_ledger, download_days)
