"""What a call may raise. All are HeliographError; an ApiError is an answer of the API that says no."""

from collections.abc import Mapping


class HeliographError(Exception):
    """The base of everything that this package raises on its own account."""


class NoAnswer(HeliographError):
    """No whole answer came, at the last try either.

    ``may_have_happened`` tells whether the server may have done what was asked for. A send that ends so can
    be repeated with the same ``idempotency_key`` without sending anything twice.
    """

    def __init__(self, reason: str, *, may_have_happened: bool) -> None:
        super().__init__(reason)
        self.may_have_happened = may_have_happened


class UnexpectedAnswer(HeliographError):
    """An answer came, but not one of Heliograph's: the address may lead somewhere else."""


class BatchNotFinished(HeliographError, TimeoutError):
    """``wait`` gave up: some messages have no final status yet."""


class WebhookRefused(HeliographError):
    """A received webhook is not genuine, too old, or cannot be read. Answer it with 400 and ignore it."""


class ApiError(HeliographError):
    """The API refuses. ``errors`` holds the sentences for each field or parameter that is at fault."""

    def __init__(
        self,
        status: int,
        *,
        kind: str = "",
        title: str = "",
        detail: str = "",
        errors: Mapping[str, list[str]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.kind = kind
        """The problem's stable ``type``, such as ``urn:heliograph:problem:not_found``."""
        self.title = title
        self.detail = detail
        self.errors = dict(errors or {})
        self.retry_after = retry_after
        """Seconds that the server asks to wait, where it says so."""
        faults = (f"{field}: {' '.join(sentences)}" for field, sentences in self.errors.items())
        super().__init__(" ".join([f"{status} {title}:", detail, *faults]))


class InvalidRequest(ApiError):
    """400, 413, 415, 422: the request itself is at fault; see ``errors``."""


class Unauthorized(ApiError):
    """401: the key is missing, unknown, expired or revoked."""


class Forbidden(ApiError):
    """403: the key is known, but may not do this."""


class NotFound(ApiError):
    """404: there is no such thing, or it belongs to another account."""


class Conflict(ApiError):
    """409: the present state does not allow it, such as canceling a batch that was sent."""


class TooManyRequests(ApiError):
    """429: too fast; ``retry_after`` says how long to wait."""


class Unavailable(ApiError):
    """503: the server cannot take it now; ``retry_after`` says how long to wait."""


_KINDS: dict[int, type[ApiError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: TooManyRequests,
    503: Unavailable,
}


def error_class(status: int) -> type[ApiError]:
    """The exception for an HTTP status."""
    return _KINDS.get(status, ApiError)
