"""CPU of one report POST over loopback: our client against aiohttp. Run: python -m bench.outbound_post.

Aim: at most 25 us of CPU in the client's process for each POST with 4 connections, 19 with more.
"""

import asyncio
import multiprocessing
import resource
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection as Pipe
from typing import cast

import aiohttp
import uvloop

from heliograph.domain.report_url import ReportUrl, parse_report_url
from heliograph.domain.webhook_event import ReportEvent, event_id, report_body, webhook_headers
from heliograph.outbound_http import Answer, OutboundHttp

REQUESTS = 20_000
SECRETS = (b"0123456789abcdef0123456789abcdef",)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: sink\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nOK"
)


class Sink(asyncio.Protocol):
    """Answers every request of known length; no more of HTTP than the two clients need."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            start = buffer.lower().index(b"content-length:") + 15
            size = end + 4 + int(buffer[start : buffer.index(b"\r", start)])
            if len(buffer) < size:
                break
            buffer = buffer[size:]
            self._transport.write(ANSWER)
        self._buffer = buffer


def run_sink(pipe: Pipe) -> None:
    """Serve until the parent closes the pipe."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Sink, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        closed = asyncio.Event()
        loop.add_reader(pipe.fileno(), closed.set)
        await closed.wait()

    uvloop.run(serve())


def cpu_seconds() -> float:
    """User and system time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def event_of(number: int) -> ReportEvent:
    """A report like the product's."""
    message_id = f"{number:024x}"
    return ReportEvent(
        event_id=event_id(message_id, 4, 201),
        message_id=message_id,
        batch_id=f"{number:024x}",
        recipient="46701740605",
        code=201,
        duration=1,
        created_ms=1_790_000_000_000 + number,
        segments=1,
        price_micros=350_000,
        currency="SEK",
        reference="summer sale",
    )


def signed(number: int) -> tuple[bytes, bytes]:
    """Header lines and body of one report."""
    event = event_of(number)
    body = report_body(event)
    return webhook_headers(SECRETS, event.event_id, 1_790_000_000, body), body


class CallbackRun:
    """Keeps a number of requests on their way through ``submit``."""

    def __init__(self, url: ReportUrl, *, accounts: int, sign: bool) -> None:
        self._url = url
        self._accounts = accounts
        self._sign = sign
        self._ready = signed(1)
        self._sent = 0
        self._answered = 0
        self._done = asyncio.Event()

    async def run(self) -> None:
        self._client = OutboundHttp(loopback_allowed=True)
        for _ in range(4 * self._accounts):
            self._submit()
        await self._done.wait()
        await self._client.aclose()

    def _submit(self) -> None:
        self._sent += 1
        headers, body = signed(self._sent) if self._sign else self._ready
        account_id = self._sent % self._accounts
        self._client.submit(self._url, headers, body, account_id=account_id, on_done=self._on_done)

    def _on_done(self, answer: Answer) -> None:
        assert answer.status == 200, answer
        self._answered += 1
        if self._sent < REQUESTS:
            self._submit()
        elif self._answered == REQUESTS:
            self._done.set()


async def by_callback(url: ReportUrl, accounts: int) -> None:
    await CallbackRun(url, accounts=accounts, sign=False).run()


async def by_callback_signed(url: ReportUrl, accounts: int) -> None:
    await CallbackRun(url, accounts=accounts, sign=True).run()


async def by_post(url: ReportUrl, accounts: int) -> None:
    client = OutboundHttp(loopback_allowed=True)
    headers, body = signed(1)

    async def lane(account_id: int) -> None:
        for _ in range(REQUESTS // (4 * accounts)):
            answer = await client.post(url, headers, body, account_id=account_id)
            assert answer.status == 200, answer

    await asyncio.gather(*(lane(number % accounts) for number in range(4 * accounts)))
    await client.aclose()


async def by_aiohttp(url: ReportUrl, accounts: int) -> None:
    _, body = signed(1)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": "a" * 24,
        "webhook-timestamp": "1790000000",
        "webhook-signature": "v1," + "b" * 44,
    }
    address = f"http://127.0.0.1:{url.port}/reports"
    connector = aiohttp.TCPConnector(limit=4 * accounts)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def lane() -> None:
            for _ in range(REQUESTS // (4 * accounts)):
                async with session.post(address, data=body, headers=headers, allow_redirects=False) as answer:
                    await answer.read()
                    assert answer.status == 200

        await asyncio.gather(*(lane() for _ in range(4 * accounts)))


async def by_bare_protocol(url: ReportUrl, accounts: int) -> None:
    """The floor: write and read octets, nothing else."""
    loop = asyncio.get_running_loop()
    headers, body = signed(1)
    wire = b"POST /reports HTTP/1.1\r\nContent-Length: %d\r\n%b\r\n%b" % (len(body), headers, body)
    done = asyncio.Event()
    state = [0]

    class Bare(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.Transport, transport)
            self.transport.write(wire)

        def data_received(self, data: bytes) -> None:
            state[0] += 1
            if state[0] < REQUESTS:
                self.transport.write(wire)
            else:
                done.set()

    transports = [(await loop.create_connection(Bare, "127.0.0.1", url.port))[0] for _ in range(4 * accounts)]
    await done.wait()
    for transport in transports:
        transport.close()


def measure(
    name: str, run: Callable[[ReportUrl, int], Awaitable[None]], url: ReportUrl, accounts: int
) -> None:
    """Best of three: the machine is shared, and noise only ever adds."""
    best = min(timed(run, url, accounts) for _ in range(3))
    cpu, wall = (1e6 * seconds / REQUESTS for seconds in best)
    print(f"{name:24} {4 * accounts:4} connections  {cpu:7.1f} us CPU  {wall:7.1f} us wall", flush=True)


def timed(
    run: Callable[[ReportUrl, int], Awaitable[None]], url: ReportUrl, accounts: int
) -> tuple[float, float]:
    """CPU and wall seconds of one run under uvloop."""

    async def main() -> tuple[float, float]:
        before, began = cpu_seconds(), time.perf_counter()
        await run(url, accounts)
        return cpu_seconds() - before, time.perf_counter() - began

    return uvloop.run(main())


def main() -> None:
    """Print the table."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    sink = context.Process(target=run_sink, args=(theirs,), daemon=True)
    sink.start()
    url = parse_report_url(
        f"http://127.0.0.1:{ours.recv()}/reports", http_allowed=True, loopback_allowed=True
    )
    assert isinstance(url, ReportUrl)
    runs = (
        ("bare protocol", by_bare_protocol),
        ("submit", by_callback),
        ("submit, built and signed", by_callback_signed),
        ("post", by_post),
        ("aiohttp", by_aiohttp),
    )
    for accounts in (1, 8):
        for name, run in runs:
            measure(name, run, url, accounts)
    sink.terminate()
    sink.join()


if __name__ == "__main__":
    main()
