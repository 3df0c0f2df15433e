"""The HTTP server of the api process: uvicorn, with bounds for the head of a request, which it lacks."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator, Sequence
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from heliograph.domain.refusals import RefusedError
from heliograph.faces.api.problems import problem_of

KEEP_ALIVE_SECONDS: Final = 75
BACKLOG: Final = 2_048
STOP_SECONDS: Final = 35
"""For requests under way at a stop: a little more than a request may take."""
MAX_HEAD_BYTES: Final = 65_536
"""Of a head that does not come in one read, which has at most 256 KiB."""
LINGER_SECONDS: Final = 5.0
"""How long the rest of a refused body is read, so that its sender gets to reading the answer."""
REST_SECONDS: Final = 30.0
"""How long the rest of a request may come whose answer is out, where the connection could be kept."""


def _refused_head(sentence: str) -> bytes:
    problem = problem_of(RefusedError(sentence), "/")
    lines = [name + b": " + value for name, value in problem.headers]
    return b"\r\n".join((b"HTTP/1.1 400 Bad Request", *lines, b"connection: close", b"", problem.body))


UNREADABLE_HEAD: Final = _refused_head("The request cannot be read as HTTP/1.1.")
LARGE_HEAD: Final = _refused_head(f"The head of a request may have {MAX_HEAD_BYTES} bytes at most.")


class CorkedTransport:
    """A transport that hands what was written in one turn of the loop to the kernel at once.

    uvicorn writes the head and the body of an answer one by one: two calls into the kernel and two packets,
    which cost as much as the rest of writing an answer.
    """

    __slots__ = ("_is_lingering", "_loop", "_protocol", "_transport", "_waiting")

    def __init__(self, transport: asyncio.Transport, protocol: "BoundedHeadProtocol") -> None:
        self._transport = transport
        self._protocol = protocol
        self._loop = protocol.loop
        self._waiting: list[bytes] = []
        self._is_lingering = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write at the end of this turn, in order."""
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(data)

    def flush(self) -> None:
        """Write what waits now."""
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()

    def is_closing(self) -> bool:
        """Whether nothing more is to be written."""
        return self._is_lingering or self._transport.is_closing()

    def close(self) -> None:
        """Write what waits, then close; an answer to a request that still comes is not torn away with it.

        A socket closed with unread bytes resets the connection, and the sender never reads the answer.
        """
        self.flush()
        if self._is_lingering or self._transport.is_closing() or not self._protocol.is_answered_early:
            self._transport.close()
            return
        self._is_lingering = True
        self._transport.set_protocol(_Lingering(self._protocol, self._transport))
        self._transport.write_eof()
        self._transport.resume_reading()


class _Lingering(asyncio.Protocol):
    """A connection whose answer is written: what still comes is read and forgotten, for a while."""

    def __init__(self, before: "BoundedHeadProtocol", transport: asyncio.Transport) -> None:
        self._before = before
        self._end = before.loop.call_later(LINGER_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end.cancel()
        self._before.connection_lost(exc)

    def pause_writing(self) -> None:
        self._before.pause_writing()

    def resume_writing(self) -> None:
        self._before.resume_writing()


class BoundedHeadProtocol(HttpToolsProtocol):
    """One connection. A head that is not complete in time, or too large, closes it.

    The timer exists only while a head is incomplete after a read, so a usual request costs none.
    """

    header_seconds = 10.0

    _is_heading = True
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    _is_receiving = False
    _rest_deadline: asyncio.TimerHandle | None = None

    @property
    def is_answered_early(self) -> bool:
        """Whether the last answer, after which the connection ends, came before the whole request."""
        cycle = self.cycle
        return cycle is not None and cycle.response_complete and cycle.more_body and not cycle.keep_alive

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(CorkedTransport(transport, self))  # type: ignore[arg-type]
        self._deadline = self.loop.call_later(self.header_seconds, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        self._end_rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_heading:
            self._end_deadline()
            if self._is_receiving and self._rest_deadline is None and self.cycle.response_complete:
                self._rest_deadline = self.loop.call_later(REST_SECONDS, self.transport.close)
        elif not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(LARGE_HEAD)
            elif self._deadline is None:
                self._deadline = self.loop.call_later(self.header_seconds, self.transport.close)

    def on_message_begin(self) -> None:
        self._is_heading = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_heading = False
        super().on_headers_complete()
        self._is_receiving = True

    def on_message_complete(self) -> None:
        self._is_receiving = False
        self._end_rest()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(UNREADABLE_HEAD)

    def _refuse(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
            self._head_bytes = 0

    def _end_rest(self) -> None:
        if self._rest_deadline is not None:
            self._rest_deadline.cancel()
            self._rest_deadline = None


class _Server(uvicorn.Server):
    """A server that leaves signals to the process it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_http(
    app: Any, listening: socket.socket, *, stop: asyncio.Event, header_seconds: float, proxies: Sequence[str]
) -> None:
    """Serve until ``stop`` is set, then finish what is under way.

    ``proxies`` are the addresses or networks whose word about the client's address is believed.
    """
    # What strangers send that is no HTTP is answered and no news: they would fill the log with it.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    # Addresses may hold what nobody but whoever asks should read, whoever listens to this log.
    logging.getLogger("uvicorn.access").disabled = True
    protocol = type("Protocol", (BoundedHeadProtocol,), {"header_seconds": header_seconds})
    server = _Server(
        uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
            backlog=BACKLOG,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
        )
    )

    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = asyncio.create_task(end())
    try:
        await server.serve([listening])
    finally:
        ending.cancel()
