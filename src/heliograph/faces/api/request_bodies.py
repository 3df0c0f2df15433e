"""Reading the body of a request within bounds: what it says it is, how large, how slow, how many at once."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from typing import Any, Final

import msgspec

from heliograph.domain.refusals import InvalidRequest, Refusal, TooLarge, Unavailable, UnsupportedMediaType
from heliograph.faces.api.problems import RequestTimeout

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

NOT_JSON: Final = "The body must be JSON: Content-Type: application/json."
NOT_UTF8: Final = "The body must be UTF-8: leave the charset out or write charset=utf-8."
ENCODED: Final = "The body must not be compressed: Content-Encoding is not supported."
BAD_LENGTH: Final = "Content-Length must be a number."
TOO_SLOW: Final = "The body did not arrive in time."
TOO_MANY_BODIES: Final = (
    "Too many large requests are being read. Nothing was accepted; try again in a moment."
)


class BodyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of what is read.

    A body must arrive within ``seconds``; its bytes give it more time, at ``slowest_bytes_per_second``.
    """

    max_bytes: int = 32 * 1024 * 1024
    seconds: float = 30.0
    slowest_bytes_per_second: int = 262_144
    max_bytes_at_once: int = 128 * 1024 * 1024
    """Of all bodies of the process together."""


class Disconnected(Exception):
    """The caller went away before its request was complete; nobody waits for an answer."""


def check_media_type(content_type: bytes | None, content_encoding: bytes | None) -> None:
    """Refuse a body that says it is something else than plain JSON; one that says nothing is taken for it.

    Raises UnsupportedMediaType.
    """
    if content_encoding and content_encoding.strip().lower() not in (b"identity", b""):
        raise UnsupportedMediaType(ENCODED)
    if not content_type or content_type == b"application/json":
        return
    media_type, _, parameters = content_type.decode("latin-1").lower().partition(";")
    kind, _, subtype = media_type.strip().partition("/")
    is_json = (kind in ("application", "text") and subtype == "json") or (kind and subtype.endswith("+json"))
    if media_type.strip() and not is_json:
        raise UnsupportedMediaType(NOT_JSON)
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8"):
            raise UnsupportedMediaType(NOT_UTF8)


class BodyReader:
    """Reads bodies for one process and knows how many bytes it holds."""

    def __init__(self, limits: BodyLimits | None = None) -> None:
        self._limits = limits or BodyLimits()
        self._held = 0

    async def read(self, receive: Receive, content_length: bytes | None) -> bytes:
        """The whole body.

        Raises TooLarge, RequestTimeout, Unavailable when too much is being read already, InvalidRequest for
        a length that is no number, and Disconnected.
        """
        if content_length is not None:
            self._check_length(content_length)
        # A small body came with the headers: then nothing is waited for, and a timer would cost more than
        # the reading itself.
        first = _Started(receive())
        if first.is_done:
            body, has_more = _content(first.value)
            if not has_more:
                return self._checked(body)
        try:
            async with asyncio.timeout(self._limits.seconds) as deadline:
                if not first.is_done:
                    body, has_more = _content(await first)
                return await self._read_rest(receive, body, deadline) if has_more else self._checked(body)
        except TimeoutError:
            raise RequestTimeout(TOO_SLOW) from None

    def _check_length(self, content_length: bytes) -> None:
        if not content_length.isdigit() or len(content_length) > 15:
            raise InvalidRequest([Refusal("Content-Length", "not_a_number", BAD_LENGTH)], BAD_LENGTH)
        self._refuse_beyond_limit(int(content_length))

    def _checked(self, body: bytes) -> bytes:
        self._refuse_beyond_limit(len(body))
        return body

    def _refuse_beyond_limit(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise TooLarge(f"The body may have {self._limits.max_bytes} bytes at most.")

    async def _read_rest(self, receive: Receive, first: bytes, deadline: asyncio.Timeout) -> bytes:
        body, size = bytearray(first), len(first)
        self._held += size
        began = deadline.when() or 0.0
        try:
            self._refuse_beyond_limit(size)
            while True:
                chunk, has_more = _content(await receive())
                body += chunk
                size += len(chunk)
                self._held += len(chunk)
                self._refuse_beyond_limit(size)
                if not has_more:
                    return bytes(body)
                if self._held > self._limits.max_bytes_at_once:
                    raise Unavailable(TOO_MANY_BODIES, 1.0)
                deadline.reschedule(began + size / self._limits.slowest_bytes_per_second)
        finally:
            self._held -= size


def _content(message: Message) -> tuple[bytes, bool]:
    """The bytes of a message and whether more follow. Raises Disconnected."""
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)


class _Started:
    """An awaitable run up to where it first waits; await it for the rest, unless it is done."""

    __slots__ = ("_awaited", "_steps", "is_done", "value")

    def __init__(self, awaitable: Awaitable[Message]) -> None:
        self._steps = awaitable.__await__()
        self.is_done = False
        self.value: Message = {}
        try:
            self._awaited = next(self._steps)
        except StopIteration as done:
            self.value = done.value
            self.is_done = True

    def __await__(self) -> Generator[Any, Any, Message]:
        try:
            yield self._awaited
        except BaseException:
            self._steps.close()
            raise
        return (yield from self._steps)
