"""Where a request may go: we resolve names, judge every answer, and connect to nothing else."""

import asyncio
import socket
import threading
import time
from collections.abc import Sequence

import pytest

from heliograph.outbound_http import Failure
from heliograph.outbound_http.addresses import AddressBook, SystemResolver
from heliograph.outbound_http.answers import CallFailed
from heliograph.outbound_http.connection import connect_to_any
from tests.outbound_http.clients import BODY, HEADERS, Clients, TableResolver, url_of
from tests.outbound_http.receivers import OK, answering, answering_once, running

CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%lo"],
        ["0.0.0.0"],
        ["not an address"],
        ["127.0.0.1", "10.0.0.1"],
        ["10.0.0.1", "127.0.0.1"],
        ["127.0.0.1", "::ffff:192.168.0.1"],
        ["127.0.0.1", ""],
        ["127.0.0.1"] * 33,
    ],
)
async def test_one_answer_that_is_not_allowed_refuses_the_name(
    clients: Clients, addresses: list[str]
) -> None:
    client = clients.make(resolver=TableResolver({"reports.test": addresses}))
    async with running(answering(OK)) as receiver:
        url = url_of(receiver.url(host="reports.test"))
        result = await client.post(url, HEADERS, BODY, account_id=1)
        assert (result.status, result.failure) == (None, Failure.REFUSED)
        assert all(address not in result.reason for address in addresses if address)
        assert receiver.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "reports.test", "localhost"])
async def test_loopback_is_not_called_unless_allowed(clients: Clients, host: str) -> None:
    table = TableResolver({"reports.test": ["127.0.0.1"], "localhost": ["127.0.0.1"]})
    client = clients.make(resolver=table, loopback_allowed=False)
    async with running(answering(OK)) as receiver:
        result = await client.post(url_of(receiver.url(host=host)), HEADERS, BODY, account_id=1)
        assert result.failure is Failure.REFUSED
        assert result.reason == "The host's address is this machine itself (loopback)."
        assert receiver.connections == 0


async def test_a_name_that_rebinds_is_judged_again_and_never_connected_unjudged(clients: Clients) -> None:
    """Every connection goes to an address of the resolution that was judged for it."""
    resolver = TableResolver({"reports.test": ["127.0.0.1"]})
    client = clients.make(resolver=resolver, remember_addresses=0.0)
    async with running(answering_once(CLOSE)) as receiver:
        url = url_of(receiver.url(host="reports.test"))
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        resolver.table["reports.test"] = ["10.0.0.1"]
        assert (await client.post(url, HEADERS, BODY, account_id=1)).failure is Failure.REFUSED
        assert resolver.asked == ["reports.test"] * 2
        assert receiver.connections == 1


async def test_a_judged_answer_is_remembered_for_a_moment(clients: Clients) -> None:
    resolver = TableResolver({"reports.test": ["127.0.0.1"]})
    client = clients.make(resolver=resolver, remember_addresses=60.0)
    async with running(answering_once(CLOSE)) as receiver:
        url = url_of(receiver.url(host="reports.test"))
        for _ in range(3):
            assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        assert receiver.connections == 3
    assert resolver.asked == ["reports.test"]


async def test_a_refused_or_missing_answer_is_not_remembered(clients: Clients) -> None:
    resolver = TableResolver({"reports.test": ["10.0.0.1"]})
    client = clients.make(resolver=resolver, remember_addresses=60.0)
    async with running(answering(OK)) as receiver:
        url = url_of(receiver.url(host="reports.test"))
        assert (await client.post(url, HEADERS, BODY, account_id=1)).failure is Failure.REFUSED
        del resolver.table["reports.test"]
        assert (await client.post(url, HEADERS, BODY, account_id=1)).failure is Failure.UNRESOLVED
        resolver.table["reports.test"] = ["127.0.0.1"]
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200


