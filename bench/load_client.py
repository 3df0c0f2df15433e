"""The load client: keep-alive connections that send prepared requests as fast as they are answered.

It reads no more of an answer than its status and its length, so that the machine's time goes to what is
measured.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast

TEXT: Final = "A text of forty-one characters, as in use"
"""41 characters of the GSM alphabet."""
SENDER: Final = "iP1"
FIRST_NUMBER: Final = 46_720_000_000
"""Swedish mobile numbers from here on; none of them has a fixed outcome at the simulated carrier."""

_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


class Target(NamedTuple):
    """Where requests go and what they ask for."""

    host: str
    port: int
    token: str
    report_url: str | None


class Load(NamedTuple):
    """What to send: ``requests`` of ``recipients`` each, to numbers from ``first`` on.

    ``pace`` is requests a second, spaced evenly; 0: as fast as they are answered.
    """

    requests: int
    recipients: int
    first: int = 0
    connections: int = 50
    pace: float = 0.0


class Answers(NamedTuple):
    """What came back. Times in seconds, ``began`` and ``ended`` by the monotonic clock."""

    statuses: dict[int, int]
    """How many answers had each status; 0 counts connections that ended too early."""
    sent_at: list[float]
    """By request."""
    latencies: list[float]
    """By request."""
    began: float
    ended: float


def number_of(place: int) -> str:
    """The ``place``-th recipient."""
    return str(FIRST_NUMBER + place)


def request_bytes(target: Target, recipients: Sequence[str]) -> bytes:
    """One whole POST /v2/batches."""
    report = f'"deliveryReportUrl":"{target.report_url}",' if target.report_url else ""
    numbers = '","'.join(recipients)
    body = (
        f'{{"sender":"{SENDER}","recipients":["{numbers}"],"body":"{TEXT}",{report}"datacoding":"gsm"}}'
    ).encode()
    return (
        f"POST /v2/batches HTTP/1.1\r\nhost: {target.host}:{target.port}\r\n"
        f"authorization: Bearer {target.token}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body


def prepared(target: Target, load: Load) -> list[bytes]:
    """Every request of a load, each to numbers of its own."""
    places = range(load.first, load.first + load.requests * load.recipients, load.recipients)
    return [request_bytes(target, [number_of(place + n) for n in range(load.recipients)]) for place in places]


class _Run:
    """A load under way."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self.requests = requests
        self.following = iter(range(len(requests)))
        self.missing = len(requests)
        self.statuses: Counter[int] = Counter()
        self.sent_at = [0.0] * len(requests)
        self.latencies = [0.0] * len(requests)
        self.done = asyncio.Event()

    def took(self, place: int, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.latencies[place] = seconds
        self.missing -= 1
        if not self.missing:
            self.done.set()

    def lost_connection(self) -> None:
        if self.missing:
            self.statuses[0] += 1
            self.done.set()


class ClientConnection(asyncio.Protocol):
    """One connection, with one request at a time; the next one follows the answer, unless ``idle`` is given.

    With ``idle`` it adds itself there after each answer, and somebody else sends.
    """

    def __init__(self, run: _Run, idle: list["ClientConnection"] | None) -> None:
        self._run = run
        self._idle = idle
        self._buffer = b""
        self._place = 0
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, place: int) -> None:
        """Send a request of the load."""
        self._place = place
        self._sent_at = self._run.sent_at[place] = time.monotonic()
        self._transport.write(self._run.requests[place])

    def send_next(self) -> None:
        """Send the next request, if one is left."""
        place = next(self._run.following, None)
        if place is not None:
            self.send(place)

    def close(self) -> None:
        """Leave."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        end = buffer.find(_END_OF_HEAD)
        if end < 0 or len(buffer) < end + 4 + _content_length(buffer, end):
            self._buffer = buffer
            return
        self._buffer = b""
        self._run.took(self._place, int(buffer[9:12]), time.monotonic() - self._sent_at)
        if self._idle is None:
            self.send_next()
        else:
            self._idle.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.lost_connection()


def _content_length(buffer: bytes, end: int) -> int:
    start = buffer.find(_LENGTH, 0, end)
    if start < 0:
        start = buffer[:end].lower().index(_LENGTH)
    start += len(_LENGTH)
    return int(buffer[start : buffer.index(b"\r", start)])


class LoadClient:
    """``prepare`` a load, then ``run`` it."""

    def __init__(self) -> None:
        self._load = Load(0, 0)
        self._host, self._port = "", 0
        self._requests: list[bytes] = []

    def prepare(self, target: Target, load: Load) -> None:
        """Build every request, before anything is measured."""
        self._load = load
        self._host, self._port = target.host, target.port
        self._requests = prepared(target, load)

    async def run(self) -> Answers:
        """Send them all; returns with the last answer."""
        load = self._load
        run = _Run(self._requests)
        idle: list[ClientConnection] | None = [] if load.pace else None
        connections = await self._connect(run, idle)
        began = time.monotonic()
        if idle is None:
            for connection in connections:
                connection.send_next()
        else:
            idle += connections
            await _send_paced(run, load.pace, idle)
        await run.done.wait()
        ended = time.monotonic()
        for connection in connections:
            connection.close()
        return Answers(dict(run.statuses), run.sent_at, run.latencies, began, ended)

    async def _connect(self, run: _Run, idle: list[ClientConnection] | None) -> list[ClientConnection]:
        loop = asyncio.get_running_loop()
        return [
            (await loop.create_connection(lambda: ClientConnection(run, idle), self._host, self._port))[1]
            for _ in range(min(self._load.connections, self._load.requests))
        ]


async def _send_paced(run: _Run, pace: float, idle: list[ClientConnection]) -> None:
    """Send requests evenly spaced over whichever connections are idle."""
    began = time.monotonic()
    for place in run.following:
        await asyncio.sleep(max(0.0, began + place / pace - time.monotonic()))
        while not idle and run.missing:
            await asyncio.sleep(0.0005)
        if not idle:
            return
        idle.pop().send(place)


async def set_up() -> dict[str, Any]:
    """The load client as a tool."""
    client = LoadClient()
    return {"prepare": client.prepare, "run": client.run}
