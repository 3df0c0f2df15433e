"""Somebody's own pages: who they are, how they read, how they sign in, where they are signed in."""

from functools import cache
from typing import Final
from zoneinfo import available_timezones

from litestar import Response
from litestar.datastructures import Cookie

from heliograph.domain.email_address import parse_email
from heliograph.domain.mail_texts import SecurityNotice
from heliograph.domain.refusals import NotFound, RefusedError
from heliograph.faces.portal.audited_acts import note_own_act
from heliograph.faces.portal.link_pages import LONGEST_NAME
from heliograph.faces.portal.login_cookies import (
    is_fresh,
    network_of,
    new_login,
    passkey_site,
    sign_in_of,
    signed_in_answer,
)
from heliograph.faces.portal.mailed_notices import mail_notice
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.faces.portal.translations import LANGUAGES
from heliograph.services.sign_in import judge_password
from heliograph.storage.portal_logins import confirm_login, end_login_of_user, end_logins_of_user, list_logins
from heliograph.storage.portal_users import change_user, choose_tongue
from heliograph.storage.user_credentials import (
    SecondFactors,
    list_passkeys,
    read_second_factors,
    set_password,
)

ME: Final = "/portal/me"
_THEMES: Final = ("light", "dark")
_YEAR: Final = 365 * 86_400


@show(ME, right=None)
async def show_me(request: PortalRequest) -> Response[str]:
    """Everything about whoever is signed in."""
    return await me_page(request, {}, {})


async def me_page(
    request: PortalRequest, values: dict[str, str], faults: dict[str, str], *, status: int = 200
) -> Response[str]:
    """The page, with what was typed and what is wrong about it."""
    me, context = me_of(request), context_of(request)
    async with context.database.transaction() as tx:
        logins = await list_logins(tx, me.user_id, now=context.now())
        passkeys = await list_passkeys(tx, me.user_id)
        factors = await read_second_factors(tx, me.user_id)
    return page(
        request,
        "me.html",
        status=status,
        values=values,
        faults=faults,
        logins=logins,
        passkeys=passkeys,
        factors=factors,
        fresh=is_fresh(request, me),
        is_kept=is_kept(request, factors),
        can_have_passkeys=passkey_site(request) is not None,
        zones=zone_options(),
        browser_name=browser_name,
    )


def is_kept(request: PortalRequest, factors: SecondFactors) -> bool:
    """Whether somebody cannot take away the second factor that they have: an operator's only one."""
    is_needed = me_of(request).login.is_operator and context_of(request).operators_need_second_factor
    return is_needed and factors.passkeys + (factors.sealed_totp is not None) == 1


@cache
def zone_options() -> tuple[tuple[str, str], ...]:
    """Every time zone that is called by a place, and how it is shown. Looked for once: it takes a while."""
    named = (zone for zone in sorted(available_timezones()) if "/" in zone and not zone.startswith("Etc/"))
    return tuple((zone, zone.replace("_", " ")) for zone in named)


def browser_name(agent: str) -> str:
    """What a browser is called by people, as far as its own words tell: Firefox, Linux."""
    browsers = ("Firefox", "Edg", "OPR", "Chrome", "Safari", "curl")
    systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
    full = {"Edg": "Edge", "OPR": "Opera", "Mac OS": "macOS"}
    found = [next((name for name in names if name in agent), "") for names in (browsers, systems)]
    return ", ".join(full.get(name, name) for name in found if name) or agent[:40] or "-"


def need_fresh(request: PortalRequest) -> Response[None] | None:
    """To the page that asks who it is, unless they have just proved it."""
    if is_fresh(request, me_of(request)):
        return None
    return see(ME, translate_for(request)("First say again who you are. Nothing was changed."), tone="warn")


