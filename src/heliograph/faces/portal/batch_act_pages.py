"""What can be done with a batch: cancel, hide, pause, resume, move to other times."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response

from heliograph.domain.delivery_windows import MAX_WINDOWS, DeliveryWindow, parse_windows
from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import Conflict, NotFound
from heliograph.domain.status import is_final
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.batch_list_pages import BATCHES
from heliograph.faces.portal.batch_pages import BATCH, read_progress
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import language_of, page, see, translate_for, zone_name_of
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show
from heliograph.faces.portal.text_formats import number_text
from heliograph.faces.portal.undoable_acts import note_removal
from heliograph.services.cancel_batch import UNKNOWN_BATCH
from heliograph.services.hold_batch import FINISHED, NOT_PAUSED
from heliograph.storage.batch_reading import StoredBatch
from heliograph.storage.database import Transaction
from heliograph.storage.removals import HiddenBatch

SPARE_WINDOWS: Final = 2
"""Empty rows under the windows that a form begins with."""
ALREADY_FINISHED: Final = "The batch is finished: there was nothing left to cancel."
STILL_OPEN: Final = "The batch is not finished yet. Cancel it first."
FINISHED_ALREADY: Final = "Every message of the batch has its final status."
TOO_LATE: Final = (
    "Nothing can be held back any more: every message without a final status was handed to its carrier."
)


@act(f"{BATCH}/cancel", right=Right.SEND)
async def cancel(request: PortalRequest, batch_id: str) -> Response[None]:
    """Cancel what was not yet handed to a carrier; its price returns."""
    return await _cancel(request, batch_id, hide=False)


@act(f"{BATCH}/hide", right=Right.SEND)
async def hide(request: PortalRequest, batch_id: str) -> Response[None]:
    """Take a finished batch out of the lists."""
    return await _cancel(request, batch_id, hide=True)


async def _cancel(request: PortalRequest, batch_id: str, *, hide: bool) -> Response[None]:
    me, context, translate = me_of(request), context_of(request), translate_for(request)
    async with context.database.reader(me.account_id) as tx:
        progress = await read_progress(tx, request, me.account_id, batch_id)
    is_over = all(map(is_final, progress.counts))
    if is_over != hide:
        return see(_address(batch_id), translate(STILL_OPEN if hide else ALREADY_FINISHED), tone="warn")
    try:
        last = await context.cancel_batch.cancel(
            me.account_id, progress.shown.batch.batch_id, context.now(), hide_finished=hide
        )
    except Conflict:
        return see(_address(batch_id), translate(TOO_LATE), tone="warn")
    canceled = last.counts[203].messages if 203 in last.counts else 0
    async with context.database.transaction() as tx:
        if hide:
            removal = HiddenBatch(progress.shown.batch.batch_id)
            undo = await note_removal(
                tx, request, removal, "batch.hidden", batch_id, f"{BATCHES}/{removal.batch_id.hex()}"
            )
        else:
            await note_act(tx, request, "batch.canceled", batch_id, {"messages": canceled})
    if hide:
        return see(BATCHES, translate("The batch is out of the lists."), undo=undo)
    if canceled == 1:
        return see(_address(batch_id), translate("1 message is canceled."))
    count = number_text(canceled, language_of(request))
    return see(_address(batch_id), translate("%(count)s messages are canceled.", count=count))


@act(f"{BATCH}/pause", right=Right.SEND)
async def pause(request: PortalRequest, batch_id: str) -> Response[None]:
    """Hold back what was not yet handed to a carrier."""
    me, context = me_of(request), context_of(request)

    async def change(tx: Transaction, wanted: bytes) -> None:
        await context.hold_batch.pause(tx, me.account_id, wanted, context.now())

    return await _changed(request, batch_id, "batch.paused", change, "The batch is paused.")


@act(f"{BATCH}/resume", right=Right.SEND)
async def resume(request: PortalRequest, batch_id: str) -> Response[None]:
    """Let a paused batch go on."""
    me, context = me_of(request), context_of(request)

    async def change(tx: Transaction, wanted: bytes) -> None:
        await context.hold_batch.resume(tx, me.account_id, wanted)

    return await _changed(request, batch_id, "batch.resumed", change, "The batch goes on.")


async def _changed(
    request: PortalRequest,
    batch_id: str,
    action: str,
    change: Callable[[Transaction, bytes], Awaitable[None]],
    done: str,
) -> Response[None]:
    """Do it and note it; what the batch's state does not allow is said on its page."""
    translate, wanted = translate_for(request), _identifier(batch_id)
    try:
        async with context_of(request).database.transaction() as tx:
            await change(tx, wanted)
            await note_act(tx, request, action, batch_id)
    except Conflict as conflict:
        return see(_address(batch_id), translate(_said(conflict)), tone="warn")
    return see(_address(batch_id), translate(done))