async def test_a_literal_address_is_not_resolved(clients: Clients) -> None:
    resolver = TableResolver({})
    client = clients.make(resolver=resolver)
    async with running(answering(OK)) as receiver:
        assert (
            await client.post(url_of(receiver.url(host="0x7f.1")), HEADERS, BODY, account_id=1)
        ).status == 200
        assert f"Host: 127.0.0.1:{receiver.port}\r\n".encode() in receiver.requests[0]
    assert resolver.asked == []


async def test_a_name_without_addresses_is_unresolved(clients: Clients) -> None:
    client = clients.make(resolver=TableResolver({"empty.test": []}))
    for host in ("empty.test", "missing.test"):
        result = await client.post(url_of(f"http://{host}:8080/"), HEADERS, BODY, account_id=1)
        assert (result.failure, result.reason) == (Failure.UNRESOLVED, "The host's name has no address.")


async def test_a_resolver_that_hangs_is_given_up(clients: Clients) -> None:
    async def never(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    client = clients.make(resolver=never, resolve=0.05)
    result = await client.post(url_of("http://slow.test:8080/"), HEADERS, BODY, account_id=1)
    assert (result.failure, result.reason) == (
        Failure.UNRESOLVED,
        "The host's name was not resolved in time.",
    )


async def test_the_next_address_is_tried_when_one_cannot_be_reached(clients: Clients) -> None:
    client = clients.make(resolver=TableResolver({"reports.test": ["127.0.0.2", "::1", "127.0.0.1"]}))
    async with running(answering(OK)) as receiver:
        result = await client.post(url_of(receiver.url(host="reports.test")), HEADERS, BODY, account_id=1)
        assert result.status == 200


async def test_a_port_nobody_listens_on_is_unreachable(clients: Clients) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        client = clients.make()
        result = await client.post(url_of(f"http://127.0.0.1:{port}/"), HEADERS, BODY, account_id=1)
    assert (result.failure, result.reason) == (Failure.UNREACHABLE, "The receiver refuses connections.")


async def test_a_receiver_that_takes_no_connection_ends_in_a_timeout(clients: Clients) -> None:
    """A full backlog: the system drops our SYN, as a firewall would."""
    client = clients.make(connect=0.1)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        result = await client.post(url_of(f"http://127.0.0.1:{port}/"), HEADERS, BODY, account_id=1)
        for filler in fillers:
            filler.close()
    assert result.failure is Failure.TIMEOUT
    assert 90 <= result.duration_ms < 2000


async def test_the_peer_is_judged_again_after_connecting() -> None:
    book = AddressBook(
        resolve=TableResolver({}),
        loopback_allowed=False,
        own_addresses=(),
        monotonic=time.monotonic,
        remember_seconds=0,
    )
    async with running(answering(OK)) as receiver:
        with pytest.raises(CallFailed) as caught:
            await connect_to_any(["127.0.0.1"], receiver.port, book=book, timeout=60)
    assert caught.value.failure is Failure.REFUSED


async def test_the_systems_resolver_knows_this_machine() -> None:
    resolver = SystemResolver()
    assert "127.0.0.1" in await resolver("localhost")
    with pytest.raises(OSError, match=r".+"):
        await resolver("no-such-host.invalid")
    resolver.close()


async def test_look_ups_of_one_name_share_a_thread_even_when_given_up() -> None:
    asked: list[str] = []
    gate = threading.Event()

    def look_up(host: str) -> list[str]:
        asked.append(host)
        gate.wait(5)
        return ["192.0.2.1"]

    resolver = SystemResolver(threads=2, look_up=look_up)
    first = asyncio.ensure_future(resolver("slow.test"))
    while not asked:
        await asyncio.sleep(0.001)
    first.cancel()
    others = [asyncio.ensure_future(resolver("slow.test")) for _ in range(10)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*others) == [["192.0.2.1"]] * 10
    assert asked == ["slow.test"]
    assert first.cancelled()
    resolver.close()
