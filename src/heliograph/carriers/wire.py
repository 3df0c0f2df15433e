"""Bytes to and from a carrier over one TCP or TLS connection, counting what the kernel took.

A PDU whose last byte the kernel never took cannot have reached the carrier, so after a lost link its
segment is not in doubt. Over TLS that cannot be told: every byte counts as taken there.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final, Protocol, cast

_READ_SIZE: Final = 1 << 18
MOST_UNWRITTEN: Final = 4 << 20
"""Bytes that may wait for a peer who does not read; beyond it the link is given up."""


class WireOwner(Protocol):
    """Who is told what happens on a wire."""

    def data_received(self, data: bytes) -> None:
        """The peer sent bytes."""

    def wire_lost(self, reason: str) -> None:
        """The connection is gone; called once, never from within ``write`` or ``close``."""

    def may_write(self) -> bool:
        """Asked before bytes that had to wait are written: False gives the link up instead."""


class Wire(Protocol):
    """One connection."""

    handed_over: int
    """How many bytes the kernel took so far."""
    taken_in: int
    """How many bytes ``write`` was given so far."""

    def write(self, data: bytes) -> None:
        """Write bytes now or as soon as the peer reads."""

    def close(self) -> None:
        """End the connection at once; what was not handed over never will be."""


class PlainWire:
    """A TCP connection, written to directly: the event loop's own transports do not count exactly."""

    def __init__(self, sock: socket.socket, owner: WireOwner) -> None:
        self.handed_over = self.taken_in = 0
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._owner = owner
        self._waiting = bytearray()
        self._closed = False
        self._loop.add_reader(sock.fileno(), self._read)

    def write(self, data: bytes) -> None:
        if self._closed:
            return
        self.taken_in += len(data)
        if not self._waiting:
            sent = self._send(data)
            if sent == len(data) or self._closed:
                return
            data = data[sent:]
            self._loop.add_writer(self._sock.fileno(), self._write_waiting)
        self._waiting += data
        if len(self._waiting) > MOST_UNWRITTEN:
            self._lose("the peer does not read")

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
            self._sock.close()

    def _send(self, data: bytes | bytearray) -> int:
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._lose(_reason(error))
            return 0
        self.handed_over += sent
        return sent

    def _write_waiting(self) -> None:
        if not self._owner.may_write():
            self._lose("the lease is over")
            return
        del self._waiting[: self._send(self._waiting)]
        if not self._waiting and not self._closed:
            self._loop.remove_writer(self._sock.fileno())

    def _read(self) -> None:
        try:
            data = self._sock.recv(_READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(_reason(error))
            return
        if data:
            self._owner.data_received(data)
        else:
            self._lose("closed by the peer")

    def _lose(self, reason: str) -> None:
        if not self._closed:
            self.close()
            self._loop.call_soon(self._owner.wire_lost, reason)


class TlsWire(asyncio.Protocol):
    """A TLS connection. Bytes given to it count as handed over: they may be in doubt, never sent twice."""

    def __init__(self, owner: WireOwner) -> None:
        self.handed_over = self.taken_in = 0
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._closed = False

    def write(self, data: bytes) -> None:
        if self._transport is None or self._closed:
            return
        self.taken_in += len(data)
        self.handed_over = self.taken_in
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MOST_UNWRITTEN:
            self._transport.abort()

    def close(self) -> None:
        if self._transport is not None and not self._closed:
            self._closed = True
            # A plain close still writes what waits, the last answers and the unbind.
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self._closed:
            self._owner.data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._closed:
            self._closed = True
            self._owner.wire_lost(_reason(error) if error else "closed by the peer")


def _reason(error: Exception) -> str:
    return type(error).__name__


async def open_wire(
    host: str,
    port: int,
    owner: Callable[[], WireOwner],
    *,
    tls: ssl.SSLContext | None,
    connect_seconds: float,
) -> Wire:
    """Connect within ``connect_seconds``; over TLS the certificate must be for ``host``.

    ``owner`` is asked for once the connection stands. Raises OSError (ssl.SSLError is one) or TimeoutError.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(connect_seconds):
        sock = await _connected_socket(host, port)
        if tls is not None:
            # The loop would connect by itself, but melts what several addresses say into a nameless OSError.
            _, wire = await loop.create_connection(
                lambda: TlsWire(owner()), sock=sock, ssl=tls, server_hostname=host
            )
            return wire
    return PlainWire(sock, owner())


async def _connected_socket(host: str, port: int) -> socket.socket:
    """A connected socket to the first address that answers."""
    loop = asyncio.get_running_loop()
    failure: OSError = OSError("the host has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise failure
