"""Parts of pages that stay true by themselves: the server looks again and again, and sends what changed.

A live part is a page of its own that a browser asks for as a stream of server-sent events; without that it
answers the part once. Each look is admitted anew, keeps no login alive, and holds no connection of the
database in between.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec
import structlog
from litestar import Response
from litestar.response import Stream
from litestar.response.sse import ServerSentEventMessage

from heliograph.domain.refusals import RefusedError
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.signed_in import EVENT_STREAM, SIGNED_OUT, is_admitted_still, me_of
from heliograph.telemetry import describe_error

SILENCE_SECONDS: Final = 15.0
"""After so long without a change a comment tells proxies that the stream lives."""
CALM_SECONDS: Final = 30.0
"""A part that did not change for so long is looked at slowly."""
ENDED: Final = "end"
"""The event after which a browser does not come back."""

log = structlog.get_logger()


class LivePart(msgspec.Struct, frozen=True):
    """What one look found."""

    answer: Response[str]
    is_last: bool = False
    """Whether it never changes again."""


async def live_part(
    request: PortalRequest,
    look: Callable[[], Awaitable[LivePart]],
    *,
    seconds: float,
    calm_seconds: float | None = None,
) -> Response[str] | Stream:
    """The part as it is now; as a stream to whoever asks for one, with a look every so many seconds.

    ``calm_seconds`` is between looks at a part that has not changed for a while.
    """
    if EVENT_STREAM not in request.headers.get("accept", ""):
        return (await look()).answer
    streams = context_of(request).live_streams
    streams.check_room(me_of(request).user_id)
    # Before the answer begins, so that what is not there, or not theirs, is answered as everywhere.
    first = await look()
    return Stream(
        _events(request, first, look, seconds, calm_seconds or seconds),
        media_type=EVENT_STREAM,
        headers={"x-accel-buffering": "no"},
    )


async def _events(
    request: PortalRequest,
    part: LivePart,
    look: Callable[[], Awaitable[LivePart]],
    seconds: float,
    calm_seconds: float,
) -> AsyncIterator[bytes]:
    streams, user_id = context_of(request).live_streams, me_of(request).user_id
    clock = asyncio.get_running_loop().time
    streams.open[user_id] += 1
    try:
        shown: str | None = None
        changed_at = spoken_at = clock()
        while True:
            if part.answer.content != shown:
                shown, changed_at, spoken_at = part.answer.content, clock(), clock()
                yield ServerSentEventMessage(shown).encode()
            elif clock() - spoken_at > SILENCE_SECONDS:
                spoken_at = clock()
                yield ServerSentEventMessage(None, comment="nothing new").encode()
            if part.is_last:
                yield ServerSentEventMessage("", event=ENDED).encode()
                return
            wait = seconds if clock() - changed_at < CALM_SECONDS else calm_seconds
            if await _stops_within(streams.stopping, wait):
                return
            if not await is_admitted_still(request):
                yield ServerSentEventMessage("", event=SIGNED_OUT).encode()
                return
            part = await look()
    except RefusedError:
        yield ServerSentEventMessage("", event=ENDED).encode()  # it is gone, or not theirs any more
    except Exception as failure:
        # The browser comes back by and by, and is told then what is wrong.
        log.warning("portal.stream_broken", error=describe_error(failure))
    finally:
        streams.open[user_id] -= 1
        if not streams.open[user_id]:
            del streams.open[user_id]


async def _stops_within(stopping: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await stopping.wait()
    except TimeoutError:
        return False
