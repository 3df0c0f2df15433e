"""How somebody comes in once it is known who they are: the cookies of a login, and of the step before it."""

from datetime import timedelta
from ipaddress import ip_address
from typing import Final, Literal, NamedTuple
from urllib.parse import quote, urlsplit

from litestar import Response
from litestar.datastructures import Cookie

from heliograph.domain.login_secret import SECRET_BYTES, login_hash, login_secret
from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.portal_context import PortalRequest, context_of, cookie_of, is_local, is_secure
from heliograph.faces.portal.rendering import see
from heliograph.faces.portal.signed_in import COOKIE, SignedIn, visitor_of
from heliograph.services.passkeys import Passkeys, Site
from heliograph.services.second_factor import SecondFactor
from heliograph.services.sign_in import SignIn
from heliograph.storage.database import Transaction
from heliograph.storage.portal_logins import LONGEST, begin_login, choose_account, end_login
from heliograph.storage.sign_in_tries import STEP_ENDS, put_step
from heliograph.storage.user_credentials import read_second_factors

SECOND_STEP: Final = "/portal/sign-in/second-step"
CONFIRMED_FOR: Final = timedelta(minutes=10)
STEP_COOKIE: Final = "heliograph_step"


def random_text(request: PortalRequest) -> str:
    """256 random bits as text."""
    return login_secret(context_of(request).random_bytes(SECRET_BYTES))


class NewLogin(NamedTuple):
    """What a browser's cookie holds, and whose it is."""

    secret: str
    is_operator: bool


async def new_login(
    tx: Transaction, request: PortalRequest, user_id: int, *, second_factor: bool
) -> NewLogin:
    """Sign this browser in, and out of what it was signed in to."""
    context, before = context_of(request), visitor_of(request)
    if before is not None:
        await end_login(tx, before.login.login_hash)
    secret = random_text(request)
    is_operator = await begin_login(
        tx,
        login_hash(secret),
        user_id,
        csrf_token=random_text(request),
        second_factor=second_factor,
        browser=request.headers.get("user-agent", ""),
        now=context.now(),
    )
    if before is not None and before.user_id == user_id and before.account_number:
        await choose_account(tx, login_hash(secret), before.account_number)
    return NewLogin(secret, is_operator)


def signed_in_answer(
    request: PortalRequest, login: NewLogin, path: str, notice: str | None = None
) -> Response[None]:
    """To a page of ours, with the cookie of a login that has just begun."""
    answer = see(path, notice)
    set_login_cookie(request, answer, login)
    return answer


def set_login_cookie(request: PortalRequest, answer: Response[None] | Response[str], login: NewLogin) -> None:
    """Give the browser the cookie of its login; an operator's is not sent where other sites lead."""
    # In a sandbox the operator came with a link that counts once, and has no other way in yet.
    is_strict = login.is_operator and context_of(request).operators_need_second_factor
    _set_cookie(request, answer, COOKIE, login.secret, LONGEST, same_site="strict" if is_strict else "lax")


def _set_cookie(
    request: PortalRequest,
    answer: Response[None] | Response[str],
    name: str,
    value: str,
    lasts: timedelta,
    *,
    same_site: Literal["lax", "strict"] = "lax",
) -> None:
    answer.set_cookie(
        Cookie(
            key=name,
            value=value,
            path="/",
            max_age=int(lasts.total_seconds()),
            httponly=True,
            secure=is_secure(request),
            samesite=same_site,
        )
    )


async def let_in(
    request: PortalRequest,
    user_id: int,
    path: str,
    *,
    second_factor: bool = False,
    notice: str | None = None,
) -> Response[None]:
    """Sign somebody in who has shown one factor, or two; whoever has a second one is asked for it first."""
    context = context_of(request)
    async with context.database.transaction() as tx:
        needed = (await read_second_factors(tx, user_id)).is_needed
        if not needed or second_factor:
            login = await new_login(tx, request, user_id, second_factor=second_factor)
    if not needed or second_factor:
        answer = signed_in_answer(request, login, path, notice)
        answer.delete_cookie(STEP_COOKIE, path="/")
        return answer
    answer = see(SECOND_STEP if path == "/portal/" else f"{SECOND_STEP}?next={quote(path, safe='')}", notice)
    await begin_step(request, answer, user_id)
    return answer


async def begin_step(
    request: PortalRequest, answer: Response[None] | Response[str], user_id: int | None
) -> bytes:
    """Wait for this browser's second factor, or for a passkey that says who it is; the step's hash."""
    context, secret = context_of(request), random_text(request)
    async with context.database.transaction() as tx:
        challenge = context.random_bytes(SECRET_BYTES)
        await put_step(tx, login_hash(secret), user_id, challenge, now=context.now())
    _set_cookie(request, answer, STEP_COOKIE, secret, STEP_ENDS)
    return login_hash(secret)


def step_hash_of(request: PortalRequest) -> bytes | None:
    """What the cookie of somebody who is half in says."""
    cookie = cookie_of(request, STEP_COOKIE)
    return login_hash(cookie) if cookie and len(cookie) <= 100 else None


def own_path(text: str) -> str:
    """A page of ours to go on to; the overview for whatever else somebody put there."""
    is_ours = text == "/portal" or text.startswith("/portal/")
    is_plain = text.isprintable() and not set(text) & set("\\ ") and ".." not in text and "//" not in text
    return text if is_ours and is_plain and not text.startswith("/portal/sign-in") else "/portal/"


def network_of(request: PortalRequest) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client else ""


def passkey_site(request: PortalRequest) -> Site | None:
    """What passkeys are bound to; None where browsers have none: at an IP address, over plain HTTP."""
    public_url = context_of(request).public_url
    parts = urlsplit(
        public_url or f"{'https' if is_secure(request) else 'http'}://{request.headers.get('host', '')}"
    )
    if not parts.hostname or not (is_secure(request) or is_local(request)):
        return None
    try:
        ip_address(parts.hostname)
    except ValueError:
        return Site(parts.hostname, f"{parts.scheme}://{parts.netloc}")
    return None


def site_of(request: PortalRequest) -> Site:
    """The same. Raises NotFound where there are no passkeys."""
    site = passkey_site(request)
    if site is None:
        raise NotFound("Passkeys need HTTPS and a name: they do not work at an IP address.")
    return site


def is_fresh(request: PortalRequest, me: SignedIn) -> bool:
    """Whether somebody has proved who they are just now, which what matters most asks for.

    Somebody who has nothing to prove it with yet may always.
    """
    if not (me.login.has_password or me.login.has_totp or me.login.has_passkey):
        return True
    return context_of(request).now() - me.login.confirmed_at <= CONFIRMED_FOR


def sign_in_of(request: PortalRequest) -> SignIn:
    """What compares passwords."""
    context = context_of(request)
    return SignIn(context.database, context.passwords)


def second_factor_of(request: PortalRequest) -> SecondFactor:
    """What checks codes."""
    context = context_of(request)
    return SecondFactor(context.database, context.sealer, random_bytes=context.random_bytes)


def passkeys_of(request: PortalRequest) -> Passkeys:
    """What checks passkeys."""
    context = context_of(request)
    return Passkeys(context.database, random_bytes=context.random_bytes)
