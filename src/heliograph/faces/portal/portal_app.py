"""The portal as an ASGI app: every page and act, the errors that people see, the headers of every answer."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import quote

import structlog
from litestar import Litestar, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from heliograph.domain.refusals import NotFound, RefusedError, TooManyRequests, Unavailable
from heliograph.faces.portal import (
    account_settings_pages,
    attempt_pages,
    audit_pages,
    batch_act_pages,
    batch_again_pages,
    batch_export_pages,
    batch_list_pages,
    batch_pages,
    blacklist_pages,
    compose_pages,
    compose_review_pages,
    contact_import_pages,
    contact_pages,
    conversation_pages,
    factor_pages,
    forgotten_pages,
    guard_pages,
    handset_pages,
    key_pages,
    link_pages,
    me_pages,
    message_pages,
    number_pages,
    operator_account_pages,
    operator_carrier_pages,
    operator_cost_pages,
    operator_number_pages,
    operator_opening_pages,
    operator_price_pages,
    operator_route_pages,
    operator_watch_pages,
    overview_pages,
    sender_pages,
    sign_in_pages,
    static_files,
    undo_pages,
    usage_pages,
    user_pages,
    webhook_pages,
)
from heliograph.faces.portal.me_pages import ME
from heliograph.faces.portal.navigation import nearest_page
from heliograph.faces.portal.portal_context import HOST_PREFIX, PortalContext, PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import (
    EVENT_STREAM,
    LIVE,
    MAX_STRANGERS_BYTES,
    SIGNED_OUT,
    ForeignForm,
    ForeignHost,
    NotAllowed,
    PlainHttp,
    SecondFactorNeeded,
    SignInNeeded,
)
from heliograph.telemetry import describe_error

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "object-src 'none'; report-uri /portal/csp-report"
)

PAGES: Final = (
    sign_in_pages.PAGES,
    forgotten_pages.PAGES,
    link_pages.PAGES,
    user_pages.PAGES,
    audit_pages.PAGES,
    account_settings_pages.PAGES,
    me_pages.PAGES,
    factor_pages.PAGES,
    overview_pages.PAGES,
    compose_pages.PAGES,
    compose_review_pages.PAGES,
    handset_pages.PAGES,
    key_pages.PAGES,
    sender_pages.PAGES,
    blacklist_pages.PAGES,
    contact_import_pages.PAGES,
    contact_pages.PAGES,
    conversation_pages.PAGES,
    number_pages.PAGES,
    usage_pages.PAGES,
    attempt_pages.PAGES,
    webhook_pages.PAGES,
    guard_pages.PAGES,
    operator_account_pages.PAGES,
    operator_carrier_pages.PAGES,
    operator_cost_pages.PAGES,
    operator_opening_pages.PAGES,
    operator_number_pages.PAGES,
    batch_list_pages.PAGES,
    batch_pages.PAGES,
    batch_act_pages.PAGES,
    batch_again_pages.PAGES,
    batch_export_pages.PAGES,
    message_pages.PAGES,
    operator_route_pages.PAGES,
    operator_price_pages.PAGES,
    operator_watch_pages.PAGES,
    undo_pages.PAGES,
)
"""The pages and acts, module by module."""

ROUTES: Final = (*(route for module in PAGES for route in module), *static_files.ROUTES)

_HEADERS: Final = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cache-control", b"no-store"),
)
_TRANSPORT_SECURITY: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")

_HOST_PREFIX: Final = HOST_PREFIX.encode()
_NO_TEXT: Final = "22021"
"""PostgreSQL's name for characters that no text holds, such as NUL."""

log = structlog.get_logger()


