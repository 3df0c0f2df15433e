"""One connection to a stranger's server: writes one request at a time and reads its answer."""

import asyncio
import math
import socket
import ssl
from collections.abc import Callable
from typing import Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from heliograph.domain.public_address import parse_address
from heliograph.domain.report_url import ReportUrl
from heliograph.outbound_http.addresses import AddressBook
from heliograph.outbound_http.answers import Answer, CallFailed, Failure, retry_after_seconds
from heliograph.outbound_http.outbound_limits import OutboundLimits

BODY_START = 512
OnDone = Callable[[Answer], None]


class Exchange:
    """One request on its way; times are monotonic seconds."""

    __slots__ = ("body", "deadline", "headers", "on_done", "started_at", "url")

    def __init__(self, url: ReportUrl, headers: bytes, body: bytes, on_done: OnDone) -> None:
        self.url = url
        self.headers = headers
        self.body = body
        self.on_done = on_done
        self.started_at = 0.0
        self.deadline = 0.0


class Owner(Protocol):
    """Whoever holds connections and is told what becomes of them."""

    def answered(
        self, connection: "Connection", exchange: Exchange, answer: Answer, *, keep: bool, now: float
    ) -> None:
        """The exchange ended; with ``keep`` the connection can take another."""

    def unanswered(self, connection: "Connection", exchange: Exchange) -> None:
        """A kept connection turned out to be closed: the request must go out once more, on a new one."""

    def lost(self, connection: "Connection") -> None:
        """The connection is gone. Comes after the two above."""


