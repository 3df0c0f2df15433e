"""The HTTP server of the api process: uvicorn, with a deadline for the head of a request, which it lacks."""

import asyncio
import contextlib
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


def _unreadable_head() -> bytes:
    problem = problem_of(RefusedError("The request cannot be read as HTTP/1.1."), "/")
    lines = [name + b": " + value for name, value in problem.headers]
    return b"\r\n".join((b"HTTP/1.1 400 Bad Request", *lines, b"connection: close", b"", problem.body))


UNREADABLE_HEAD: Final = _unreadable_head()


class CorkedTransport:
    """A transport that hands what was written in one turn of the loop to the kernel at once.

    uvicorn writes the head and the body of an answer one by one: two calls into the kernel and two packets,
    which cost as much as the rest of writing an answer.
    """

    __slots__ = ("_loop", "_transport", "_waiting")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

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

    def close(self) -> None:
        """Write what waits, then close."""
        self.flush()
        self._transport.close()


class DeadlineProtocol(HttpToolsProtocol):
    """One connection. A head that is not complete in time closes it, also one that never begins.

    The timer exists only while a head is incomplete after a read, so a usual request costs none.
    """

    header_seconds = 10.0

    _is_heading = True
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(CorkedTransport(transport, self.loop))  # type: ignore[arg-type]
        self._deadline = self.loop.call_later(self.header_seconds, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_heading:
            self._end_deadline()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.header_seconds, self.transport.close)

    def on_message_begin(self) -> None:
        self._is_heading = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_heading = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self.transport.write(UNREADABLE_HEAD)
        self.transport.close()

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


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
    protocol = type("Protocol", (DeadlineProtocol,), {"header_seconds": header_seconds})
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
