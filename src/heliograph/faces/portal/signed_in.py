"""Who is at the keyboard: the guard that every page and act passes, and what it found.

Pages are made with ``show`` and ``act``, which name the right that they need; without a right a page is open
to everybody, signed in or not. An act is always a POST of a form from our own pages: the browser must say
that it comes from the same origin, and the form must hold the token of the login, or of whoever has none yet.
"""

import secrets
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from litestar import get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.exceptions import ClientException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from heliograph.domain.login_secret import login_hash
from heliograph.domain.portal_rights import Right, may
from heliograph.domain.refusals import RefusedError
from heliograph.faces.portal.portal_context import (
    PortalRequest,
    context_of,
    cookie_of,
    is_known_host,
    is_local,
    is_secure,
)
from heliograph.faces.portal.visitor_tokens import is_visitors_own
from heliograph.storage.portal_logins import AccountMember, Login, find_login, note_login_seen

COOKIE: Final = "heliograph"
RIGHT: Final = "right"
LIVE: Final = "live"
EVENT_STREAM: Final = "text/event-stream"
SIGNED_OUT: Final = "signed-out"
"""The event of a stream that makes its page load anew: somebody else, or nobody, is at the keyboard."""
SEEN_SECONDS: Final = 60
MAX_FORM_BYTES: Final = 256 * 1024
MAX_STRANGERS_BYTES: Final = 64 * 1024
"""Of a form that anybody may send, signed in or not."""
MAX_FILE_FORM_BYTES: Final = 16 * 1024 * 1024
MAX_FIELDS: Final = 1_000
_OF_ENABLED: Final = frozenset({Right.SEND, Right.SENDERS, Right.KEYS, Right.WEBHOOKS})
"""Rights that nobody has in a disabled account, whose API keys are refused as well."""
_AnyHandler = Callable[..., Any]


class SignInNeeded(Exception):
    """Nobody is signed in."""


class NotAllowed(RefusedError):
    """Whoever is signed in lacks the right."""


class SecondFactorNeeded(RefusedError):
    """An operator who has come in with one factor alone."""


class ForeignForm(RefusedError):
    """A form that does not come from a page of ours."""


class ForeignHost(RefusedError):
    """A request for a host that is not ours."""


class PlainHttp(RefusedError):
    """Somebody on another machine comes over plain HTTP."""


class SignedIn:
    """Who is signed in, for pages and templates."""

    def __init__(self, login: Login, *, operators_need_second_factor: bool) -> None:
        self.login = login
        self.user_id = login.user_id
        self.name = login.name
        self.email = login.email or ""
        self.is_operator = login.is_operator and (login.second_factor or not operators_need_second_factor)
        """Whether they may what operators may, now."""
        self.accounts = login.accounts
        self.alarms = 0
        """How many alarms an operator sees beside their page's name."""

    @property
    def account(self) -> AccountMember:
        """The account that is looked at. Raises NotAllowed for somebody who belongs to none."""
        if self.login.account is None:
            raise NotAllowed("You do not belong to an account any more. Ask whoever invited you.")
        return self.login.account

    @property
    def account_id(self) -> int:
        """Its id."""
        return self.account.account_id

    @property
    def account_name(self) -> str:
        """Its name; empty for somebody who belongs to none."""
        return self.login.account.name if self.login.account else ""

    @property
    def account_number(self) -> str:
        """Its number, as the API's ``owner``; empty for somebody who belongs to none."""
        return self.login.account.number if self.login.account else ""

    @property
    def role(self) -> str:
        """The role there; ``operator`` for an operator who does not belong to it."""
        account = self.login.account
        return account.role.value if account and account.role else "operator" if self.is_operator else ""

    @property
    def looks_on(self) -> bool:
        """Whether an operator looks at an account that they do not belong to."""
        return self.is_operator and self.login.account is not None and self.login.account.role is None

    def may(self, right: str | Right) -> bool:
        """Whether they have a right in the account that is looked at."""
        account, wanted = self.login.account, Right(right)
        if account is not None and account.is_disabled and wanted in _OF_ENABLED:
            return False
        return may(account.role if account else None, wanted, is_operator=self.is_operator)


def show(
    path: str, right: Right | None = Right.READ, *, live: bool = False, **options: Any
) -> Callable[[_AnyHandler], HTTPRouteHandler]:
    """A page: a GET that changes nothing. ``live``: pages ask by themselves, which keeps no login alive."""
    return get(path, opt={RIGHT: right, LIVE: live}, guards=[admit], **options)


