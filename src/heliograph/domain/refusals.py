"""Every way we say no: a stable code, a sentence for people, and where in the request the fault lies.

The numbers of HTTP do not appear here: only the face that speaks HTTP knows them.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """One fault of one field of a request.

    ``field`` is the path as the customer wrote it (``recipients[0]``, ``deliveryWindows[1].opens``),
    ``code`` a stable word for programs, ``sentence`` a full sentence for people.
    """

    field: str
    code: str
    sentence: str


class RefusedError(Exception):
    """A whole call is refused. ``code`` is stable, ``sentence`` says why, for people."""

    code: ClassVar[str] = "refused"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class InvalidRequest(RefusedError):
    """Fields of the request break the rules; ``faults`` holds every one of them, in the order found."""

    code = "invalid_request"

    def __init__(
        self, faults: Sequence[Refusal], sentence: str = "One or more fields of the request are not valid."
    ) -> None:
        super().__init__(sentence)
        self.faults = tuple(faults)

    def by_field(self) -> dict[str, list[str]]:
        """The sentences by field path, as problem details show them."""
        sentences: dict[str, list[str]] = {}
        for fault in self.faults:
            sentences.setdefault(fault.field, []).append(fault.sentence)
        return sentences


class Unauthorized(RefusedError):
    """Nobody known: the key is missing, malformed or unknown."""

    code = "unauthorized"


class Forbidden(RefusedError):
    """Known, but not allowed: another account's thing, or an address outside the key's ranges."""

    code = "forbidden"


class NotFound(RefusedError):
    """The thing asked for does not exist, or belongs to somebody else."""

    code = "not_found"


class Conflict(RefusedError):
    """The state of the thing does not allow it (a batch that cannot be canceled any more)."""

    code = "conflict"


class IdempotencyMismatch(RefusedError):
    """The idempotency key was used before, with another request."""

    code = "idempotency_mismatch"


class TooLarge(RefusedError):
    """The request is larger than we read."""

    code = "too_large"


class UnsupportedMediaType(RefusedError):
    """The request says that it is something else than JSON."""

    code = "unsupported_media_type"


class TooManyRequests(RefusedError):
    """The caller is too fast; ``retry_after`` is in seconds."""

    code = "too_many_requests"

    def __init__(self, sentence: str, retry_after: float) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(RefusedError):
    """We cannot serve it now (queue full, database away); ``retry_after`` is in seconds."""

    code = "unavailable"

    def __init__(self, sentence: str, retry_after: float) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
