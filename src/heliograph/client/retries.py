"""When a call is tried again, and how long to wait before that. Pure: the clients sleep."""

import random
from typing import Any, Final

import msgspec

from heliograph.client.calls import Answer, Call, Lost, Result, retry_after

_NOT_DONE: Final = frozenset({429})
"""The server did nothing: any call may be tried again."""
_MAYBE_DONE: Final = frozenset({502, 503, 504})
"""Somebody on the way does not know: only a repeatable call is tried again."""
_IN_PROGRESS: Final = 409
"""To a call whose conflicts pass: an earlier try of it is still being worked on."""


class Retries(msgspec.Struct, frozen=True):
    """How patiently calls are tried again.

    The wait before the n-th repetition is random, up to ``first_wait`` doubled n - 1 times and at most
    ``longest_wait``; where the server asks for a time, no less than that. A server that asks for more than
    ``longest_wait`` gets its refusal raised at once.
    """

    count: int = 5
    first_wait: float = 0.5
    longest_wait: float = 30.0

    def wait_before_next(self, call: Call[Any], result: Result, tries: int) -> float | None:
        """Seconds until the next try, after so many; None if the result stands."""
        if tries > self.count or not self._is_worth_another(call, result):
            return None
        asked = (retry_after(result) or 0.0) if isinstance(result, Answer) else 0.0
        if asked > self.longest_wait:
            return None
        backoff = min(self.longest_wait, self.first_wait * 2 ** (tries - 1))
        return asked + random.uniform(0, backoff) if asked else random.uniform(backoff / 2, backoff)

    def _is_worth_another(self, call: Call[Any], result: Result) -> bool:
        if isinstance(result, Lost):
            return call.is_repeatable or not result.may_have_happened
        if result.status == _IN_PROGRESS:
            return call.conflict_passes
        return result.status in _NOT_DONE or (call.is_repeatable and result.status in _MAYBE_DONE)


USUAL_RETRIES: Final = Retries()
