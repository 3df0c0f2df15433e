"""Usage: what the account has, what it spent, entry by entry, and all of it as a file."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from litestar import Response
from litestar.response import Stream

from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Right
from heliograph.domain.pricing import UNIT
from heliograph.faces.portal.csv_downloads import csv_download
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, zone_name_of
from heliograph.faces.portal.signed_in import me_of, show
from heliograph.faces.portal.text_formats import zone_of
from heliograph.storage.ledger_reading import NEWEST, LedgerEntry, list_ledger, whole_ledger

USAGE: Final = "/portal/usage"
PAGE: Final = 50
_MOST_DAYS: Final = 366


@show(USAGE, right=Right.BILLING)
async def show_usage(request: PortalRequest) -> Response[str]:
    """The balance and the latest entries of the ledger."""
    me = me_of(request)
    before = parse_id(request.query_params.get("before", "")) or NEWEST
    async with context_of(request).database.reader(me.account_id) as tx:
        entries = await list_ledger(tx, me.account_id, before=before, limit=PAGE + 1)
    shown = entries[:PAGE]
    next_href = f"{USAGE}?before={shown[-1].entry_id.hex()}" if len(entries) > PAGE else None
    first, last = _asked_days(request)
    return page(
        request,
        "usage.html",
        entries=shown,
        currency=me.account.currency,
        pager={"next_href": next_href, "previous_href": USAGE if before != NEWEST else None},
        first=first.isoformat(),
        last=last.isoformat(),
    )


@show(f"{USAGE}/ledger.csv", right=Right.BILLING)
async def download_ledger(request: PortalRequest) -> Stream:
    """The entries of some days as CSV, the latest first."""
    context, me = context_of(request), me_of(request)
    first, last = _asked_days(request)
    zone = zone_of(zone_name_of(request))
    since = datetime.combine(first, time(), zone)
    until = datetime.combine(last + timedelta(days=1), time(), zone)
    slices = whole_ledger(context.database, me.account_id, since=since, until=until)

    async def rows() -> AsyncIterator[Iterable[Sequence[object]]]:
        async for entries in slices:
            yield [_row(entry, me.account.currency) for entry in entries]

    name = f"ledger-{me.account_number}-{first}-{last}.csv"
    return csv_download(name, ("time", "kind", "amount", "currency", "note", "entry"), rows())


def _row(entry: LedgerEntry, currency: str) -> Sequence[Any]:
    amount = Decimal(entry.amount) / UNIT
    return entry.created_at.isoformat(), entry.name, amount, currency, entry.note or "", entry.entry_id.hex()


def _asked_days(request: PortalRequest) -> tuple[date, date]:
    """The first and the last day that are asked for; the last thirty, unless something readable is."""
    today = context_of(request).now().astimezone(zone_of(zone_name_of(request))).date()
    last = _day(request.query_params.get("last", "")) or today
    first = _day(request.query_params.get("first", "")) or last - timedelta(days=29)
    first, last = min(first, last), max(first, last)
    return max(first, last - timedelta(days=_MOST_DAYS)), last


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


PAGES: Final = (show_usage, download_ledger)
