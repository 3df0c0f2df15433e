"""Coming in and going out: password, second step, passkeys, sign out, which account is looked at."""

from typing import Final

from litestar import Response
from litestar.datastructures import Cookie

from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound, RefusedError, TooManyRequests, Unauthorized
from heliograph.faces.portal.login_cookies import (
    SECOND_STEP,
    STEP_COOKIE,
    begin_step,
    let_in,
    network_of,
    own_path,
    passkey_site,
    passkeys_of,
    second_factor_of,
    sign_in_of,
    site_of,
    step_hash_of,
)
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import COOKIE, act, form_of, me_of, show, visitor_of
from heliograph.faces.portal.translations import LANGUAGES
from heliograph.storage.portal_logins import choose_account, end_login
from heliograph.storage.portal_users import anybody_has_password, choose_tongue
from heliograph.storage.sign_in_tries import find_step, use_step
from heliograph.storage.user_credentials import SecondFactors, read_second_factors

SIGN_IN: Final = "/portal/sign-in"
_LANGUAGE_SECONDS: Final = 365 * 86_400


@show(SIGN_IN, right=None)
async def show_sign_in(request: PortalRequest) -> Response[str] | Response[None]:
    """The sign-in page; whoever is signed in goes on to the overview."""
    if visitor_of(request) is not None:
        return see("/portal/")
    return await _sign_in_page(request, next_path=own_path(request.query_params.get("next", "")))


async def _sign_in_page(
    request: PortalRequest,
    *,
    next_path: str,
    email: str = "",
    fault: str | None = None,
    status: int = 200,
) -> Response[str]:
    return page(
        request,
        "sign_in.html",
        status=status,
        next=next_path,
        email=email,
        fault=fault,
        has_passkeys=passkey_site(request) is not None,
        is_new=await _is_new(request),
    )


async def _is_new(request: PortalRequest) -> bool:
    """Whether this is an installation to try things out in which nobody has chosen a password yet."""
    context = context_of(request)
    if context.handsets_url is None:
        return False
    async with context.database.transaction() as tx:
        return not await anybody_has_password(tx)


@act(SIGN_IN, right=None)
async def sign_in(request: PortalRequest) -> Response[str] | Response[None]:
    """Sign in with address and password."""
    form, context = await form_of(request), context_of(request)
    next_path = own_path(form.text("next"))
    try:
        user_id = await sign_in_of(request).by_password(
            form.text("email"), form.raw("password"), network=network_of(request), now=context.now()
        )
    except RefusedError as refused:
        answer = await _sign_in_page(
            request,
            next_path=next_path,
            email=form.text("email"),
            fault=translate_for(request)(refused.sentence),
            status=_status_of(refused),
        )
        return _with_retry(answer, refused)
    return await let_in(request, user_id, next_path)


def _status_of(refused: RefusedError) -> int:
    if isinstance(refused, TooManyRequests):
        return 429
    return 400 if isinstance(refused, Unauthorized) else 503


def _with_retry(answer: Response[str], refused: RefusedError) -> Response[str]:
    seconds = getattr(refused, "retry_after", None)
    if seconds is not None:
        answer.headers["retry-after"] = str(max(1, round(seconds)))
    return answer


@show(SECOND_STEP, right=None)
async def show_second_step(request: PortalRequest) -> Response[str] | Response[None]:
    """The page that asks for the second factor."""
    factors = await _half_in(request)
    if factors is None:
        return see(SIGN_IN)
    return _second_step_page(request, factors[1], next_path=own_path(request.query_params.get("next", "")))


def _second_step_page(
    request: PortalRequest,
    factors: SecondFactors,
    *,
    next_path: str,
    fault: str | None = None,
    status: int = 200,
) -> Response[str]:
    return page(
        request,
        "second_step.html",
        status=status,
        next=next_path,
        fault=fault,
        has_app=factors.sealed_totp is not None,
        has_recovery_codes=factors.recovery_codes > 0,
        has_passkeys=factors.passkeys > 0 and passkey_site(request) is not None,
    )


async def _half_in(request: PortalRequest) -> tuple[int, SecondFactors] | None:
    """Who has shown their password in this browser and is to show more."""
    context, step_hash = context_of(request), step_hash_of(request)
    if step_hash is None:
        return None
    async with context.database.transaction() as tx:
        step = await find_step(tx, step_hash, now=context.now())
        if step is None or step[0] is None:
            return None
        return step[0], await read_second_factors(tx, step[0])


