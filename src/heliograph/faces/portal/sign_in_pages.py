"""Coming in and going out: links that let somebody in once, sign out, which account is looked at."""

from typing import Final

from litestar import Response
from litestar.datastructures import Cookie

from heliograph.domain.login_secret import SECRET_BYTES, login_hash, login_secret
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see
from heliograph.faces.portal.signed_in import (
    act,
    cookie_name,
    form_of,
    is_secure,
    me_of,
    show,
    visitor_of,
)
from heliograph.storage.database import Transaction
from heliograph.storage.portal_logins import LONGEST, begin_login, choose_account, end_login
from heliograph.storage.portal_users import use_sign_in_link

SPENT_LINK: Final = (
    "This link has been used or has ended. Ask for a new one, or make one with `heliograph user link`."
)


async def new_login(tx: Transaction, request: PortalRequest, user_id: int, *, second_factor: bool) -> str:
    """Sign this browser in; the secret that its cookie holds."""
    context = context_of(request)
    secret = random_text(request)
    await begin_login(
        tx,
        login_hash(secret),
        user_id,
        csrf_token=random_text(request),
        second_factor=second_factor,
        browser=request.headers.get("user-agent", ""),
        now=context.now(),
    )
    return secret


def random_text(request: PortalRequest) -> str:
    """256 random bits as text."""
    return login_secret(context_of(request).random_bytes(SECRET_BYTES))


def signed_in_answer(request: PortalRequest, secret: str, path: str) -> Response[None]:
    """To a page of ours, with the cookie of a login that has just begun."""
    answer = see(path)
    answer.set_cookie(
        Cookie(
            key=cookie_name(request),
            value=secret,
            path="/",
            max_age=int(LONGEST.total_seconds()),
            httponly=True,
            secure=is_secure(request),
            samesite="lax",
        )
    )
    return answer


@show("/portal/welcome/{link:str}", right=None)
async def show_welcome(request: PortalRequest, link: str) -> Response[str]:
    """The page that a link leads to. It lets in only when its button is pressed: programs follow links."""
    return page(request, "welcome.html", link=link)


@act("/portal/welcome/{link:str}", right=None)
async def use_welcome(request: PortalRequest, link: str) -> Response[None]:
    """Sign in with a link, once."""
    context = context_of(request)
    async with context.database.transaction() as tx:
        used = await use_sign_in_link(tx, login_hash(link), now=context.now())
        if used is None:
            raise NotFound(SPENT_LINK)
        secret = await new_login(tx, request, used[0], second_factor=False)
    return signed_in_answer(request, secret, "/portal/")


@show("/portal/sign-in", right=None)
async def show_sign_in(request: PortalRequest) -> Response[str] | Response[None]:
    """The sign-in page; whoever is signed in goes on to the overview."""
    if visitor_of(request) is not None:
        return see("/portal/")
    return page(request, "sign_in.html", next=request.query_params.get("next", ""))


@act("/portal/sign-out", right=None)
async def sign_out(request: PortalRequest) -> Response[None]:
    """Sign this browser out."""
    me = visitor_of(request)
    if me is not None:
        async with context_of(request).database.transaction() as tx:
            await end_login(tx, me.login.login_hash)
    answer = see("/portal/sign-in")
    answer.delete_cookie(cookie_name(request), path="/")
    return answer


@act("/portal/account", right=Right.READ)
async def look_at_account(request: PortalRequest) -> Response[None]:
    """Look at another of one's accounts."""
    me, form = me_of(request), await form_of(request)
    async with context_of(request).database.transaction() as tx:
        if not await choose_account(tx, me.login.login_hash, form.text("number")):
            raise NotFound("There is no such account, or you do not belong to it.")
    return see("/portal/")


PAGES: Final = (show_welcome, use_welcome, show_sign_in, sign_out, look_at_account)
