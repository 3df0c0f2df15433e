"""The list of batches: newest first, chosen by filters, page by page."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response

from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Right
from heliograph.domain.status import BatchStatus
from heliograph.faces.portal.portal_context import PortalContext, PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for, zone_name_of
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.faces.portal.status_texts import BATCH_TEXTS, PAUSED
from heliograph.faces.portal.translations import Translate
from heliograph.storage.batch_listing import BatchFilter, list_batches, scan_batches
from heliograph.storage.batch_reading import StoredBatch, list_codes, status_of
from heliograph.storage.database import Transaction
from heliograph.storage.senders import page_of_senders

BATCHES: Final = "/portal/batches"
SHOWN: Final = 25
_SENDERS: Final = 200
_FILTERS: Final = ("status", "direction", "sender", "reference", "tag", "from", "to")
_IN_ADDRESSES: Final = frozenset({"status", "direction", "from", "to"})
"""Those that cannot hold who somebody is."""
_STATUSES: Final[Mapping[str, BatchStatus]] = {
    "planned": BatchStatus.PLANNED,
    "ongoing": BatchStatus.ONGOING,
    "sent": BatchStatus.SENT,
    "canceled": BatchStatus.CANCELED,
}
_LIVE: Final = frozenset({BatchStatus.PLANNED, BatchStatus.ONGOING})


class ShownBatch(msgspec.Struct, frozen=True):
    """A batch as a list shows it."""

    batch: StoredBatch
    batch_id: str
    status: str
    tone: str


class BatchPage(msgspec.Struct, frozen=True):
    """A page of the list. ``scanned_on``: where a search that found too little may go on."""

    batches: list[ShownBatch]
    newer: bytes | None
    older: bytes | None


def shown_batch(batch: StoredBatch, codes: Mapping[int, int], now: datetime) -> ShownBatch:
    """A batch with the name of its status."""
    status = status_of(batch, codes, now)
    text, tone = PAUSED if batch.paused_at is not None and status in _LIVE else BATCH_TEXTS[status]
    return ShownBatch(batch, batch.batch_id.hex(), text, tone)


@show(BATCHES)
async def show_batches(request: PortalRequest) -> Response[str]:
    """A page of the account's batches; what may say who somebody is does not stand in its address."""
    asked = request.query_params
    given = {name: str(asked.get(name, "")).strip() if name in _IN_ADDRESSES else "" for name in _FILTERS}
    return await _list_page(request, given, asked.get("after", ""), asked.get("before", ""))


@act(BATCHES, right=Right.READ)
async def search_batches(request: PortalRequest) -> Response[str] | Response[None]:
    """The batches that are like what a form says.

    A form that is POSTed, so that senders, references and tags stand in no address and in no log; without any
    of them it leads to the address that says the rest.
    """
    form = await form_of(request)
    given = {name: form.text(name) for name in _FILTERS}
    chosen = {name: value for name, value in given.items() if value}
    if chosen.keys() <= _IN_ADDRESSES and "hx-request" not in request.headers:
        return see(f"{BATCHES}?{urlencode(chosen)}" if chosen else BATCHES)
    return await _list_page(request, given, form.text("after"), form.text("before"))


async def _list_page(
    request: PortalRequest, given: Mapping[str, str], after_id: str, before_id: str
) -> Response[str]:
    me, context, translate = me_of(request), context_of(request), translate_for(request)
    wanted, faults = _filter_of(given, ZoneInfo(zone_name_of(request)), translate)
    after, before = parse_id(after_id), parse_id(before_id)
    async with context.database.reader(me.account_id) as tx:
        senders = await page_of_senders(tx, me.account_id, start=0, limit=_SENDERS, backwards=False)
        listed = (
            BatchPage([], None, None)
            if faults
            else await _read_page(tx, context, me.account_id, wanted, after=after, before=before)
        )
    chosen = {name: value for name, value in given.items() if value}
    return page(
        request,
        "batches.html",
        status=400 if faults else 200,
        listed=listed,
        given=given,
        faults=faults,
        is_chosen=bool(chosen),
        senders=[sender.sender for sender in senders],
        pager={
            "previous_href": _address(chosen, "before", listed.newer),
            "next_href": _address(chosen, "after", listed.older),
        },
        is_posted=not chosen.keys() <= _IN_ADDRESSES,
        newer=listed.newer.hex() if listed.newer else None,
        older=listed.older.hex() if listed.older else None,
    )


async def _read_page(
    tx: Transaction,
    context: PortalContext,
    account_id: int,
    wanted: BatchFilter,
    *,
    after: bytes | None,
    before: bytes | None,
) -> BatchPage:
    """The batches older than ``after``, or newer than ``before``; the newest without either."""
    newest_first, now = before is None, context.now()
    place = before or after or b""
    if wanted.is_derived:
        found = await scan_batches(
            tx, account_id, wanted, limit=SHOWN, newest_first=newest_first, after=place, now=now
        )
        batches, codes, further = found.batches, found.codes, found.next_after
    else:
        batches = await list_batches(
            tx, account_id, wanted, limit=SHOWN + 1, newest_first=newest_first, after=place
        )
        further = batches[SHOWN - 1].batch_id if len(batches) > SHOWN else None
        batches = batches[:SHOWN]
        codes = await list_codes(tx, account_id, batches)
    shown = [shown_batch(batch, codes.get(batch.batch_id, {}), now) for batch in batches]
    if newest_first:
        return BatchPage(shown, batches[0].batch_id if after and batches else None, further)
    shown.reverse()
    return BatchPage(shown, further, batches[0].batch_id if batches else None)


def _address(chosen: Mapping[str, str], name: str, place: bytes | None) -> str | None:
    return None if place is None else f"{BATCHES}?{urlencode({**chosen, name: place.hex()})}"


def _filter_of(
    given: Mapping[str, str], zone: ZoneInfo, translate: Translate
) -> tuple[BatchFilter, dict[str, str]]:
    """What the list is to hold, and the faults by field."""
    faults: dict[str, str] = {}
    begins = day_begins(given["from"], "from", zone, faults, translate)
    ends = day_begins(given["to"], "to", zone, faults, translate, days=1)
    if begins and ends and ends <= begins:
        faults["to"] = translate("This day is before the first one.")
    status, direction = _STATUSES.get(given["status"]), given["direction"]
    wanted = BatchFilter(
        tags=(given["tag"],) if given["tag"] else (),
        sender=given["sender"] or None,
        reference=given["reference"] or None,
        incoming={"out": False, "in": True}.get(direction),
        statuses=frozenset({status}) if status else frozenset(),
        created_from=begins,
        created_to=ends,
    )
    return wanted, faults


def day_begins(
    text: str,
    field: str,
    zone: ZoneInfo,
    faults: dict[str, str],
    translate: Callable[[str], str],
    *,
    days: int = 0,
) -> datetime | None:
    """The instant at which a day, or the one so many days later, begins in somebody's zone."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        faults[field] = translate("This is not a day in the form 2026-11-22.")
        return None


PAGES: Final = (show_batches, search_batches)
