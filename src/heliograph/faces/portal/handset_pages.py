"""The simulated handset: a phone on the screen that gets what is sent to it, and answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Response
from litestar.datastructures import Cookie
from litestar.response import Stream

from heliograph.domain.batch import RawBatch
from heliograph.domain.msisdn import parse_recipient
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.faces.portal.accepted_answers import refusal_of
from heliograph.faces.portal.live_parts import LivePart, live_part
from heliograph.faces.portal.number_fields import typed_number
from heliograph.faces.portal.portal_context import PortalRequest, context_of, cookie_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.faces.portal.usual_sender import senders_of, usual_sender
from heliograph.services.use_handset import HandsetAway, UseHandset
from heliograph.storage.blacklist_reading import find_in_blacklist

HANDSET: Final = "/portal/handset"
PHONE_COOKIE: Final = "heliograph_phone"
FIRST_PHONE: Final = "46701740605"
"""Delivered by the simulated carrier, and nobody's number in any other network."""
FIRST_A_SENDER: Final = "/portal/senders?for=handset"
MAX_ANSWER: Final = 1_600
SCREEN_SECONDS: Final = 1.0
_NO_ANSWER: Final = (
    "Phones cannot answer %(sender)s: it is a name, and only numbers get messages. Send from a number of"
    " yours to be answered."
)
_YEAR_SECONDS: Final = 365 * 24 * 3600
_NO_FAULTS: Final[Mapping[str, str]] = {}


@show(HANDSET, right=Right.SEND)
async def show_handset(request: PortalRequest) -> Response[str]:
    """The phone with everything around it."""
    handsets = _handsets_of(request)
    if handsets is None:
        return page(request, "handset_absent.html")
    return await _handset_page(request, handsets)


async def _handset_page(
    request: PortalRequest,
    handsets: UseHandset,
    *,
    text: str = "",
    number: str = "",
    faults: Mapping[str, str] = _NO_FAULTS,
) -> Response[str]:
    me, msisdn = me_of(request), _phone_of(request)
    routing = await context_of(request).accounts.routing()
    sender = await usual_sender(context_of(request), me.account_id)
    carrier = routing.table.carriers(me.account_id, sender).find(msisdn)
    recent = await handsets.phones(me.account_id)
    values = await _screen_values(request, handsets, msisdn)
    return page(
        request,
        "handset.html",
        status=400 if faults else 200,
        text=text,
        number=number or values["answered"],
        faults=faults,
        msisdn=msisdn,
        phones=[FIRST_PHONE, *(each for each in recent if each != FIRST_PHONE)],
        numbers=await handsets.numbers(me.account_id),
        is_reached=carrier is not None and carrier == routing.simulated_carrier,
        has_sender=bool(await senders_of(context_of(request), me.account_id)),
        **values,
    )


@show(f"{HANDSET}/screen", right=Right.SEND, live=True)
async def show_screen(request: PortalRequest) -> Response[str] | Stream:
    """What the phone shows, kept up to date."""
    handsets = _handsets_of(request)
    if handsets is None:
        return page(request, "handset_absent.html")

    async def look() -> LivePart:
        values = await _screen_values(request, handsets, _phone_of(request))
        return LivePart(page(request, "handset_screen.html", **values))

    return await live_part(request, look, seconds=SCREEN_SECONDS)


@act(f"{HANDSET}/phone", right=Right.SEND)
async def choose_phone(request: PortalRequest) -> Response[None]:
    """Look at another phone."""
    form = await form_of(request)
    number, fault = typed_number(request, form.text("phone"))
    if fault:
        return see(HANDSET, translate_for(request)("That is no phone number."), tone="bad")
    answer = see(HANDSET)
    answer.set_cookie(
        Cookie(
            key=PHONE_COOKIE,
            value=number,
            path="/",
            max_age=_YEAR_SECONDS,
            httponly=True,
            samesite="lax",
        )
    )
    return answer


@act(f"{HANDSET}/test", right=Right.SEND)
async def send_test(request: PortalRequest) -> Response[None]:
    """Send the phone an SMS, as any batch is sent."""
    context, me, translate = context_of(request), me_of(request), translate_for(request)
    async with context.database.reader(me.account_id) as tx:
        if await find_in_blacklist(tx, me.account_id, _phone_of(request)):
            return see(HANDSET, translate("This phone is blocked. Send START from it first."), tone="warn")
    account = await context.accounts.account(me.account_id)
    assert account is not None
    if not await senders_of(context, me.account_id):
        return see(FIRST_A_SENDER, translate("Every SMS names its sender: register one first."), tone="warn")
    sender = await usual_sender(context, me.account_id)
    text = translate("Hello from Heliograph! Answer this message, and see what comes back.")
    try:
        accepted = await context.accept_batch.accept(
            account,
            RawBatch(sender=sender, recipients=[_phone_of(request)], body=text, datacoding="gsm"),
        )
    except InvalidRequest as refused:
        return see(HANDSET, translate(refused.faults[0].sentence), tone="bad")
    if refusal := refusal_of(accepted, translate):
        return see(HANDSET, refusal, tone="bad")
    return see(HANDSET, translate("Sent. It arrives in a moment."))


@act(f"{HANDSET}/answer", right=Right.SEND)
async def send_answer(request: PortalRequest) -> Response[str] | Response[None]:
    """Write from the phone to one of the account's numbers."""
    me, form, translate = me_of(request), await form_of(request), translate_for(request)
    handsets = _handsets_of(request)
    if handsets is None:
        return page(request, "handset_absent.html")
    text, number = form.raw("text"), form.text("number")
    known = {each.number for each in await handsets.numbers(me.account_id)}
    faults: dict[str, str] = {}
    if not text.strip() or len(text) > MAX_ANSWER:
        sentence = "Write something first." if not text.strip() else "Write at most 1,600 characters."
        faults["text"] = translate(sentence)
    if number not in known:
        sentence = "The account has no such number." if number.isdigit() or not number else _NO_ANSWER
        faults["number"] = translate(sentence, sender=number)
    if faults:
        return await _handset_page(request, handsets, text=text, number=number, faults=faults)
    try:
        await handsets.answer(_phone_of(request), number, text)
    except HandsetAway as away:
        return await _handset_page(request, handsets, text=text, number=number, faults={"text": str(away)})
    return see(HANDSET, translate("Sent from the phone. It is among your conversations."))


def _handsets_of(request: PortalRequest) -> UseHandset | None:
    context = context_of(request)
    return None if context.handsets_url is None else UseHandset(context.database, context.handsets_url)


def _phone_of(request: PortalRequest) -> str:
    checked = parse_recipient(cookie_of(request, PHONE_COOKIE) or FIRST_PHONE)
    return FIRST_PHONE if isinstance(checked, Refusal) else checked


async def _screen_values(request: PortalRequest, handsets: UseHandset, msisdn: str) -> dict[str, Any]:
    me = me_of(request)
    try:
        found = await handsets.messages(me.account_id, msisdn, everybodys=me.is_operator)
    except HandsetAway as away:
        return {"talk": [], "answered": "", "unanswerable": "", "away": str(away)}
    talk: list[tuple[datetime, bool, object]] = [(each.arrived_at, False, each) for each in found.messages]
    talk += [(each.sent_at, True, each) for each in found.sent]
    latest = found.messages[-1].sender if found.messages else ""
    return {
        "talk": sorted(talk, key=lambda each: each[0]),
        "answered": latest if latest.isdigit() else "",
        "unanswerable": "" if latest.isdigit() else latest,
        "away": "",
    }


PAGES: Final = (show_handset, show_screen, choose_phone, send_test, send_answer)
