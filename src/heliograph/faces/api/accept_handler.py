"""POST /v2/batches, the one hot route, as a bare ASGI application in front of the framework.

It answers the route entirely, errors included, so that there is one path; everything else goes on to the
application behind it. A framework's route costs twice as much as the rest of the request.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import sha256
from typing import Any, Final

import structlog

from heliograph.domain.batch import RawBatch
from heliograph.domain.key_rights import KeyScope
from heliograph.domain.label_recipients import named_labels
from heliograph.domain.rate_limit import RateLimiter
from heliograph.domain.refusals import RefusedError
from heliograph.faces.api.auth import Authenticator, account_choice
from heliograph.faces.api.batch_decoding import decode_carefully, decode_usual
from heliograph.faces.api.explain_documents import encode_explanation, is_dry_run
from heliograph.faces.api.idempotent_posts import idempotency_key
from heliograph.faces.api.problems import Problem, problem_of, unavailable_for
from heliograph.faces.api.request_bodies import BodyReader, Disconnected, check_media_type
from heliograph.faces.api.schemas import BATCHES_PATH
from heliograph.faces.api.scopes import scopes_of
from heliograph.faces.api.sending_pace import Headers, SendingPace, TooFast
from heliograph.failpoints import failpoint
from heliograph.services.accept_batch import AcceptBatch, Accepted
from heliograph.services.explain_batch import ExplainBatch
from heliograph.storage.batches import IdempotentRequest
from heliograph.telemetry import describe_error

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

ROUTE: Final = f"POST {BATCHES_PATH}"
TEST_ROUTE: Final = f"{ROUTE} (test)"
RATE_HEADERS: Final = "heliograph.rate_headers"
"""Where the scope of a request keeps what its answer says of rate limits, if any applies."""
_NEEDED: Final = scopes_of("POST", BATCHES_PATH)
_PATHS: Final = frozenset({BATCHES_PATH, BATCHES_PATH + "/"})
_LONG_BYTES: Final = 256 * 1024
_CAREFUL_BYTES_ON_LOOP: Final = 64 * 1024
"""Bodies larger than this are read carefully in a thread: it takes 60 ms for each MB."""
_NOT_SNIFFED: Final = (b"x-content-type-options", b"nosniff")
_ANSWER: Final = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"), _NOT_SNIFFED)
_HEADERS: Final = frozenset(
    {
        b"authorization",
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"idempotency-key",
        b"heliograph-account",
    }
)

log = structlog.get_logger()


class AcceptHandler:
    """Serves POST /v2/batches and passes everything else on."""

    def __init__(
        self,
        inner: Application,
        *,
        authenticator: Authenticator,
        accept_batch: AcceptBatch,
        explain_batch: ExplainBatch,
        bodies: BodyReader,
        pace: SendingPace | None = None,
    ) -> None:
        self._inner = inner
        self._authenticator = authenticator
        self._accept_batch = accept_batch
        self._explain_batch = explain_batch
        self._bodies = bodies
        self._pace = pace or SendingPace(RateLimiter(clock=time.monotonic))
        self._careful = asyncio.Semaphore(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in _PATHS:
            await self._inner(scope, receive, send)
            return
        try:
            if (query := scope.get("query_string")) and is_dry_run(query):
                await _send_json(send, await self._explain(scope, receive))
                return
            accepted = await self._accept(scope, receive)
        except TooFast as refusal:
            await _send_problem(send, problem_of(refusal, scope["path"]), refusal.headers)
        except RefusedError as refusal:
            await _send_problem(send, problem_of(refusal, scope["path"]), scope.get(RATE_HEADERS, ()))
        except Disconnected:
            return
        except Exception as failure:
            away = unavailable_for(failure)
            if away is None:
                log.error("accept.failed", error=describe_error(failure))
            await _send_problem(send, problem_of(away or failure, scope["path"]))
        else:
            # 2xx only after the commit: what the customer was promised can be lost no more.
            failpoint("api.pre_response")
            await _send_accepted(send, accepted, scope.get(RATE_HEADERS, ()))

    async def _accept(self, scope: Scope, receive: Receive) -> Accepted:
        headers = {name: value for name, value in scope["headers"] if name in _HEADERS}
        client = scope.get("client")
        choice = account_choice(scope["headers"]) if b"heliograph-account" in headers else None
        caller = await self._authenticator.authenticate(
            headers.get(b"authorization"), client[0] if client else "", _NEEDED, choice
        )
        account = caller.account
        check_media_type(headers.get(b"content-type"), headers.get(b"content-encoding"))
        key = idempotency_key(scope["headers"]) if b"idempotency-key" in headers else None
        body = await self._bodies.read(receive, headers.get(b"content-length"))
        # What a test key sends is another batch than what a live one does, whatever the Idempotency-Key.
        route = TEST_ROUTE if account.is_test else ROUTE
        idempotent = IdempotentRequest(account.account_id, route, key, sha256(body).digest()) if key else None
        raw = decode_usual(body) or await self._decode_carefully(body)
        if account.rate is not None or (caller.rights is not None and caller.rights.rate is not None):
            scope[RATE_HEADERS] = self._pace.check(caller, raw)
        if len(body) > _LONG_BYTES:
            await asyncio.sleep(0)  # reading it took some milliseconds: others first
        return await self._accept_batch.accept(account, raw, idempotent)

    async def _explain(self, scope: Scope, receive: Receive) -> bytes:
        """The answer to a dry run; a key for idempotency would have nothing to do."""
        headers = {name: value for name, value in scope["headers"] if name in _HEADERS}
        caller = await self._authenticator.authenticate_scope(scope, _NEEDED)
        check_media_type(headers.get(b"content-type"), headers.get(b"content-encoding"))
        body = await self._bodies.read(receive, headers.get(b"content-length"))
        raw = decode_usual(body) or await self._decode_carefully(body)
        if named_labels(raw.recipients):
            caller.check_may_read(what="the contacts of a label")
        explanation = await self._explain_batch.explain(caller.account, raw)
        return await encode_explanation(explanation, shows_balance=caller.may(KeyScope.BILLING))

    async def _decode_carefully(self, body: bytes) -> RawBatch:
        if len(body) <= _CAREFUL_BYTES_ON_LOOP:
            return decode_carefully(body)
        async with self._careful:
            return await asyncio.to_thread(decode_carefully, body)


async def _send_accepted(send: Send, accepted: Accepted, more: Headers) -> None:
    headers = [
        *_ANSWER,
        (b"content-length", str(len(accepted.answer)).encode()),
        (b"location", accepted.location.encode()),
        *more,
    ]
    if accepted.is_replayed:
        headers.append((b"idempotent-replayed", b"true"))
    await send({"type": "http.response.start", "status": accepted.status, "headers": headers})
    await send({"type": "http.response.body", "body": accepted.answer})


async def _send_json(send: Send, body: bytes) -> None:
    headers = [*_ANSWER, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_problem(send: Send, problem: Problem, more: Headers = ()) -> None:
    headers = [*problem.headers, _NOT_SNIFFED, *more]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": problem.body})
