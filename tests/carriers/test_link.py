"""One connection: bind, write, lose it, and know what was written."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from heliograph.carriers.link import BindRefused, Block, Link, LinkLost, Unanswered
from heliograph.smpp import (
    Answered,
    BindTransceiver,
    DeliverSm,
    Event,
    ResponseTimeout,
    SubmitSm,
    SubmitTemplate,
    Tag,
    TimerSettings,
    Unbind,
    Unbound,
    tlv,
)
from tests.support.certificates import write_certificate
from tests.support.scripted_smsc import ScriptedLink, ScriptedSmsc, scripted_smsc

BIND = BindTransceiver(system_id="me", password="secret")
TEMPLATE = SubmitTemplate(SubmitSm(source_addr="iP1"))
BULKY = SubmitTemplate(SubmitSm(source_addr="iP1", tlvs=(tlv(Tag.MESSAGE_PAYLOAD, bytes(20_000)),)))
TIMERS = TimerSettings(bind_answer=0.3, response=0.3, unbind_answer=0.3)


class Observer:
    """Keeps what a link brings."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.unanswered: list[Unanswered] | None = None
        self.reason: str | None = None
        self.happened = asyncio.Event()
        self.allows_writing = True

    def take_events(self, link: Link, events: Sequence[Event]) -> None:
        self.events += events
        self.happened.set()

    def take_loss(self, link: Link, reason: str, unanswered: Sequence[Unanswered]) -> None:
        self.unanswered, self.reason = list(unanswered), reason
        self.happened.set()

    def may_write(self) -> bool:
        return self.allows_writing

    async def until_lost(self) -> list[Unanswered]:
        async with asyncio.timeout(60):
            while self.unanswered is None:
                self.happened.clear()
                await self.happened.wait()
        return self.unanswered


def link_to(observer: Observer, timers: TimerSettings = TIMERS, window: int = 1000) -> Link:
    return Link(observer, time.monotonic, window=window, timers=timers, name="test")


@asynccontextmanager
async def bound(
    receive_buffer: int | None = None,
) -> AsyncIterator[tuple[Link, Observer, ScriptedSmsc]]:
    observer = Observer()
    async with scripted_smsc(receive_buffer=receive_buffer) as smsc:
        link = await link_to(observer).connect("127.0.0.1", smsc.port, tls=None, seconds=5)
        await link.bind(BIND)
        try:
            yield link, observer, smsc
        finally:
            link.abort("test is over")
            await link.wait_ended(5)


def block(*tokens: str, template: SubmitTemplate = TEMPLATE) -> Block:
    return Block(template, [("46700000001", b"Hi")] * len(tokens), list(tokens))


BULK = [f"t{number}" for number in range(150)]
"""Tokens of a block of 3 MB, more than the buffers of a connection hold while nobody reads."""


async def test_a_block_is_answered_by_token() -> None:
    async with bound() as (link, observer, smsc):
        smsc.accept_everything()
        assert link.submit([block("a", "b"), block("c")]) == []
        async with asyncio.timeout(60):
            while len(observer.events) < 3:
                observer.happened.clear()
                await observer.happened.wait()
        assert [event.token for event in observer.events if isinstance(event, Answered)] == ["a", "b", "c"]
        assert repr(link) == "<Link test <Session ESME BOUND_TRX 0/1000>>"


async def test_a_refused_bind_tells_its_status() -> None:
    observer = Observer()
    async with scripted_smsc() as smsc:
        smsc.bind_statuses = [0x0E]
        link = await link_to(observer).connect("127.0.0.1", smsc.port, tls=None, seconds=5)
        with pytest.raises(BindRefused) as refused:
            await link.bind(BIND)
        assert refused.value.command_status == 0x0E
        assert await link.wait_ended(5)
    assert observer.unanswered is None, "it was never bound"


async def test_a_mute_carrier_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_accepts:
        port = never_accepts.getsockname()[1]
        link = await link_to(Observer()).connect("127.0.0.1", port, tls=None, seconds=5)
        with pytest.raises(LinkLost, match="no answer to the bind"):
            await link.bind(BIND)


async def test_nobody_listens() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    with pytest.raises(OSError):
        await link_to(Observer()).connect("127.0.0.1", port, tls=None, seconds=5)


async def test_a_response_timeout_is_an_event() -> None:
    async with bound() as (link, observer, _):
        link.submit([block("a")])
        async with asyncio.timeout(60):
            await observer.happened.wait()
        (event,) = observer.events
        assert isinstance(event, ResponseTimeout)
        assert event.token == "a"


async def test_a_message_that_no_pdu_can_carry_does_not_stop_the_others() -> None:
    async with bound() as (link, _, smsc):
        mixed = Block(TEMPLATE, [("1", b"x"), ("2" * 30, b"x"), ("3", b"x" * 255), ("4", b"x")], list("abcd"))
        assert link.submit([mixed]) == ["b", "c"]
        await smsc.until(lambda: len(smsc.submits) == 2)
        assert smsc.recipients == ["1", "4"]


