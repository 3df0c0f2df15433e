"""The token in the forms of whoever is not signed in: it belongs to a cookie that came with the form's page.

Another site can neither read nor set the cookie, so it cannot sign people in as somebody else.
"""

import secrets
from hashlib import sha256
from typing import Any, Final

from litestar import Response
from litestar.datastructures import Cookie

from heliograph.domain.login_secret import SECRET_BYTES, login_secret
from heliograph.faces.portal.portal_context import PortalRequest, context_of, cookie_of

COOKIE: Final = "heliograph_form"
_FRESH: Final = "fresh_form_secret"
_MOST: Final = 100


def visitor_token(request: PortalRequest) -> str:
    """What the forms of a page hold; for a browser that has no cookie yet ``give_cookie`` makes it count."""
    secret = _kept_secret(request) or request.state.get(_FRESH)
    if secret is None:
        secret = login_secret(context_of(request).random_bytes(SECRET_BYTES))
        setattr(request.state, _FRESH, secret)
    return _token(secret)


def give_cookie(request: PortalRequest, answer: Response[Any]) -> None:
    """Have the browser keep what the forms of the page belong to, until it is closed."""
    secret = request.state.get(_FRESH)
    if secret is not None:
        answer.set_cookie(Cookie(key=COOKIE, value=secret, path="/", httponly=True, samesite="lax"))


def is_visitors_own(request: PortalRequest, given: str) -> bool:
    """Whether a token is the one of this browser's forms."""
    secret = _kept_secret(request)
    return secret is not None and secrets.compare_digest(given.encode(), _token(secret).encode())


def _kept_secret(request: PortalRequest) -> str | None:
    secret = cookie_of(request, COOKIE)
    return secret if secret and len(secret) <= _MOST else None


def _token(secret: str) -> str:
    return sha256(b"heliograph form\0" + secret.encode()).hexdigest()