def act(
    path: str, right: Right | None, *, files: bool = False, **options: Any
) -> Callable[[_AnyHandler], HTTPRouteHandler]:
    """An act: a POST of a form. ``files``: one that may hold a file, or a long list."""
    most = MAX_FILE_FORM_BYTES if files else MAX_STRANGERS_BYTES if right is None else MAX_FORM_BYTES
    return post(
        path, opt={RIGHT: right}, guards=[admit], status_code=200, request_max_body_size=most, **options
    )


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let whoever asks pass if they may. Raises SignInNeeded, NotAllowed, SecondFactorNeeded,
    ForeignForm, ForeignHost or PlainHttp.
    """
    request: PortalRequest = connection  # type: ignore[assignment]
    _check_way(request)
    right: Right | None = handler.opt[RIGHT]
    login = await _login_of(request, seen=not handler.opt.get(LIVE))
    request.state.me = None if login is None else _signed_in(request, login)
    if right is not None:
        if login is None:
            raise SignInNeeded
        if not request.state.me.may(right):
            if login.is_operator and not request.state.me.is_operator:
                raise SecondFactorNeeded("Operators need a second step. Add one; then the console opens.")
            raise NotAllowed("Your role in this account does not allow this. Its owner can change that.")
        if right is not Right.OPERATE:
            _ = request.state.me.account
    if request.method == "POST":
        _check_origin(request)
        if login is not None:
            await _check_token(request, login)
        else:
            await _check_visitors_token(request)
    elif login is not None and request.state.me.is_operator and "hx-request" not in request.headers:
        request.state.me.alarms = await context_of(request).watch.count()


async def is_admitted_still(request: PortalRequest) -> bool:
    """Whether whoever opened a live part may go on reading it: signed in, allowed, in the same account."""
    login = await _login_of(request, seen=False)
    if login is None:
        return False
    before, now = me_of(request).login, _signed_in(request, login)
    right: Right = request.scope["route_handler"].opt[RIGHT]
    if login.user_id != before.user_id or not now.may(right):
        return False
    accounts = [each.account_id if each else None for each in (before.account, login.account)]
    request.state.me = now
    return right is Right.OPERATE or accounts[0] == accounts[1]


def _check_way(request: PortalRequest) -> None:
    if not is_known_host(request):
        raise ForeignHost("The portal does not answer under this name.")
    if not (is_secure(request) or is_local(request) or context_of(request).plain_allowed):
        raise PlainHttp("From other machines the portal opens over HTTPS only.")


def _signed_in(request: PortalRequest, login: Login) -> SignedIn:
    needed = context_of(request).operators_need_second_factor
    return SignedIn(login, operators_need_second_factor=needed)


def me_of(request: PortalRequest) -> SignedIn:
    """Who asks, on a page that needs a right."""
    me: SignedIn | None = request.state.me
    if me is None:
        raise SignInNeeded
    return me


def visitor_of(request: PortalRequest) -> SignedIn | None:
    """Who asks; None for somebody who is not signed in, or where the guard did not come to look."""
    found: SignedIn | None = request.state.get("me")
    return found


class Form:
    """A form as it was sent."""

    def __init__(self, fields: FormMultiDict) -> None:
        self._fields = fields

    def text(self, name: str, default: str = "") -> str:
        """A field's text without surrounding blanks."""
        value = self._fields.get(name, default)
        return value.strip() if isinstance(value, str) else default

    def raw(self, name: str) -> str:
        """A field's text exactly as it was typed; browsers send line ends as CR LF, here they are LF."""
        value = self._fields.get(name, "")
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Every value of a field that may be there several times."""
        return [value for value in self._fields.getall(name, []) if isinstance(value, str)]

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.text(name))

    def file(self, name: str) -> UploadFile | None:
        """A file that was chosen; None if none was."""
        value = self._fields.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def values(self) -> dict[str, str]:
        """Every field's text, to fill the form in again."""
        return {
            name: value for name, value in self._fields.items() if isinstance(value, str) and name != "csrf"
        }


async def form_of(request: PortalRequest) -> Form:
    """The form of an act. Raises ClientException for one with more fields than any of ours."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return Form(await request.form())
    # The framework's own reader keeps the last thousand forms in memory: their passwords, too.
    text = (await request.body()).decode("latin-1")
    try:
        return Form(FormMultiDict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)))
    except ValueError:
        raise ClientException("The form has too many fields.") from None


async def _login_of(request: PortalRequest, *, seen: bool) -> Login | None:
    cookie = cookie_of(request, COOKIE)
    if not cookie or len(cookie) > 100:
        return None
    context = context_of(request)
    now, kept = context.now(), login_hash(cookie)
    async with context.database.transaction() as tx:
        login = await find_login(tx, kept, now=now)
        if login is not None and seen and (now - login.seen_at).total_seconds() > SEEN_SECONDS:
            await note_login_seen(tx, kept, now=now)
    return login


def _check_origin(request: PortalRequest) -> None:
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        ours = site == "same-origin"
    else:
        ours = origin is not None and origin in _own_origins(request)
    if not ours:
        raise ForeignForm(
            "This form was not sent from a page of this portal. Open the page and send it again."
        )


def _own_origins(request: PortalRequest) -> set[str]:
    """As which a browser may have reached us: the way that this request came, or the public one."""
    own = {f"{request.scope['scheme']}://{request.headers.get('host', '')}"}
    if public_url := context_of(request).public_url:
        parts = urlsplit(public_url)
        own.add(f"{parts.scheme}://{parts.netloc}")
    return own


async def _given_token(request: PortalRequest) -> str:
    return request.headers.get("x-csrf-token") or (await form_of(request)).text("csrf")


async def _check_visitors_token(request: PortalRequest) -> None:
    """Raises SignInNeeded for a page that outlived its login, else ForeignForm for a form not of ours."""
    if is_visitors_own(request, await _given_token(request)):
        return
    if cookie_of(request, COOKIE) is not None:
        raise SignInNeeded
    raise ForeignForm(
        "This form was sent without the cookie that came with its page. Let the browser keep cookies of this"
        " portal, open the page again and repeat what you did."
    )


async def _check_token(request: PortalRequest, login: Login) -> None:
    given = await _given_token(request)
    if not secrets.compare_digest(given.encode(), login.csrf_token.encode()):
        raise ForeignForm(
            "This form is older than your sign-in. Open the page again and repeat what you did."
        )