async def test_what_was_written_before_a_loss_may_have_arrived() -> None:
    async with bound() as (link, observer, smsc):
        link.submit([block("a", "b")])
        await smsc.until(lambda: len(smsc.submits) == 2)
        smsc.link.cut()
        assert await observer.until_lost() == [("a", True), ("b", True)]
        with pytest.raises(LinkLost):
            link.submit([block("c")])


async def test_what_the_kernel_never_took_cannot_have_arrived() -> None:
    """The peer does not read; once its buffers are full, the rest waits on our side."""
    async with bound(4096) as (link, observer, smsc):
        transport = smsc.link.transport
        assert transport is not None
        transport.pause_reading()
        for start in range(0, len(BULK), 10):
            link.submit([block(*BULK[start : start + 10], template=BULKY)])
        smsc.link.cut()
        unanswered = await observer.until_lost()
    flags = [was_written for _, was_written in unanswered]
    assert [token for token, _ in unanswered] == BULK
    assert flags[0] is True
    assert flags[-1] is False
    assert flags == sorted(flags, reverse=True), "a written one never follows one that was not"


async def test_the_peers_unbind_ends_the_link() -> None:
    async with bound() as (link, observer, smsc):
        link.submit([block("a")])
        await smsc.until(lambda: len(smsc.submits) == 1)
        smsc.link.send(Unbind())
        assert await observer.until_lost() == [("a", True)]
        assert any(isinstance(event, Unbound) and event.by_peer for event in observer.events)


async def test_an_unbind_of_ours_is_answered_and_closes() -> None:
    async with bound() as (link, observer, smsc):
        began = time.monotonic()
        await link.unbind(5.0)
        assert await link.wait_ended(5)
        assert time.monotonic() - began < 2
        await smsc.until(lambda: smsc.link.is_closed)
        assert await observer.until_lost() == []


async def test_deliveries_are_answered_when_told_to() -> None:
    async with bound() as (link, observer, smsc):
        smsc.link.send(DeliverSm(short_message=b"Hi"), "x")
        async with asyncio.timeout(60):
            await observer.happened.wait()
        assert smsc.link.acknowledged == []
        (pdu,) = observer.events
        assert isinstance(pdu, DeliverSm)
        link.acknowledge([pdu])
        await smsc.until(lambda: smsc.link.acknowledged == [("x", 0)])


async def test_answers_to_a_lost_link_go_nowhere() -> None:
    async with bound() as (link, observer, smsc):
        smsc.link.cut()
        await observer.until_lost()
        link.acknowledge([DeliverSm(sequence_number=1)])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost with its key, signed by itself."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "carrier.pem")


@asynccontextmanager
async def tls_smsc(certificate: Path) -> AsyncIterator[ScriptedSmsc]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    smsc = ScriptedSmsc()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ScriptedLink(smsc), "127.0.0.1", 0, ssl=context)
    smsc.port = server.sockets[0].getsockname()[1]
    try:
        yield smsc
    finally:
        server.close()
        for link in smsc.links:
            if link.transport is not None:
                link.transport.abort()


async def test_tls_carries_the_session_and_counts_everything_as_written(certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    observer = Observer()
    async with tls_smsc(certificate) as smsc:
        link = await link_to(observer).connect("localhost", smsc.port, tls=trusting, seconds=5)
        await link.bind(BIND)
        link.submit([block("a")])
        await smsc.until(lambda: len(smsc.submits) == 1)
        assert smsc.link.transport is not None
        smsc.link.transport.abort()
        assert await observer.until_lost() == [("a", True)]


@pytest.mark.parametrize("trusted", [False, True], ids=["unknown issuer", "another name"])
async def test_a_certificate_must_be_trusted_and_name_the_host(certificate: Path, trusted: bool) -> None:
    context = ssl.create_default_context(cafile=str(certificate) if trusted else None)
    host = "127.0.0.1" if trusted else "localhost"
    async with tls_smsc(certificate) as smsc:
        with pytest.raises(ssl.SSLError):
            await link_to(Observer()).connect(host, smsc.port, tls=context, seconds=5)
        assert all(link.session.state.name == "OPEN" for link in smsc.links)


async def test_bytes_that_waited_are_not_written_once_the_lease_is_over() -> None:
    async with bound(4096) as (link, observer, smsc):
        transport = smsc.link.transport
        assert transport is not None
        transport.pause_reading()
        link.submit([block(*BULK, template=BULKY)])
        observer.allows_writing = False
        transport.resume_reading()
        unanswered = await observer.until_lost()
        assert observer.reason == "the lease is over"
        written = sum(was_written for _, was_written in unanswered)
        assert len(smsc.submits) <= written < len(BULK)


@pytest.mark.parametrize("tls", [None, ssl.create_default_context()], ids=["plain", "tls"])
async def test_a_host_with_several_addresses_says_why_it_cannot_be_reached(
    tls: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens at either: that is what an operator is to read, not that something went wrong."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    async def two_addresses(*_: object, **__: object) -> list[object]:
        here = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*here, ("127.0.0.1", port)), (*here, ("127.0.0.2", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two_addresses)
    with pytest.raises(ConnectionRefusedError):
        await link_to(Observer()).connect("carrier.example", port, tls=tls, seconds=5)