class Connection(asyncio.Protocol):
    """An HTTP/1.1 client connection that is its own parser's listener. Never pipelines."""

    __slots__ = (
        *("_body", "_chunks", "_complete", "_exchange", "_keep", "_limits", "_loop", "_monotonic", "_octets"),
        *("_owner", "_parser", "_rings_at", "_status", "_timer", "_transport"),
        *("idle_until", "is_lost", "opened_at", "served"),
    )

    def __init__(
        self,
        owner: Owner,
        *,
        limits: OutboundLimits,
        monotonic: Callable[[], float],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._owner = owner
        self._limits = limits
        self._monotonic = monotonic
        self._loop = loop
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = math.inf
        self._status = 0
        self._octets = 0
        self._complete = False
        self._keep = False
        self._chunks: list[bytes] = []
        self._body: list[bytes] = []
        self.served = 0
        self.opened_at = monotonic()
        self.idle_until = math.inf
        self.is_lost = False

    def send(self, exchange: Exchange, wire: bytes) -> None:
        """Write a request; its end comes through the owner. The connection must be free."""
        assert self._transport is not None
        self._exchange = exchange
        self._status = self._octets = 0
        self._complete = self._keep = False
        self._chunks.clear()
        if self._body:
            self._body.clear()
        if exchange.deadline < self._rings_at:
            self._arm(exchange.deadline)
        self._transport.write(wire)

    def rest(self, now: float) -> None:
        """Stay open without work for as long as the limits say."""
        self.idle_until = now + self._limits.idle
        if self.idle_until < self._rings_at:
            self._arm(self.idle_until)

    def abort(self) -> None:
        """Close at once; the owner hears of it through ``lost``."""
        if self._transport is not None:
            self._transport.abort()

    def stop(self) -> None:
        """Close at once and end the exchange, if any, as stopped."""
        self._fail(Failure.STOPPED, "This service was stopped.")
        self.abort()

    # Transport events

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:
            self.abort()  # nothing was asked
            return
        room = self._limits.answer_octets - self._octets
        self._octets += len(data)
        self._chunks.append(data)
        try:
            self._parser.feed_data(data if len(data) <= room else data[:room])
        except HttpParserUpgrade:
            self._fail(Failure.MALFORMED, "The receiver switched protocols without being asked.")
            return
        except HttpParserError:
            self._keep = False
            if not self._complete:
                self._end_early(Failure.MALFORMED, "The receiver's answer is not HTTP.")
                return
        if self._complete:
            self._end(keep=self._keep)
        elif len(data) > room:
            self._end_early(Failure.MALFORMED, "The head of the receiver's answer is too large.")

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        if self._timer is not None:
            self._timer.cancel()
        exchange = self._exchange
        if exchange is not None and not self._octets and self.served:
            self._exchange = None
            self._owner.unanswered(self, exchange)
        else:
            self._end_early(Failure.CLOSED, "The receiver closed the connection before it answered.")
        self._owner.lost(self)

    # Parser events

    def on_message_begin(self) -> None:
        if self._complete:
            self._keep = False  # more than one answer to one request: never trust this connection again

    def on_headers_complete(self) -> None:
        if not self._complete:
            self._status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        if not self._complete:
            self._body.append(data)

    def on_message_complete(self) -> None:
        if self._status >= 200 and not self._complete:
            self._complete = True
            self._keep = self._parser.should_keep_alive()

    # Ends

    def _end(self, *, keep: bool) -> None:
        """End the exchange with the status that came."""
        exchange = self._exchange
        assert exchange is not None
        self._exchange = None
        self.served += 1
        status = self._status
        now = self._monotonic()
        duration_ms = int((now - exchange.started_at) * 1000)
        if 200 <= status < 300:
            # The usual case by far: what came in the first piece is enough.
            body_start = self._body[0][:BODY_START] if self._body else b""
            answer = Answer(status, None, "", None, duration_ms, body_start)
        else:
            reason = "Redirects are not followed." if 300 <= status < 400 else ""
            retry_after = retry_after_seconds(b"".join(self._chunks))
            body_start = b"".join(self._body)[:BODY_START]
            answer = Answer(status, None, reason, retry_after, duration_ms, body_start)
        self._owner.answered(self, exchange, answer, keep=keep, now=now)

    def _end_early(self, failure: Failure, reason: str) -> None:
        """The answer did not come to its end: a final status that did come counts."""
        if self._status >= 200 and self._exchange is not None:
            self._end(keep=False)
        else:
            self._fail(failure, reason)

    def _fail(self, failure: Failure, reason: str) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            now = self._monotonic()
            duration_ms = int((now - exchange.started_at) * 1000)
            answer = Answer(None, failure, reason, None, duration_ms, b"")
            self._owner.answered(self, exchange, answer, keep=False, now=now)

    # The timer is not moved at every request: when it rings it looks what the deadline is by now.

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = at
        self._timer = self._loop.call_later(max(at - self._monotonic(), 0.001), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._rings_at = math.inf
        until = self.idle_until if self._exchange is None else self._exchange.deadline
        if self._monotonic() < until:
            self._arm(until)
        elif self._exchange is None:
            self.abort()
        else:
            self._end_early(Failure.TIMEOUT, "The receiver did not answer in time.")


async def open_connection(
    url: ReportUrl,
    make_connection: Callable[[], Connection],
    *,
    book: AddressBook,
    limits: OutboundLimits,
    tls: ssl.SSLContext,
) -> Connection:
    """Resolve, judge, connect to a judged address and to no other, and shake hands. Raises CallFailed."""
    addresses = await book.addresses_of(url, timeout=limits.resolve)
    stream = await connect_to_any(addresses, url.port, book=book, timeout=limits.connect)
    loop = asyncio.get_running_loop()
    try:
        if not url.is_tls:
            return (await loop.create_connection(make_connection, sock=stream))[1]
        _, connection = await loop.create_connection(
            make_connection,
            sock=stream,
            ssl=tls,
            server_hostname=url.host,
            ssl_handshake_timeout=limits.handshake,
        )
    except ssl.SSLCertVerificationError as error:
        reason = f"The receiver's certificate is not valid: {error.verify_message}."
        raise CallFailed(Failure.TLS, reason) from None
    except ssl.SSLError as error:
        raise CallFailed(Failure.TLS, f"The TLS handshake failed: {error.reason}.") from None
    except ConnectionAbortedError:
        raise CallFailed(Failure.TIMEOUT, "The TLS handshake took too long.") from None
    except OSError:
        raise CallFailed(Failure.CLOSED, "The receiver closed the connection in the handshake.") from None
    return connection


async def connect_to_any(
    addresses: list[str], port: int, *, book: AddressBook, timeout: float
) -> socket.socket:
    """The first address that takes a connection; all of them share the time."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + timeout
    failed = CallFailed(Failure.UNREACHABLE, "The receiver cannot be reached.")
    for index, address in enumerate(addresses):
        share = (ends_at - loop.time()) / (len(addresses) - index)
        try:
            async with asyncio.timeout(share):
                return await _connect_to(address, port, book=book)
        except TimeoutError:
            failed = CallFailed(Failure.TIMEOUT, "The receiver did not take the connection in time.")
        except ConnectionRefusedError:
            failed = CallFailed(Failure.UNREACHABLE, "The receiver refuses connections.")
        except OSError:
            failed = CallFailed(Failure.UNREACHABLE, "The receiver cannot be reached.")
    raise failed


async def _connect_to(address: str, port: int, *, book: AddressBook) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    stream = socket.socket(family, socket.SOCK_STREAM)
    try:
        stream.setblocking(False)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(stream, (address, port))
        peer = stream.getpeername()[0]
        if parse_address(peer) != parse_address(address) or book.refusal_of(peer) is not None:
            raise CallFailed(Failure.REFUSED, "The connection did not lead to the address that was checked.")
    except BaseException:
        stream.close()
        raise
    return stream
