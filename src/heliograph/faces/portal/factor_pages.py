"""Somebody's second factors: the authenticator app, passkeys, recovery codes."""

from typing import Final

from litestar import Response

from heliograph.domain.login_secret import login_hash
from heliograph.domain.mail_texts import SecurityNotice
from heliograph.domain.refusals import NotFound, Unauthorized
from heliograph.faces.portal.audited_acts import note_own_act
from heliograph.faces.portal.login_cookies import (
    NewLogin,
    passkeys_of,
    random_text,
    second_factor_of,
    set_login_cookie,
    site_of,
)
from heliograph.faces.portal.mailed_notices import mail_notice
from heliograph.faces.portal.me_pages import ME, is_kept, need_fresh
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.services.second_factor import WRONG_CODE, totp_picture
from heliograph.storage.database import Transaction
from heliograph.storage.portal_logins import end_logins_of_user, renew_login
from heliograph.storage.user_credentials import read_second_factors, remove_passkey

APP: Final = f"{ME}/app"
PASSKEYS: Final = f"{ME}/passkeys"
LONGEST_PASSKEY_NAME: Final = 60
LAST_OF_OPERATOR: Final = "Operators need a second step. Add another one before you remove this."


async def _renew(tx: Transaction, request: PortalRequest) -> NewLogin:
    """This browser's login under a new id, and no other login: a factor was added or taken away."""
    me, secret = me_of(request), random_text(request)
    await end_logins_of_user(tx, me.user_id, but=me.login.login_hash)
    await renew_login(tx, me.login.login_hash, login_hash(secret), second_factor=True)
    return NewLogin(secret, me.login.is_operator)


async def _is_last(tx: Transaction, request: PortalRequest) -> bool:
    """Whether it is the only second factor of somebody who needs one."""
    return is_kept(request, await read_second_factors(tx, me_of(request).user_id))


def _after_change(
    request: PortalRequest, login: NewLogin, codes: list[str], notice: str
) -> Response[str] | Response[None]:
    """The recovery codes if there are new ones, which are shown once; else back to one's page."""
    answer: Response[str] | Response[None]
    answer = page(request, "recovery_codes.html", codes=codes) if codes else see(f"{ME}#sign-in", notice)
    set_login_cookie(request, answer, login)
    return answer


@act(APP, right=None)
async def offer_app(request: PortalRequest) -> Response[None]:
    """Begin to use an authenticator app: make a secret for it."""
    stale = need_fresh(request)
    if stale is not None:
        return stale
    async with context_of(request).database.transaction() as tx:
        await second_factor_of(request).offer(tx, me_of(request).user_id)
    return see(APP)


@show(APP, right=None)
async def show_app(request: PortalRequest) -> Response[str] | Response[None]:
    """The secret as a picture to scan, and where the first code goes."""
    return await _app_page(request, None)


async def _app_page(
    request: PortalRequest, fault: str | None, *, status: int = 200
) -> Response[str] | Response[None]:
    secret = await _offered(request)
    if secret is None:
        return see(ME)
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return page(request, "authenticator_app.html", status=status, secret=groups, fault=fault)


async def _offered(request: PortalRequest) -> str | None:
    """The secret that somebody is shown, as long as they have just proved who they are."""
    me = me_of(request)
    if need_fresh(request) is not None:
        return None
    async with context_of(request).database.transaction() as tx:
        return await second_factor_of(request).offered(tx, me.user_id)


@show(f"{APP}/picture.svg", right=None)
async def show_app_picture(request: PortalRequest) -> Response[bytes]:
    """The picture to scan."""
    secret, me = await _offered(request), me_of(request)
    if secret is None:
        raise NotFound("There is nothing at this address.")
    return Response(totp_picture(secret, me.email or me.name), media_type="image/svg+xml")


@act(f"{APP}/confirm", right=None)
async def take_app(request: PortalRequest) -> Response[str] | Response[None]:
    """Let the app count, once a code proves that it knows the secret."""
    me, form, context = me_of(request), await form_of(request), context_of(request)
    stale = need_fresh(request)
    if stale is not None:
        return stale
    factor, translate = second_factor_of(request), translate_for(request)
    async with context.database.transaction() as tx:
        is_taken = await factor.take(tx, me.user_id, form.text("code"), now=context.now())
        if is_taken:
            codes = await factor.first_recovery_codes(tx, me.user_id)
            await note_own_act(tx, request, "user.app_added")
            await mail_notice(tx, request, SecurityNotice.APP_ADDED)
            login = await _renew(tx, request)
    if not is_taken:
        return await _app_page(request, translate(WRONG_CODE), status=400)
    return _after_change(request, login, codes, translate("The authenticator app is asked for from now on."))


