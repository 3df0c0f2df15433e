"""Blocked numbers: who is never sent to."""

from typing import Final

from litestar import Response

from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.number_fields import typed_number
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.faces.portal.undoable_acts import note_removal
from heliograph.storage.blacklist import (
    BlacklistSource,
    keep_in_blacklist,
    list_blacklist_events,
    remove_from_blacklist,
)
from heliograph.storage.blacklist_reading import (
    count_blacklist_up_to,
    find_in_blacklist,
    list_blacklist,
)
from heliograph.storage.removals import UnblockedNumber

BLACKLIST: Final = "/portal/blacklist"
PAGE: Final = 50
_MOST: Final = 1_000_000


@show(BLACKLIST)
async def show_blacklist(request: PortalRequest) -> Response[str]:
    """The blocked numbers, the latest first."""
    return await _listed(request)


@act(f"{BLACKLIST}/find", right=Right.READ)
async def find_number(request: PortalRequest) -> Response[str]:
    """Whether a number is blocked, since when and by whom; asked with a form, to keep it out of addresses."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    msisdn, fault = typed_number(request, form.text("msisdn"))
    if fault:
        return await _listed(request, typed=msisdn, fault=fault)
    async with context.database.reader(me.account_id) as tx:
        entry = await find_in_blacklist(tx, me.account_id, msisdn)
    async with context.database.transaction() as tx:
        events = await list_blacklist_events(tx, me.account_id, msisdn)
    return page(request, "blacklist_number.html", msisdn=msisdn, entry=entry, events=events)


@act(f"{BLACKLIST}/add", right=Right.SEND)
async def block(request: PortalRequest) -> Response[str] | Response[None]:
    """Block a number."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    msisdn, fault = typed_number(request, form.text("msisdn"), must_be_possible=True)
    if fault:
        return await _listed(request, typed=msisdn, fault=fault)
    async with context.database.transaction() as tx:
        await keep_in_blacklist(tx, me.account_id, msisdn, now=context.now(), source=BlacklistSource.PORTAL)
        # The number itself is in the blacklist's own history, not in the audit log.
        await note_act(tx, request, "blacklist.added", "blacklist")
    return see(BLACKLIST, translate_for(request)("Nothing is sent to that number any more."))


@act(f"{BLACKLIST}/remove", right=Right.SEND)
async def unblock(request: PortalRequest) -> Response[None]:
    """Take a number off the blacklist."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    async with context.database.transaction() as tx:
        entry = await remove_from_blacklist(
            tx, me.account_id, form.text("msisdn"), now=context.now(), source=BlacklistSource.PORTAL
        )
        if entry is None:
            raise NotFound("The number is not blocked.")
        removal = UnblockedNumber(entry.msisdn)
        undo = await note_removal(tx, request, removal, "blacklist.removed", "blacklist", BLACKLIST)
    return see(BLACKLIST, translate_for(request)("The number can be sent to again."), undo=undo)


async def _listed(request: PortalRequest, *, typed: str = "", fault: str = "") -> Response[str]:
    context, me = context_of(request), me_of(request)
    asked = request.query_params.get("start", "0")
    start = min(int(asked), _MOST) if asked.isdecimal() and len(asked) < 10 else 0
    async with context.database.reader(me.account_id) as tx:
        total = await count_blacklist_up_to(tx, me.account_id)
        entries = await list_blacklist(tx, me.account_id, start=start, limit=PAGE + 1, newest_first=True)
    pager = {
        "previous_href": f"{BLACKLIST}?start={max(0, start - PAGE)}" if start else None,
        "next_href": f"{BLACKLIST}?start={start + PAGE}" if len(entries) > PAGE else None,
    }
    return page(
        request,
        "blacklist.html",
        status=400 if fault else 200,
        entries=entries[:PAGE],
        total=total,
        pager=pager,
        typed=typed,
        fault=fault or None,
    )


PAGES: Final = (show_blacklist, find_number, block, unblock)
