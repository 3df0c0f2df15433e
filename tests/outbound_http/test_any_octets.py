"""Whatever a receiver sends, in whatever pieces, each request ends exactly once and nothing raises."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.outbound_http import Answer, Failure, OutboundLimits
from heliograph.outbound_http.connection import Connection, Exchange
from tests.outbound_http.clients import BODY, HEADERS, Clients, url_of
from tests.outbound_http.receivers import OK, Visit, running

PIECES = st.sampled_from(
    [
        *(
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.0 500 X\r\n",
            b"HTTP/1.1 101 X\r\n",
        ),
        *(b"Content-Length: 3\r\n", b"Content-Length: 0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"),
        *(b"Connection: close\r\n", b"Upgrade: x\r\nConnection: upgrade\r\n", b"\r\n", b"\r\n\r\n", b"abc"),
        *(b"0\r\n\r\n", b"3\r\nabc\r\n", b"Retry-After: 1\r\n", b"\x00", b"\xff" * 9, b"x" * 9000),
    ]
)
STREAMS = st.lists(PIECES | st.binary(max_size=20), max_size=12).map(b"".join)


class Recorder(asyncio.Transport):
    """Stands for the network: takes what is written, tells of an abort when asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_aborted = False

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        assert not self.is_aborted

    def abort(self) -> None:
        self.is_aborted = True


class Witness:
    """Owns one connection and counts the ends of its exchanges."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = Recorder()
        limits = OutboundLimits()
        self.connection = Connection(self, limits=limits, monotonic=loop.time, loop=loop)
        self.connection.connection_made(self.transport)
        self.answers: list[Answer] = []
        self.keeps = False
        self.repeats = 0
        self.losses = 0

    def answered(
        self, connection: Connection, exchange: Exchange, answer: Answer, *, keep: bool, now: float
    ) -> None:
        self.answers.append(answer)
        self.keeps = keep
        if not keep:
            connection.abort()

    def unanswered(self, connection: Connection, exchange: Exchange) -> None:
        self.repeats += 1

    def lost(self, connection: Connection) -> None:
        self.losses += 1

    def send(self) -> None:
        exchange = Exchange(url_of("http://127.0.0.1:8080/"), HEADERS, BODY, lambda _: None)
        exchange.deadline = 1e12
        self.connection.send(exchange, b"request")


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Only holds timers; never runs."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def feed(witness: Witness, stream: bytes, cuts: list[int]) -> None:
    start = 0
    for end in [*sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]:
        if end > start and not witness.transport.is_aborted:
            witness.connection.data_received(stream[start:end])
        start = max(start, end)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=STREAMS, cuts=st.lists(st.integers(0, 40_000), max_size=20), again=st.booleans())
def test_each_exchange_ends_once(
    loop: asyncio.AbstractEventLoop, stream: bytes, cuts: list[int], again: bool
) -> None:
    witness = Witness(loop)
    witness.send()
    feed(witness, stream, cuts)
    sent = 1
    if again and witness.keeps and not witness.transport.is_aborted:
        witness.send()
        sent += 1
        feed(witness, stream, cuts)
    witness.connection.connection_lost(None)
    assert len(witness.answers) + witness.repeats == sent
    assert witness.losses == 1
    for answer in witness.answers:
        assert (answer.status is None) != (answer.failure is None)
        assert answer.status is None or 200 <= answer.status <= 999


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=STREAMS, cuts=st.lists(st.integers(0, 40_000), max_size=20))
def test_the_pieces_it_comes_in_do_not_change_an_answer_that_fits(
    loop: asyncio.AbstractEventLoop, stream: bytes, cuts: list[int]
) -> None:
    stream = stream[: OutboundLimits().answer_octets]
    ends = []
    for pieces in ([], cuts):
        witness = Witness(loop)
        witness.send()
        feed(witness, stream, pieces)
        witness.connection.connection_lost(None)
        ends.append([(answer.status, answer.failure) for answer in witness.answers])
    assert ends[0] == ends[1]


async def close(visit: Visit) -> None:
    raise ConnectionError


async def reset(visit: Visit) -> None:
    visit.reset()
    raise ConnectionError


async def answer(visit: Visit) -> None:
    await visit.send(OK)


async def half(visit: Visit) -> None:
    await visit.send(OK[:20])
    raise ConnectionError


async def twice(visit: Visit) -> None:
    await visit.send(OK + OK)


async def late(visit: Visit) -> None:
    await asyncio.sleep(0.01)
    await visit.send(OK)


MANNERS: list[Callable[[Visit], Awaitable[None]]] = [answer, answer, answer, close, reset, half, twice, late]


async def test_among_receivers_that_misbehave_at_random_every_request_ends_once(clients: Clients) -> None:
    client = clients.make(connections=6, idle=0.05, age=0.2)
    chance = random.Random(20261122)

    async def script(visit: Visit) -> None:
        while True:
            await visit.request()
            await chance.choice(MANNERS)(visit)

    ended: list[Answer] = []
    async with running(script) as one, running(script) as two:
        urls = [url_of(one.url()), url_of(two.url())]
        for number in range(600):
            url = urls[number % 2]
            client.submit(url, HEADERS, BODY, account_id=number % 5, on_done=ended.append)
        async with asyncio.timeout(60):
            while len(ended) < 600:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
    assert len(ended) == 600
    assert {answer.failure for answer in ended} <= {None, Failure.CLOSED}
    assert sum(answer.is_received for answer in ended) > 300
