"""The API as an ASGI app, except for sending: that is answered by the accept handler in front of it.

Whatever answers, answers alike: errors are problem details, nothing is cached, nothing is sniffed.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

import structlog
from litestar import Litestar, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, MethodNotAllowedException

from heliograph.domain.refusals import NotFound, RefusedError
from heliograph.faces.api.account_endpoints import (
    add_child,
    give_credit,
    read_account,
    read_child,
    read_children,
    read_me,
    rename_child,
)
from heliograph.faces.api.api_context import UNKNOWN_PATH, ApiContext, ApiRequest
from heliograph.faces.api.batch_endpoints import delete_batch, read_batch, read_batches, send_batch
from heliograph.faces.api.blacklist_endpoints import (
    add_blacklist_entry,
    delete_blacklist_entry,
    put_blacklist_entry,
    read_blacklist,
    read_blacklist_entry,
)
from heliograph.faces.api.contact_endpoints import (
    add_contacts,
    add_label,
    change_contact,
    delete_contact,
    delete_contacts,
    delete_label,
    read_contact,
    read_contacts,
    replace_contact,
    summarize_contacts,
)
from heliograph.faces.api.conversation_endpoints import (
    read_conversation,
    read_incoming,
    read_outgoing,
    read_summary,
)
from heliograph.faces.api.docs_reader import read_docs, read_docs_style, read_openapi, redirect_to_portal
from heliograph.faces.api.event_endpoints import read_feed
from heliograph.faces.api.health_endpoints import read_health, read_readiness
from heliograph.faces.api.holding_endpoints import pause_batch, reschedule_batch, resume_batch
from heliograph.faces.api.key_endpoints import create_own_key, read_keys, revoke_own_key
from heliograph.faces.api.message_endpoints import read_message, read_messages
from heliograph.faces.api.problems import MethodNotAllowed, Problem, problem_of, unavailable_for
from heliograph.faces.api.report_endpoints import (
    delete_secret,
    make_secret,
    read_failed,
    read_secrets,
    replay,
)
from heliograph.faces.api.report_test_endpoints import send_test_report
from heliograph.faces.api.schemas import BATCHES_PATH
from heliograph.faces.api.scopes import template_of
from heliograph.faces.api.sender_endpoints import (
    delete_sender,
    put_named_sender,
    put_sender,
    read_sender,
    read_senders,
)
from heliograph.faces.api.timeline_endpoints import read_timeline
from heliograph.telemetry import describe_error

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

UNREADABLE: Final = "The request cannot be read."

ROUTES: Final = (
    read_batches,
    send_batch,
    read_batch,
    delete_batch,
    reschedule_batch,
    pause_batch,
    resume_batch,
    read_messages,
    read_message,
    read_senders,
    put_named_sender,
    read_sender,
    put_sender,
    delete_sender,
    read_timeline,
    read_conversation,
    read_outgoing,
    read_incoming,
    read_summary,
    read_blacklist,
    add_blacklist_entry,
    read_blacklist_entry,
    put_blacklist_entry,
    delete_blacklist_entry,
    read_me,
    read_account,
    read_children,
    add_child,
    read_child,
    rename_child,
    give_credit,
    read_keys,
    create_own_key,
    revoke_own_key,
    read_contacts,
    add_contacts,
    delete_contacts,
    summarize_contacts,
    read_contact,
    replace_contact,
    change_contact,
    delete_contact,
    add_label,
    delete_label,
    read_feed,
    read_secrets,
    make_secret,
    delete_secret,
    read_failed,
    replay,
    send_test_report,
    read_health,
    read_readiness,
    read_docs,
    read_docs_style,
    read_openapi,
    redirect_to_portal,
)

log = structlog.get_logger()


class ApiApp:
    """The framework's routes with finished answers; stands behind the accept handler."""

    def __init__(self, context: ApiContext) -> None:
        self._framework: AsgiApp = framework_app(context)  # type: ignore[assignment]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._framework(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        asked = {**scope, "method": "GET"} if head else scope
        send = _finished(asked, send, bodiless=head)
        if b"//" in scope.get("raw_path", b""):  # the framework would overlook a slash too many
            await _send_problem(send, problem_of(NotFound(UNKNOWN_PATH), scope["path"]))
            return
        await self._framework(asked, receive, send)


