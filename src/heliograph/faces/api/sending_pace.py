"""Rate limits of sending, and how answers speak of them: RateLimit and RateLimit-Policy.

The header fields follow the IETF draft "RateLimit header fields for HTTP", revision 10: a policy's quota
``q`` is the burst, ``w`` the seconds in which it comes back; ``r`` is what is left of it, ``t`` the seconds
until it is whole again. The unit of all of them, ``qu``, is a recipient.
"""

import math
from collections.abc import Sequence

from heliograph.domain.batch import RawBatch
from heliograph.domain.rate_limit import LimitState, RateLimit, RateLimiter
from heliograph.domain.refusals import TooManyRequests
from heliograph.faces.api.auth import Caller

Headers = Sequence[tuple[bytes, bytes]]


class TooFast(TooManyRequests):
    """More recipients than a rate limit lets pass now; the answer has ``headers`` that say so."""

    def __init__(self, sentence: str, retry_after: float, headers: Headers) -> None:
        super().__init__(sentence, retry_after)
        self.headers = headers


class SendingPace:
    """Judges sends by the rate limits of key and account."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter

    def check(self, caller: Caller, raw: RawBatch) -> Headers:
        """Count a send and answer the headers that tell of it. Raises TooFast."""
        limits: list[tuple[str, object, RateLimit]] = []
        if caller.rights is not None and caller.rights.rate is not None:
            limits.append(("key", caller.key_id, caller.rights.rate))
        if caller.account.rate is not None:
            limits.append(("account", caller.account.account_id, caller.account.rate))
        judgement = self._limiter.judge(limits, recipient_count(raw))
        headers = rate_headers(judgement.states)
        if judgement.wait:
            raise TooFast(_sentence(judgement.states), judgement.wait, headers)
        return headers


def recipient_count(raw: RawBatch) -> int:
    """How many recipients a request names, repeated ones included; what names none counts as one."""
    recipients = raw.recipients
    if isinstance(recipients, dict):
        return max(1, len(recipients) - ("default" in recipients))
    return max(1, len(recipients)) if isinstance(recipients, list) else 1


def rate_headers(states: Sequence[LimitState]) -> Headers:
    """What an answer says of the limits that apply."""
    policies = ", ".join(
        f'"{one.name}";q={one.limit.burst};w={_window(one.limit)};qu="recipients"' for one in states
    )
    left = ", ".join(f'"{one.name}";r={one.left};t={math.ceil(one.full_in)}' for one in states)
    return ((b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode()))


def _window(limit: RateLimit) -> int:
    return max(1, math.ceil(limit.burst / limit.per_second))


def _sentence(states: Sequence[LimitState]) -> str:
    limits = " and ".join(
        f"this {one.name} {one.limit.per_second:g} recipients a second, {one.limit.burst} at once"
        for one in states
    )
    return f"Too many recipients in a short time: {limits}. Nothing was accepted; try again later."