@act(f"{APP}/remove", right=None)
async def remove_app(request: PortalRequest) -> Response[str] | Response[None]:
    """Ask for codes of the app no more."""
    stale = need_fresh(request)
    if stale is not None:
        return stale
    async with context_of(request).database.transaction() as tx:
        if await _is_last(tx, request):
            return see(ME, translate_for(request)(LAST_OF_OPERATOR), tone="bad")
        await second_factor_of(request).remove(tx, me_of(request).user_id)
        await note_own_act(tx, request, "user.app_removed")
        await mail_notice(tx, request, SecurityNotice.APP_REMOVED)
        login = await _renew(tx, request)
    return _after_change(
        request, login, [], translate_for(request)("The authenticator app is asked for no more.")
    )


@act(f"{ME}/recovery-codes", right=None)
async def renew_codes(request: PortalRequest) -> Response[str] | Response[None]:
    """Recovery codes in place of those before."""
    stale = need_fresh(request)
    if stale is not None:
        return stale
    me = me_of(request)
    if not (me.login.has_totp or me.login.has_passkey):
        raise NotFound("Recovery codes are for people with a second factor.")
    async with context_of(request).database.transaction() as tx:
        codes = await second_factor_of(request).new_recovery_codes(tx, me.user_id)
        await note_own_act(tx, request, "user.recovery_codes_made")
        await mail_notice(tx, request, SecurityNotice.CODES_MADE)
    return page(request, "recovery_codes.html", codes=codes)


@act(f"{PASSKEYS}/question", right=None)
async def ask_for_new_passkey(request: PortalRequest) -> Response[str] | Response[None]:
    """What this browser asks a device to make, as JSON."""
    me, site = me_of(request), site_of(request)
    if need_fresh(request) is not None:
        raise NotFound("First say again who you are. Nothing was changed.")
    asked = await passkeys_of(request).ask_to_make(
        site, me.login.login_hash, me.user_id, name=me.email or me.name, now=context_of(request).now()
    )
    return Response(asked, media_type="application/json")


@act(PASSKEYS, right=None)
async def keep_passkey(request: PortalRequest) -> Response[str] | Response[None]:
    """Keep the passkey that a device has made."""
    stale = need_fresh(request)
    if stale is not None:
        return stale
    me, site, form, context = me_of(request), site_of(request), await form_of(request), context_of(request)
    translate = translate_for(request)
    name = form.text("passkey_name")[:LONGEST_PASSKEY_NAME] or translate("Passkey")
    try:
        async with context.database.transaction() as tx:
            await passkeys_of(request).keep(
                tx, site, me.login.login_hash, form.raw("answer"), name=name, now=context.now()
            )
            codes = await second_factor_of(request).first_recovery_codes(tx, me.user_id)
            await note_own_act(tx, request, "user.passkey_added")
            await mail_notice(tx, request, SecurityNotice.PASSKEY_ADDED)
            login = await _renew(tx, request)
    except Unauthorized as refused:
        return see(f"{ME}#sign-in", translate(refused.sentence), tone="bad")
    return _after_change(request, login, codes, translate("You can sign in with this passkey from now on."))


@act(f"{PASSKEYS}/remove", right=None)
async def forget_passkey(request: PortalRequest) -> Response[str] | Response[None]:
    """Take a passkey away."""
    stale = need_fresh(request)
    if stale is not None:
        return stale
    me, form = me_of(request), await form_of(request)
    try:
        credential = bytes.fromhex(form.text("passkey"))
    except ValueError:
        credential = b""
    async with context_of(request).database.transaction() as tx:
        if await _is_last(tx, request):
            return see(ME, translate_for(request)(LAST_OF_OPERATOR), tone="bad")
        if not await remove_passkey(tx, me.user_id, credential):
            raise NotFound("There is no such passkey.")
        await second_factor_of(request).tidy(tx, me.user_id)
        await note_own_act(tx, request, "user.passkey_removed")
        await mail_notice(tx, request, SecurityNotice.PASSKEY_REMOVED)
        login = await _renew(tx, request)
    return _after_change(request, login, [], translate_for(request)("This passkey lets in no more."))


PAGES: Final = (
    offer_app,
    show_app,
    show_app_picture,
    take_app,
    remove_app,
    renew_codes,
    ask_for_new_passkey,
    keep_passkey,
    forget_passkey,
)