class PortalApp:
    """Serves everything below /portal, with the headers that every answer has unless it says otherwise."""

    def __init__(self, context: PortalContext) -> None:
        self._framework: AsgiApp = Litestar(  # type: ignore[assignment]
            route_handlers=ROUTES,
            state=State({"context": context}),
            exception_handlers={Exception: answer_failure, HTTPException: answer_failure},
            openapi_config=None,
            logging_config=None,
            request_max_body_size=MAX_STRANGERS_BYTES,
        )
        self._is_https = bool(context.public_url and context.public_url.startswith("https://"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._framework(scope, receive, send)
            return
        secure = self._is_https or scope["scheme"] == "https"
        headers = (*_HEADERS, _TRANSPORT_SECURITY) if secure else _HEADERS

        async def finished(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message["headers"])
                names = {name.lower() for name, _ in given}
                if secure:
                    given = [_over_https_only(each) for each in given]
                message = {**message, "headers": given + [each for each in headers if each[0] not in names]}
            await send(message)

        await self._framework(scope, receive, finished)


def _over_https_only(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A header; a cookie's with what keeps it from plain HTTP and from other hosts of the domain."""
    name, value = header
    if name.lower() != b"set-cookie":
        return header
    if not value.startswith(_HOST_PREFIX):
        value = _HOST_PREFIX + value
    return name, value if b"; secure" in value.lower() else value + b"; Secure"


def answer_failure(request: PortalRequest, failure: Exception) -> Response[Any]:
    """What somebody sees when a page or an act cannot be had."""
    if isinstance(failure, SignInNeeded):
        return to_sign_in(request)
    if isinstance(failure, SecondFactorNeeded):
        return _to_second_factors(request, failure)
    if isinstance(failure, (PlainHttp, ForeignHost)):
        return _answer_another_way(request, failure)
    if isinstance(failure, (NotAllowed, ForeignForm)):
        return error_page(request, 403, str(failure))
    if isinstance(failure, NotFound):
        return error_page(request, 404, str(failure))
    if isinstance(failure, (TooManyRequests, Unavailable)):
        return _try_later(request, failure)
    if isinstance(failure, RefusedError):
        return error_page(request, 400, str(failure))
    if isinstance(failure, HTTPException) and failure.status_code < 500:
        return _answer_unusable(request, failure.status_code)
    if getattr(failure, "sqlstate", None) == _NO_TEXT:
        return error_page(request, 400, "The request cannot be read.")
    log.error("portal.request_failed", method=request.method, error=describe_error(failure))
    return error_page(request, 500, "Something went wrong on our side. Nothing was lost; please try again.")


def _answer_another_way(request: PortalRequest, failure: PlainHttp | ForeignHost) -> Response[str]:
    if isinstance(failure, PlainHttp):
        return page(request, "plain_http.html", status=403)
    address = (context_of(request).public_url or "").rstrip("/")
    return page(request, "foreign_host.html", status=421, address=address)


def _answer_unusable(request: PortalRequest, status: int) -> Response[Any]:
    above = _page_above(request)
    if status == 405 and request.method == "GET" and above:
        return see(above)
    known = {404: "There is nothing at this address.", 405: "This address takes no such request."}
    too_large = "This is more than the portal takes at once."
    sentence = {**known, 413: too_large}.get(status, "The request cannot be read.")
    return error_page(request, status, sentence)


def _page_above(request: PortalRequest) -> str:
    """Where the form stood whose address is in the browser's line, after a fault, and is asked for again."""
    path: str = request.scope["path"]
    return ME if path.startswith(f"{ME}/") else nearest_page(path)


def _to_second_factors(request: PortalRequest, failure: SecondFactorNeeded) -> Response[Any]:
    """To where an operator gets a second factor, from a page; an act was not done, and says so."""
    if request.method != "GET" or "hx-request" in request.headers:
        return error_page(request, 403, failure.sentence)
    return see(ME, translate_for(request)(failure.sentence), tone="warn")


def _try_later(request: PortalRequest, failure: TooManyRequests | Unavailable) -> Response[str]:
    answer = error_page(request, 429 if isinstance(failure, TooManyRequests) else 503, str(failure))
    answer.headers["retry-after"] = str(max(1, round(failure.retry_after)))
    return answer


def to_sign_in(request: PortalRequest) -> Response[None] | Response[bytes]:
    """To the sign-in page, and from there back to the page that was asked for."""
    wanted: str = request.scope["path"] if request.method == "GET" else "/portal"
    address = (
        "/portal/sign-in"
        if wanted.rstrip("/") == "/portal"
        else f"/portal/sign-in?next={quote(wanted, safe='')}"
    )
    if request.scope["route_handler"].opt.get(LIVE) and EVENT_STREAM in request.headers.get("accept", ""):
        return Response(f"event: {SIGNED_OUT}\ndata:\n\n".encode(), media_type=EVENT_STREAM)
    if "hx-request" in request.headers:
        return Response(None, status_code=200, headers={"hx-redirect": address}, media_type="text/html")
    return see(address)


def error_page(request: PortalRequest, status: int, sentence: str) -> Response[str]:
    """A page that says what is wrong, in the language of whoever asks."""
    return page(request, "error.html", status=status, code=status, sentence=sentence)
