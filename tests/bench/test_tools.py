"""The load client and the report sink, against each other's bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from bench.load_client import TEXT, Load, LoadClient, Target, prepared
from bench.report_sink import Received, ReportSink

REPORT = (
    b'POST /reports HTTP/1.1\r\nHost: 127.0.0.1\r\nWebhook-Id: %b\r\nContent-Length: 13\r\n\r\n{"code":201 }'
)


def test_the_text_is_what_the_budgets_speak_of() -> None:
    assert len(TEXT) == 41


def test_each_request_is_whole_and_goes_to_numbers_of_its_own() -> None:
    target = Target("127.0.0.1", 8080, "token", "http://127.0.0.1:9/r")
    numbers: list[str] = []
    for request in prepared(target, Load(3, recipients=2, first=10)):
        head, body = request.split(b"\r\n\r\n")
        assert f"content-length: {len(body)}".encode() in head
        document = msgspec.json.decode(body)
        assert document["deliveryReportUrl"] == "http://127.0.0.1:9/r"
        numbers += document["recipients"]
    assert len(set(numbers)) == 6


@asynccontextmanager
async def listening(protocol: type[asyncio.Protocol] | object) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)  # type: ignore[arg-type]
    async with server:
        yield server.sockets[0].getsockname()[1]


class SlowAnswers(asyncio.Protocol):
    """Answers each request 201, an octet at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert isinstance(self._transport, asyncio.Transport)
        for octet in b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}":
            self._transport.write(bytes([octet]))


async def test_every_request_is_answered_and_timed() -> None:
    async with listening(SlowAnswers) as port:
        client = LoadClient()
        client.prepare(Target("127.0.0.1", port, "token", None), Load(20, recipients=1, connections=3))
        answers = await client.run()
    assert answers.statuses == {201: 20}
    assert all(answers.began <= sent_at <= answers.ended for sent_at in answers.sent_at)
    assert all(latency > 0 for latency in answers.latencies)


async def test_a_paced_load_sends_nothing_before_its_time() -> None:
    async with listening(SlowAnswers) as port:
        client = LoadClient()
        client.prepare(Target("127.0.0.1", port, "token", None), Load(5, recipients=1, pace=100.0))
        answers = await client.run()
    # Later is possible on a busy machine; what is late is not sent later for that.
    assert all(sent - answers.began >= number / 100 - 0.001 for number, sent in enumerate(answers.sent_at))


class HangsUp(asyncio.Protocol):
    """Takes a request and leaves."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.close()


async def test_a_lost_connection_is_no_answer() -> None:
    async with listening(HangsUp) as port:
        client = LoadClient()
        client.prepare(Target("127.0.0.1", port, "token", None), Load(2, recipients=1, connections=2))
        answers = await client.run()
    assert set(answers.statuses) == {0}


async def test_reports_are_counted_by_code_and_by_their_own_id_however_they_arrive() -> None:
    sink = ReportSink()
    async with listening(sink.connect) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        octets = REPORT % b"one" + REPORT % b"two" + REPORT % b"one"
        for start in range(0, len(octets), 50):
            writer.write(octets[start : start + 50])
            await writer.drain()
            await asyncio.sleep(0)
        for _ in range(3):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()
    assert sink.received() == Received({201: 3}, unique=2, posts=3)
    assert sink.unique() == 2