@act(ME, right=None)
async def change_me(request: PortalRequest) -> Response[None] | Response[str]:
    """Change name, language, time zone and theme."""
    me, form, translate = me_of(request), await form_of(request), translate_for(request)
    name, language, zone = form.text("name"), form.text("language"), form.text("time_zone")
    faults = {}
    if not name:
        faults["name"] = translate("Say what you are called.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        faults["name"] = translate("A name has at most 80 characters, all on one line.")
    if language and language not in LANGUAGES:
        faults["language"] = translate("There is no such language.")
    if zone and zone not in dict(zone_options()):
        faults["time_zone"] = translate("There is no such time zone.")
    if faults:
        return await me_page(request, form.values(), faults, status=400)
    async with context_of(request).database.transaction() as tx:
        await change_user(tx, me.user_id, name=name, email=None)
        await choose_tongue(tx, me.user_id, language=language or None, time_zone=zone or None)
    answer = see(ME, translate("Saved."))
    if form.text("theme") in _THEMES:
        answer.set_cookie(
            Cookie(key="theme", value=form.text("theme"), path="/", max_age=_YEAR, samesite="lax")
        )
    else:
        answer.delete_cookie("theme", path="/")
    return answer


@act(f"{ME}/confirm", right=None)
async def confirm_me(request: PortalRequest) -> Response[None] | Response[str]:
    """Prove with the password that it is still the same person at the keyboard."""
    me, form, context = me_of(request), await form_of(request), context_of(request)
    now = context.now()
    try:
        await sign_in_of(request).confirm(
            me.user_id, me.email or None, form.raw("current"), network=network_of(request), now=now
        )
    except RefusedError as refused:
        faults = {"current": translate_for(request)(refused.sentence)}
        return await me_page(request, {}, faults, status=400)
    async with context.database.transaction() as tx:
        await confirm_login(tx, me.login.login_hash, now=now)
    return see(f"{ME}#sign-in")


@act(f"{ME}/password", right=None)
async def change_password(request: PortalRequest) -> Response[None] | Response[str]:
    """Change address and password; every other browser is signed out, this one gets another login."""
    me, form, context = me_of(request), await form_of(request), context_of(request)
    translate = translate_for(request)
    stale = need_fresh(request)
    if stale is not None:
        return stale
    email, password, faults = parse_email(form.text("email")), form.raw("password"), {}
    if email is None:
        faults["email"] = translate("This is no e-mail address.")
    fault = judge_password(password, me.name, email) if password or not me.login.has_password else None
    if fault:
        faults["password"] = translate(fault)
    if faults:
        return await me_page(request, form.values(), faults, status=400)
    stored = await sign_in_of(request).stored_form(password) if password else None
    async with context.database.transaction() as tx:
        is_free = await change_user(tx, me.user_id, name=None, email=email)
        if is_free:
            if stored is not None:
                await set_password(tx, me.user_id, stored)
            await note_own_act(tx, request, "user.password_changed" if stored else "user.address_changed")
            if stored is not None:
                await mail_notice(tx, request, SecurityNotice.PASSWORD_CHANGED)
            if email != me.email:
                await mail_notice(tx, request, SecurityNotice.ADDRESS_CHANGED)
            await end_logins_of_user(tx, me.user_id, but=me.login.login_hash)
            login = await new_login(tx, request, me.user_id, second_factor=me.login.second_factor)
    if not is_free:
        faults = {"email": translate("This address is somebody else's here.")}
        return await me_page(request, form.values(), faults, status=400)
    return signed_in_answer(
        request, login, ME, translate("Saved. Every other browser of yours is signed out.")
    )


@act(f"{ME}/logins/end", right=None)
async def end_logins(request: PortalRequest) -> Response[None]:
    """Sign out another browser of one's own, or all others."""
    me, form, translate = me_of(request), await form_of(request), translate_for(request)
    async with context_of(request).database.transaction() as tx:
        if form.flag("others"):
            await end_logins_of_user(tx, me.user_id, but=me.login.login_hash)
        elif not await end_login_of_user(tx, me.user_id, _bytes_of(form.text("login"))):
            raise NotFound("You are not signed in there any more.")
    return see(f"{ME}#logins", translate("Signed out there."))


def _bytes_of(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


PAGES: Final = (show_me, change_me, confirm_me, change_password, end_logins)
