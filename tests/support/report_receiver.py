"""A customer's server that receives delivery reports: real HTTP on loopback, scripted answers."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, NamedTuple, Self


class Received(NamedTuple):
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def report(self) -> dict[str, Any]:
        """The JSON in it."""
        found: dict[str, Any] = json.loads(self.body)
        return found


def take(received: Received) -> int:
    """Answer every report with 200."""
    return 200


class ReportReceiver:
    """Answers each request with the status that ``decide`` gives; 0 hangs up without an answer."""

    def __init__(self, decide: Callable[[Received], int] = take, says: bytes = b"") -> None:
        self.says = says
        self.decide = decide
        self.received: list[Received] = []
        self.arrived = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *failure: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await asyncio.sleep(0)

    @property
    def url(self) -> str:
        """Where to send reports."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/reports"

    async def wait_for(self, count: int, seconds: float = 60.0) -> list[Received]:
        """The requests so far, once there are at least ``count``."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.received

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        request, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        received = Received(request.split(" ")[1], headers, body)
        self.received.append(received)
        status = self.decide(received)
        self.arrived.set()
        if not status:
            return False
        head = f"HTTP/1.1 {status} Scripted\r\nContent-Length: {len(self.says)}\r\n\r\n"
        writer.write(head.encode() + self.says)
        await writer.drain()
        return True