@act(SECOND_STEP, right=None)
async def take_second_step(request: PortalRequest) -> Response[str] | Response[None]:
    """Sign in with a code, after the password."""
    form, context, translate = await form_of(request), context_of(request), translate_for(request)
    half_in, step_hash = await _half_in(request), step_hash_of(request)
    if half_in is None or step_hash is None:
        return see(SIGN_IN, translate("That took too long. Please sign in again."), tone="warn")
    user_id, factors = half_in
    next_path = own_path(form.text("next"))
    try:
        kind = await second_factor_of(request).check(user_id, form.text("code"), now=context.now())
    except RefusedError as refused:
        answer = _second_step_page(
            request,
            factors,
            next_path=next_path,
            fault=translate(refused.sentence),
            status=_status_of(refused),
        )
        return _with_retry(answer, refused)
    async with context.database.transaction() as tx:
        await use_step(tx, step_hash, now=context.now())
        left = (await read_second_factors(tx, user_id)).recovery_codes
    notice = None
    if kind == "recovery":
        notice = translate(
            "That recovery code is used up; %(left)s are left. You can make new ones here.", left=left
        )
        next_path = "/portal/me"
    return await let_in(request, user_id, next_path, second_factor=True, notice=notice)


@act("/portal/sign-in/passkey-question", right=None)
async def ask_for_passkey(request: PortalRequest) -> Response[str]:
    """What this browser asks a device, as JSON: for a passkey of whoever is half in, else for any."""
    site, context = site_of(request), context_of(request)
    step_hash = step_hash_of(request)
    answer = Response("", media_type="application/json")
    async with context.database.transaction() as tx:
        step = None if step_hash is None else await find_step(tx, step_hash, now=context.now())
    if step is None or step_hash is None:
        step_hash = await begin_step(request, answer, None)
    user_id = step[0] if step else None
    answer.content = await passkeys_of(request).ask_to_show(site, step_hash, user_id, now=context.now())
    return answer


@act("/portal/sign-in/passkey", right=None)
async def use_passkey(request: PortalRequest) -> Response[None]:
    """Sign in with a passkey: with the password before it, or alone."""
    site, form, context = site_of(request), await form_of(request), context_of(request)
    step_hash = step_hash_of(request)
    try:
        if step_hash is None:
            raise Unauthorized("That took too long. Please sign in again.")
        user_id = await passkeys_of(request).check(site, step_hash, form.raw("answer"), now=context.now())
    except Unauthorized as refused:
        answer = see(SIGN_IN, translate_for(request)(refused.sentence), tone="bad")
        answer.delete_cookie(STEP_COOKIE, path="/")
        return answer
    return await let_in(request, user_id, own_path(form.text("next")), second_factor=True)


@act("/portal/sign-out", right=None)
async def sign_out(request: PortalRequest) -> Response[None]:
    """Sign this browser out."""
    me = visitor_of(request)
    if me is not None:
        async with context_of(request).database.transaction() as tx:
            await end_login(tx, me.login.login_hash)
    answer = see(SIGN_IN)
    answer.delete_cookie(COOKIE, path="/")
    return answer


@act("/portal/account", right=Right.READ)
async def look_at_account(request: PortalRequest) -> Response[None]:
    """Look at another of one's accounts."""
    me, number = me_of(request), (await form_of(request)).text("number")
    # Operators look at others from the account's own page, where it is written down.
    is_own = any(number == own for own, _ in me.accounts)
    async with context_of(request).database.transaction() as tx:
        if not is_own or not await choose_account(tx, me.login.login_hash, number):
            raise NotFound("There is no such account, or you do not belong to it.")
    return see("/portal/")


@act("/portal/language", right=None)
async def choose_language(request: PortalRequest) -> Response[None]:
    """Read the portal in another language, in this browser and, signed in, wherever one signs in."""
    form, me = await form_of(request), visitor_of(request)
    language = form.text("language")
    if language not in LANGUAGES:
        raise NotFound("There is no such language.")
    if me is not None:
        async with context_of(request).database.transaction() as tx:
            await choose_tongue(tx, me.user_id, language=language, time_zone=me.login.time_zone)
    back = form.text("back")
    answer = see(back if back.startswith(SIGN_IN) and "//" not in back else own_path(back))
    answer.set_cookie(
        Cookie(key="language", value=language, path="/", max_age=_LANGUAGE_SECONDS, samesite="lax")
    )
    return answer


PAGES: Final = (
    show_sign_in,
    sign_in,
    show_second_step,
    take_second_step,
    ask_for_passkey,
    use_passkey,
    sign_out,
    look_at_account,
    choose_language,
)
