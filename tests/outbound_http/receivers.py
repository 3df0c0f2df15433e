"""Receivers on real loopback sockets: each runs a script for every connection it gets."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


class Visit:
    """One connection as the receiver sees it."""

    def __init__(
        self, receiver: "Receiver", number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.receiver = receiver
        self.number = number
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The next whole request; IncompleteReadError when the client has closed."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        request = head + await self.reader.readexactly(length)
        self.receiver.requests.append(request)
        return request

    async def send(self, data: bytes) -> None:
        """Write and wait until the system took it."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        stream = self.writer.get_extra_info("socket")
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def closed(self) -> None:
        """Wait until the client has closed."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass


Script = Callable[[Visit], Awaitable[None]]


class Receiver:
    """A running receiver: what it was sent, and by how many connections."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.requests: list[bytes] = []

    def url(self, path: str = "/reports", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Its URL."""
        return f"{scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def running(script: Script, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver that runs ``script`` for each connection and then closes it."""
    receiver = Receiver()
    visits: set[asyncio.Task[None]] = set()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visits.add(task)
        receiver.connections += 1
        try:
            await script(Visit(receiver, receiver.connections, reader, writer))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            visits.discard(task)
            writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in visits:
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)


def answering(answer: bytes, *, one_by_one: bool = False) -> Script:
    """Gives every request the same answer, whole or octet by octet, and keeps the connection."""

    async def script(visit: Visit) -> None:
        while True:
            await visit.request()
            for octet in answer if one_by_one else ():
                await visit.send(bytes((octet,)))
                await asyncio.sleep(0)
            if not one_by_one:
                await visit.send(answer)

    return script


def answering_once(answer: bytes) -> Script:
    """Answers one request and closes."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer)

    return script


async def hanging(visit: Visit) -> None:
    """Takes the request and says nothing."""
    await visit.request()
    await visit.closed()
