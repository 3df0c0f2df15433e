"""How a refusal looks over HTTP: the status and the problem details (RFC 9457).

Every error of the API has this one shape: ``type``, ``title``, ``status``, ``detail``, ``instance`` and,
where fields are at fault, ``errors`` with the sentences of each. What went wrong inside is never shown.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar, Final

import msgspec

from heliograph.domain.refusals import InvalidRequest, RefusedError, TooManyRequests, Unavailable
from heliograph.storage.database import is_retryable

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:heliograph:problem:"

Header = tuple[bytes, bytes]

_STATUSES: Final[Mapping[str, tuple[int, str]]] = {
    "invalid_request": (400, "The request is not valid"),
    "malformed_json": (400, "The body is not valid JSON"),
    "refused": (400, "The request is refused"),
    "unauthorized": (401, "No valid API key"),
    "forbidden": (403, "Not allowed"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "Method not allowed"),
    "request_timeout": (408, "The request came too slowly"),
    "conflict": (409, "Conflict with the present state"),
    "too_large": (413, "The request is too large"),
    "unsupported_media_type": (415, "Unsupported media type"),
    "idempotency_mismatch": (422, "Idempotency key used before"),
    "too_many_requests": (429, "Too many requests"),
    "internal_error": (500, "Internal error"),
    "unavailable": (503, "Temporarily unavailable"),
}

INTERNAL_SENTENCE: Final = (
    "Something went wrong on our side. Nothing is known to have been accepted; "
    "with an Idempotency-Key the request can safely be sent again."
)

AWAY: Final = "The service cannot reach its database. Try again in a moment."
RETRY_SECONDS: Final = 2.0


class MethodNotAllowed(RefusedError):
    """The resource exists but does not know this method; ``allowed`` are those that it knows."""

    code: ClassVar[str] = "method_not_allowed"

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"{method} is not allowed here. Allowed: {', '.join(allowed)}.")
        self.allowed = allowed


class RequestTimeout(RefusedError):
    """The body did not arrive in time; the connection is closed."""

    code: ClassVar[str] = "request_timeout"


class InternalError(RefusedError):
    """Something unexpected; the sentence tells nothing of it."""

    code: ClassVar[str] = "internal_error"


class ProblemDetails(msgspec.Struct, omit_defaults=True, frozen=True):
    """The body of every error (RFC 9457, 3.1), with ``errors`` as an extension member."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: dict[str, list[str]] | None = None


class Problem(msgspec.Struct, frozen=True):
    """An error as it is sent: status, headers (names in lower case) and body."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


_encode = msgspec.json.Encoder().encode


def problem_of(failure: BaseException, instance: str) -> Problem:
    """The answer to a request that failed; ``instance`` is the path of the request.

    Anything that is no refusal is an internal error, whose cause is not shown.
    """
    refusal = failure if isinstance(failure, RefusedError) else InternalError(INTERNAL_SENTENCE)
    if not isinstance(refusal, InvalidRequest):
        return _plain_problem(refusal.code, refusal.sentence, instance, _extra_headers(refusal))
    return _problem(refusal.code, refusal.sentence, instance, (), refusal.by_field() or None)


def unavailable_for(failure: BaseException) -> Unavailable | None:
    """What to tell the caller where only the database is away or overloaded; None for any other failure."""
    return Unavailable(AWAY, RETRY_SECONDS) if is_retryable(failure) else None


@lru_cache(maxsize=256)
def _plain_problem(code: str, sentence: str, instance: str, extra: tuple[Header, ...]) -> Problem:
    return _problem(code, sentence, instance, extra, None)


def _problem(
    code: str,
    sentence: str,
    instance: str,
    extra: tuple[Header, ...],
    errors: dict[str, list[str]] | None,
) -> Problem:
    status, title = _STATUSES.get(code, _STATUSES["refused"])
    body = _encode(
        ProblemDetails(
            type=TYPE_PREFIX + code,
            title=title,
            status=status,
            detail=sentence,
            instance=instance,
            errors=errors,
        )
    )
    headers = (
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *extra,
    )
    return Problem(status, headers, body)


def _extra_headers(refusal: RefusedError) -> tuple[Header, ...]:
    if refusal.code == "unauthorized":
        return ((b"www-authenticate", b"Bearer"),)
    if isinstance(refusal, (TooManyRequests, Unavailable)):
        return ((b"retry-after", str(max(1, math.ceil(refusal.retry_after))).encode()),)
    if isinstance(refusal, MethodNotAllowed):
        return ((b"allow", ", ".join(refusal.allowed).encode()),)
    if isinstance(refusal, RequestTimeout) or refusal.code == "too_large":
        return ((b"connection", b"close"),)
    return ()