def _said(conflict: Conflict) -> str:
    """What a batch's state does not allow, in a sentence that is translated."""
    text = str(conflict)
    if text == NOT_PAUSED:
        return text
    return FINISHED_ALREADY if text.startswith(FINISHED.partition(":")[0]) else TOO_LATE


@show(f"{BATCH}/reschedule", right=Right.SEND)
async def show_reschedule(request: PortalRequest, batch_id: str) -> Response[str]:
    """The form for other delivery windows."""
    me, context = me_of(request), context_of(request)
    async with context.database.reader(me.account_id) as tx:
        progress = await read_progress(tx, request, me.account_id, batch_id)
    batch, zone = progress.shown.batch, ZoneInfo(zone_name_of(request))
    return _reschedule_page(request, batch, _rows_of(batch, zone, context.now()), {})


@act(f"{BATCH}/reschedule", right=Right.SEND)
async def reschedule(request: PortalRequest, batch_id: str) -> Response[str] | Response[None]:
    """Give what was not yet handed to a carrier other delivery windows."""
    me, context, form = me_of(request), context_of(request), await form_of(request)
    zone = ZoneInfo(zone_name_of(request))
    rows = _given_rows(form)
    windows = _windows_of(request, rows, zone)
    if isinstance(windows, dict):
        async with context.database.reader(me.account_id) as tx:
            progress = await read_progress(tx, request, me.account_id, batch_id)
        return _reschedule_page(request, progress.shown.batch, rows, windows)

    async def change(tx: Transaction, wanted: bytes) -> None:
        await context.hold_batch.reschedule(tx, me.account_id, wanted, windows, context.now())

    return await _changed(request, batch_id, "batch.rescheduled", change, "The delivery windows are changed.")


def _reschedule_page(
    request: PortalRequest, batch: StoredBatch, rows: Sequence[tuple[str, str]], faults: dict[str, str]
) -> Response[str]:
    return page(
        request,
        "batch_reschedule.html",
        status=400 if faults else 200,
        batch=batch,
        batch_id=batch.batch_id.hex(),
        rows=rows,
        faults=faults,
    )


def _rows_of(batch: StoredBatch, zone: ZoneInfo, now: datetime) -> list[tuple[str, str]]:
    """The windows that are still to come, in somebody's zone, and a few to fill in."""
    windows = [
        (max(opens, now), closes)
        for opens, closes in zip(batch.opens, batch.closes, strict=True)
        if closes > now
    ]
    if not windows:
        windows = [(now, now + timedelta(days=1))]
    rows = [(_local(opens, zone), _local(closes, zone)) for opens, closes in windows]
    return [*rows, *[("", "")] * SPARE_WINDOWS]


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _given_rows(form: Form) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    while f"opens-{len(rows)}" in form.values() and len(rows) <= MAX_WINDOWS:
        rows.append((form.text(f"opens-{len(rows)}"), form.text(f"closes-{len(rows)}")))
    return rows


def _windows_of(
    request: PortalRequest, rows: Sequence[tuple[str, str]], zone: ZoneInfo
) -> tuple[DeliveryWindow, ...] | dict[str, str]:
    """The windows of a form, or its faults by field."""
    translate, faults = translate_for(request), dict[str, str]()
    given, places = [], []
    for place, (opens, closes) in enumerate(rows):
        if not opens and not closes:
            continue
        window = {}
        for name, text in (("opens", opens), ("closes", closes)):
            try:
                moment = datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
                window[name] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            except (ValueError, OverflowError):
                faults[f"{name}-{place}"] = translate("Choose a day and a time.")
        given.append(window)
        places.append(place)
    if not given:
        return {"opens-0": translate("Choose a day and a time.")}
    if faults:
        return faults
    windows = parse_windows(given, context_of(request).now())
    if isinstance(windows, tuple):
        return windows
    for fault in windows:
        index, _, end = fault.field.partition("[")[2].partition("]")
        place = places[int(index)] if index else places[-1]
        faults[f"{end.lstrip('.') or 'closes'}-{place}"] = translate(_WINDOW_FAULTS[fault.code])
    return faults


_WINDOW_FAULTS: Final = {
    "overlap": "This window overlaps another one.",
    "past": "Every window has closed already.",
    "closes_first": "A window must close after it opens.",
    "not_a_time": "Choose a day and a time.",
    "too_many": "There are at most 100 windows.",
}


def _identifier(batch_id: str) -> bytes:
    wanted = parse_id(batch_id)
    if wanted is None:
        raise NotFound(UNKNOWN_BATCH)
    return wanted


def _address(batch_id: str) -> str:
    return f"{BATCHES}/{batch_id}"


PAGES: Final = (cancel, hide, pause, resume, show_reschedule, reschedule)