async def _send_problem(send: Send, problem: Problem) -> None:
    await send({"type": "http.response.start", "status": problem.status, "headers": problem.headers})
    await send({"type": "http.response.body", "body": problem.body})


def framework_app(context: ApiContext) -> Litestar:
    """The framework with every route of the API."""
    return Litestar(
        route_handlers=ROUTES,
        state=State({"context": context}),
        exception_handlers={Exception: answer_failure, HTTPException: answer_failure},
        openapi_config=None,
        logging_config=None,
    )


def _finished(scope: Scope, send: Send, *, bodiless: bool) -> Send:
    """``send`` with the headers that every answer has; without the bodies for HEAD."""

    async def finished(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": _finished_headers(scope, list(message["headers"]))}
        elif bodiless and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return finished


def _finished_headers(scope: Scope, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    if scope["method"] == "OPTIONS" and b"allow" in given:
        # The framework names only the methods of the path's first route.
        allowed = ", ".join(_METHODS[scope["path_template"]]).encode()
        headers = [(name, allowed if name.lower() == b"allow" else value) for name, value in headers]
    if b"cache-control" not in given:
        headers.append((b"cache-control", b"no-store"))
    return [*headers, (b"x-content-type-options", b"nosniff")]


def with_head(methods: Iterable[str]) -> tuple[str, ...]:
    """Methods in alphabetical order; HEAD is known wherever GET is, OPTIONS everywhere."""
    known = {"OPTIONS", *methods}
    return tuple(sorted(known | {"HEAD"} if "GET" in known else known))


_METHODS: Final = {
    template_of(path): with_head(
        method for other in ROUTES if path in other.paths for method in other.http_methods
    )
    for route in ROUTES
    for path in route.paths
}


def answer_failure(request: ApiRequest, failure: Exception) -> Response[bytes]:
    """The problem details of whatever went wrong, the framework's own refusals included."""
    refusal = refusal_of(request, failure)
    if refusal is None:
        log.error("api.request_failed", method=request.method, error=describe_error(failure))
    problem = problem_of(refusal or failure, instance_of(request, refusal))
    headers = {name.decode(): value.decode() for name, value in problem.headers}
    return Response(
        problem.body,
        status_code=problem.status,
        media_type=headers.pop("content-type"),
        headers=headers,
    )


def refusal_of(request: ApiRequest, failure: Exception) -> RefusedError | None:
    """What to tell the caller of a failure; None if it is none of their business."""
    if isinstance(failure, RefusedError):
        return failure
    if isinstance(failure, MethodNotAllowedException):
        allowed = (failure.headers or {}).get("allow", "")
        return MethodNotAllowed(request.method, with_head(allowed.split(", ")))
    if isinstance(failure, HTTPException) and failure.status_code < 500:
        return NotFound(UNKNOWN_PATH) if failure.status_code == 404 else RefusedError(UNREADABLE)
    return unavailable_for(failure)


def instance_of(request: ApiRequest, refusal: RefusedError | None) -> str:
    """The path of the request; where a thing is not found, only the path of all such things.

    So the answer is the same, byte for byte, whichever id was asked for and why it is not found.
    """
    path: str = request.scope["path"]
    collection, _, names_one = request.scope.get("path_template", "").partition("/{")
    if isinstance(refusal, NotFound) and names_one:
        return collection
    if isinstance(refusal, NotFound) and path.startswith(f"{BATCHES_PATH}/"):
        return BATCHES_PATH
    return path
