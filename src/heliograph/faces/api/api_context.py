"""What the endpoints are given, and what they have in common: who asks, ids, answers, links."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import quote

import msgspec
from litestar import Request, Response

from heliograph.domain.ids import IdSource, parse_id
from heliograph.domain.refusals import Forbidden, NotFound, RefusedError
from heliograph.domain.sender_rules import ORDINARY_RULES, SenderRules
from heliograph.faces.api.auth import Authenticator, Caller
from heliograph.faces.api.paging import Page, base_url, cursor_link_header, link_header
from heliograph.faces.api.request_bodies import BodyReader, Disconnected, Receive, check_media_type
from heliograph.faces.api.scopes import is_open_to_test_keys, scopes_of
from heliograph.services.cancel_batch import CancelBatch
from heliograph.services.contact_book import ContactBook
from heliograph.services.hold_batch import HoldBatch
from heliograph.services.parent_actions import ParentActions
from heliograph.services.send_test_report import SendTestReport
from heliograph.services.trace_message import TraceMessage
from heliograph.storage.accounts import Account
from heliograph.storage.database import Database
from heliograph.storage.idempotency import IdempotencyKeys
from heliograph.storage.partitions import EVENT_DAYS
from heliograph.storage.sealing import Sealer

ApiRequest = Request[Any, Any, Any]

_BODY: Final = "heliograph.body"
JSON_TYPE: Final = "application/json"
TEST_KEY: Final = (
    "This is a test key: it reads, sends tests and changes test batches. "
    "Use another key to change anything else."
)
GONE: Final = "The request was not sent to its end."
UNKNOWN_PATH: Final = "There is nothing at this path."


class ApiContext(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the endpoints need; made once by the wiring."""

    database: Database
    authenticator: Authenticator
    cancel_batch: CancelBatch
    parent_actions: ParentActions
    hold_batch: HoldBatch
    contact_book: ContactBook
    trace_message: TraceMessage
    send_test_report: SendTestReport
    """The same as of the portal: one rate for both."""
    idempotency: IdempotencyKeys
    """The same as of the accept path."""
    sealer: Sealer
    bodies: BodyReader
    now: Callable[[], datetime]
    ids: IdSource
    random_bytes: Callable[[int], bytes]
    """A cryptographic source such as ``os.urandom``."""
    sender_rules: SenderRules = ORDINARY_RULES
    public_url: str | None = None
    """How customers reach us; None: what their requests say."""
    event_days: int = EVENT_DAYS
    """How long the event feed keeps what happened."""


def context_of(request: ApiRequest) -> ApiContext:
    """The context of the app that a request came to."""
    return cast("ApiContext", request.app.state.context)


async def account_of(request: ApiRequest) -> Account:
    """The account that asks, with a key that has the scope of the route (scopes.py).

    Raises Unauthorized, Forbidden or TooManyRequests.
    """
    return (await caller_of(request)).account


async def caller_of(request: ApiRequest) -> Caller:
    """The same with the key that was used."""
    route: tuple[str, str] = request.scope["method"], request.scope["path_template"]
    authenticator = context_of(request).authenticator
    scope = cast("dict[str, Any]", request.scope)
    caller = await authenticator.authenticate_scope(scope, scopes_of(*route))
    if caller.account.is_test and not is_open_to_test_keys(*route):
        raise Forbidden(TEST_KEY)
    return caller


async def body_of(request: ApiRequest) -> bytes:
    """The body of a request, within bounds. Raises as ``BodyReader.read`` and ``check_media_type`` do."""
    check_media_type(_header(request, "content-type"), _header(request, "content-encoding"))
    return await raw_body_of(request)


async def raw_body_of(request: ApiRequest) -> bytes:
    """The body of a request, whatever it says to be; it is kept, so it may be asked for again.

    Raises as ``BodyReader.read`` does, but RefusedError for a caller who went away.
    """
    scope = cast("dict[str, Any]", request.scope)
    if _BODY not in scope:
        length = _header(request, "content-length")
        receive = cast("Receive", request.receive)
        try:
            scope[_BODY] = await context_of(request).bodies.read(receive, length)
        except Disconnected:
            raise RefusedError(GONE) from None
    return cast("bytes", scope[_BODY])


def _header(request: ApiRequest, name: str) -> bytes | None:
    value: str | None = request.headers.get(name)
    return None if value is None else value.encode("latin-1")


def identifier(text: str, unknown: str) -> bytes:
    """The id in a path. What cannot be one is as unknown as any other: NotFound with that sentence."""
    found = parse_id(text)
    if found is None:
        raise NotFound(unknown)
    return found


_encode = msgspec.json.Encoder().encode


def json_answer(
    document: msgspec.Struct | list[Any] | dict[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    """An answer with a document as JSON."""
    return Response(
        _encode(document),
        status_code=status,
        media_type=JSON_TYPE,
        headers=dict(headers) if headers else None,
    )


def links(
    request: ApiRequest,
    page: Page,
    total: int | None,
    *,
    is_last: bool = False,
    next_after: bytes | None = None,
) -> dict[str, str]:
    """The ``Link`` header of a page of a list with ``total`` entries, as ``link_header`` has it."""
    return {"link": link_header(page, total, _url_of(request), is_last=is_last, next_after=next_after)}


def cursor_links(request: ApiRequest, page: Page, next_after: bytes | None) -> dict[str, str]:
    """The ``Link`` header of a page read with a cursor."""
    return {"link": cursor_link_header(page, next_after, _url_of(request))}


def _url_of(request: ApiRequest) -> str:
    path: str = request.scope["path"]
    return base_url_of(request) + quote(path.rstrip("/"))


def base_url_of(request: ApiRequest) -> str:
    """How the caller reaches us, without a path: as the operator set it, else as the request says."""
    server = request.scope.get("server") or ("localhost", None)
    return base_url(
        public_url=context_of(request).public_url,
        scheme=request.scope["scheme"],
        host=request.headers.get("host", ""),
        server=f"{server[0]}:{server[1]}" if server[1] else str(server[0]),
    )
