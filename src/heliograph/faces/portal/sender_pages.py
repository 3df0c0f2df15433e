"""Senders: what messages may be sent as."""

from typing import Final

from litestar import Response

from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import InvalidRequest, NotFound
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import SignedIn, act, form_of, me_of, show
from heliograph.faces.portal.undoable_acts import note_removal
from heliograph.services.register_sender import register_sender
from heliograph.storage.accounts import Account, remove_sender
from heliograph.storage.removals import RemovedSender
from heliograph.storage.senders import page_of_senders

SENDERS: Final = "/portal/senders"
_SHOWN: Final = 500
_CAME_FROM: Final = {"compose": "/portal/compose", "handset": "/portal/handset"}
"""Where somebody goes on who was sent here for a sender, by what ``for`` in the address says."""
_OF_ONE: Final = {"compose": "/portal/compose", "conversation": "/portal/conversations"}
"""The same for one draft or conversation, whose id follows after a colon."""
_REFUSALS: Final = {
    "required": "Write a sender.",
    "empty": "Write a sender.",
    "characters": "Use only the letters A to Z and digits, without spaces.",
    "length": "A name has 3 to 11 characters.",
    "too_long": "A number has at most 15 digits.",
    "leading_zero": "Begin with the country code, such as 46101606060, not with 0.",
    "no_optional_sender": "This account may use the senders of the list only. Ask the operator for the"
    " optional-sender service.",
    "look_alike": "This looks like a protected name. If it is yours, ask the operator to register it"
    " for you.",
    "foreign_number": "This number belongs to somebody else here. If it should be yours, ask the operator.",
}
"""What is said here of a sender that is refused; the API names the field that it came in."""


@show(SENDERS)
async def show_senders(request: PortalRequest) -> Response[str]:
    """The senders of the account, and a form for another one."""
    return await _listed(request, "", "", request.query_params.get("for", ""))


@act(SENDERS, right=Right.SENDERS)
async def add_sender(request: PortalRequest) -> Response[str] | Response[None]:
    """Register a sender; one that is registered already stays as it is."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    name, translate = form.text("sender"), translate_for(request)
    account = await _account(request, me)
    try:
        async with context.database.transaction() as tx:
            registered = await register_sender(tx, account, name, context.sender_rules, now=context.now())
            if registered.is_new:
                await note_act(tx, request, "sender.registered", name)
    except InvalidRequest as refused:
        fault = refused.faults[0]
        sentence = translate(_REFUSALS.get(fault.code, fault.sentence))
        return await _listed(request, name, sentence, form.text("for"))
    way_on = _way_on(form.text("for")) or SENDERS
    return see(way_on, translate("%(sender)s is registered. You can send as it at once.", sender=name))


@act(f"{SENDERS}/remove", right=Right.SENDERS)
async def unregister_sender(request: PortalRequest) -> Response[None]:
    """Unregister a sender; what was accepted before is still sent."""
    me, form = me_of(request), await form_of(request)
    name = form.text("sender")
    async with context_of(request).database.transaction() as tx:
        if await remove_sender(tx, me.account_id, name) is None:
            raise NotFound("There is no such sender.")
        removal = RemovedSender(me.account_id, name)
        undo = await note_removal(tx, request, removal, "sender.removed", name, SENDERS)
    return see(SENDERS, translate_for(request)("%(sender)s is removed.", sender=name), undo=undo)


async def _account(request: PortalRequest, me: SignedIn) -> Account:
    account = await context_of(request).accounts.account(me.account_id)
    assert account is not None
    return account


def _way_on(asked: str) -> str | None:
    """Where to go on: to a page that wanted a sender, or to the message that is being written."""
    place, _, name = asked.partition(":")
    if not name:
        return _CAME_FROM.get(place)
    key = parse_id(name)
    return None if key is None or place not in _OF_ONE else f"{_OF_ONE[place]}/{key.hex()}"


async def _listed(request: PortalRequest, typed: str, fault: str, asked: str) -> Response[str]:
    context, me = context_of(request), me_of(request)
    account = await _account(request, me)
    async with context.database.reader(me.account_id) as tx:
        senders = await page_of_senders(tx, me.account_id, start=0, limit=_SHOWN, backwards=False)
    usable = {
        each.sender
        for each in senders
        if account.optional_sender or each.sender in context.sender_rules.default_senders
    }
    return page(
        request,
        "senders.html",
        status=400 if fault else 200,
        senders=senders,
        usable=usable,
        optional_sender=account.optional_sender,
        defaults=context.sender_rules.default_senders,
        typed=typed,
        asked=asked if _way_on(asked) else "",
        fault=fault or None,
    )


PAGES: Final = (show_senders, add_sender, unregister_sender)
