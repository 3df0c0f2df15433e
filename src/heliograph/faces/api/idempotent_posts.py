"""Idempotency-Key on every POST: a request that is sent again is answered as before and does nothing twice.

``answered_once`` is how a route of the framework writes: what it does and the answer to it are committed
together. POST /v2/batches has its own way (accept handler, group commit) with the same rules.
"""

from collections.abc import Awaitable, Callable, Iterable
from hashlib import sha256
from typing import Final

from litestar import Response

from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.faces.api.api_context import JSON_TYPE, ApiContext, ApiRequest, context_of
from heliograph.storage.batches import IdempotentRequest
from heliograph.storage.database import Transaction, is_connection_failure, is_retryable
from heliograph.storage.idempotency import StoredAnswer, claim_key, free_key, keep_answer

Write = Callable[[Transaction], Awaitable[Response[bytes]]]

BAD_KEY: Final = (
    "Idempotency-Key must be 1 to 255 visible ASCII characters, alone or in double quotes, and be sent once."
)
HEADER: Final = b"idempotency-key"
REPLAYED: Final = "idempotent-replayed"
_LONGEST_KEY: Final = 255
_TRIES: Final = 3


def idempotency_key(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The key of a request, None if it has none. Raises InvalidRequest.

    The draft of the header makes it a quoted string; most clients send it bare. Both name the same key.
    """
    values = [value for name, value in headers if name == HEADER]
    if not values:
        return None
    key = values[0].decode("latin-1").strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    is_visible = key.isascii() and key.isprintable() and " " not in key
    if len(values) > 1 or not 0 < len(key) <= _LONGEST_KEY or not is_visible:
        raise InvalidRequest([Refusal("Idempotency-Key", "malformed", BAD_KEY)], BAD_KEY)
    return key


async def answered_once(
    request: ApiRequest,
    account_id: int,
    body: bytes,
    write: Write,
    *,
    is_secret: bool = False,
    limits: str = "",
) -> Response[bytes]:
    """What ``write`` answers to a POST; its changes are committed before this returns.

    A request with the same Idempotency-Key, path, query and body gets the stored answer, and ``write`` is not
    called. It may be called again where a transaction has to be repeated, so all it does is in its
    transaction; a refusal that it raises undoes everything, the key stays unused. ``is_secret``: the answer
    holds what must not lie readable in the database. ``limits``: those of the API key, which must be the same
    where the answer gives as much as the key may.

    Raises InvalidRequest for a malformed key, Conflict while a request with the same key is at work, and
    IdempotencyMismatch when the key came with another request.
    """
    context = context_of(request)
    key = idempotency_key(request.scope["headers"])
    if key is None:
        return await _committed(context, write)
    identity = IdempotentRequest(account_id, _route_of(request), key, _hash_of(request, body, limits))

    async def once(tx: Transaction) -> Response[bytes]:
        stored = await claim_key(tx, identity, context.now())
        if stored is not None:
            return _replayed(context, stored, is_secret=is_secret)
        answer = await write(tx)
        await keep_answer(tx, identity, _stored(context, answer, is_secret=is_secret))
        return answer

    with context.idempotency.held(identity):
        return await _committed(context, once)


async def answered_outside(
    request: ApiRequest, account_id: int, body: bytes, act: Callable[[], Awaitable[Response[bytes]]]
) -> Response[bytes]:
    """The same for a POST that uses the network: no transaction is open while ``act`` does.

    Its key is taken before and its answer kept afterwards. What ``act`` refuses or fails at was not done: the
    key stays unused. Of what a crash cut short nobody knows whether it was done, so its key stays at work.
    """
    context = context_of(request)
    key = idempotency_key(request.scope["headers"])
    if key is None:
        return await act()
    identity = IdempotentRequest(account_id, _route_of(request), key, _hash_of(request, body))
    with context.idempotency.held(identity):
        async with context.database.transaction() as tx:
            stored = await claim_key(tx, identity, context.now())
        if stored is not None:
            return _replayed(context, stored, is_secret=False)
        try:
            answer = await act()
        except Exception:
            async with context.database.transaction() as tx:
                await free_key(tx, identity)
            raise
        async with context.database.transaction() as tx:
            await keep_answer(tx, identity, _stored(context, answer, is_secret=False))
        return answer


async def _committed(context: ApiContext, write: Write) -> Response[bytes]:
    for tries_left in reversed(range(_TRIES)):
        try:
            async with context.database.transaction() as tx:
                return await write(tx)
        except Exception as failure:
            # After a lost connection nobody knows whether it was committed.
            if not tries_left or is_connection_failure(failure) or not is_retryable(failure):
                raise
    raise AssertionError("the last try either returns or raises")


def _route_of(request: ApiRequest) -> str:
    return f"{request.method} {request.scope['path_template']}"


def _hash_of(request: ApiRequest, body: bytes, limits: str = "") -> bytes:
    """What must be the same when a key comes again. An id in the path is part of it."""
    path: str = request.scope["path"].rstrip("/")
    parts = (path.encode(), request.scope["query_string"], body, *([limits.encode()] if limits else []))
    return sha256(b"\n".join(parts)).digest()


def _stored(context: ApiContext, answer: Response[bytes], *, is_secret: bool) -> StoredAnswer:
    content = answer.content or b""
    if is_secret:
        content = context.sealer.seal(content.decode())
    return StoredAnswer(answer.status_code or 200, content, answer.headers.get("location"))


def _replayed(context: ApiContext, stored: StoredAnswer, *, is_secret: bool) -> Response[bytes]:
    headers = {REPLAYED: "true"} | ({"location": stored.location} if stored.location else {})
    content = context.sealer.open(stored.answer).encode() if is_secret else stored.answer
    return Response(content, status_code=stored.status, media_type=JSON_TYPE, headers=headers)
