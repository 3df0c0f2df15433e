"""Which connection carries which request, when it is kept, and what one that breaks costs."""

import asyncio
import time

import pytest

from heliograph import __version__
from heliograph.outbound_http import Answer, Failure
from tests.outbound_http.clients import BODY, HEADERS, Clients, TableResolver, url_of
from tests.outbound_http.receivers import OK, Visit, answering, answering_once, hanging, running


async def test_a_request_is_written_exactly_so_and_at_once(clients: Clients) -> None:
    client = clients.make(resolver=TableResolver({"reports.test": ["127.0.0.1"]}))
    reads: list[bytes] = []

    async def script(visit: Visit) -> None:
        reads.append(await visit.reader.read(65536))
        await visit.send(OK)

    async with running(script) as receiver:
        url = url_of(receiver.url("/in?x=å", host="reports.test"))
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        head = (
            f"POST /in?x=%C3%A5 HTTP/1.1\r\nHost: reports.test:{receiver.port}\r\n"
            f"User-Agent: Heliograph/{__version__}\r\nAccept: */*\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(BODY)}\r\n"
        ).encode()
    assert reads == [head + HEADERS + b"\r\n" + BODY]


async def test_requests_one_after_the_other_share_a_connection(clients: Clients) -> None:
    client = clients.make()
    async with running(answering(OK)) as receiver:
        for number in range(20):
            url = url_of(receiver.url(f"/{number % 3}"))
            assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        assert receiver.connections == 1
        assert [request.split(b" ")[1] for request in receiver.requests[:4]] == [b"/0", b"/1", b"/2", b"/0"]
        assert (
            repr(client)
            == "<OutboundHttp 1 pools, <ConnectionBudget 1/512 open, 1 resting, 0 pools waiting>>"
        )


async def test_an_account_has_four_connections_to_an_origin_and_requests_leave_in_order(
    clients: Clients,
) -> None:
    client = clients.make()
    gate = asyncio.Event()

    async def script(visit: Visit) -> None:
        while True:
            await visit.request()
            await gate.wait()
            await visit.send(OK)

    async with running(script) as receiver:
        url = url_of(receiver.url())
        answers: list[Answer] = []
        for number in range(40):
            client.submit(url, b"n: %d\r\n" % number, BODY, account_id=1, on_done=answers.append)
        assert answers == []
        while len(receiver.requests) < 4:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        assert receiver.connections == len(receiver.requests) == 4
        gate.set()
        while len(answers) < 40:
            await asyncio.sleep(0.001)
        assert {answer.status for answer in answers} == {200}
        assert receiver.connections == 4
        order = [int(request.split(b"n: ")[1].split(b"\r\n")[0]) for request in receiver.requests]
        assert sorted(order) == list(range(40))
        assert all(abs(place - number) < 8 for place, number in enumerate(order))


async def test_accounts_never_share_a_connection(clients: Clients) -> None:
    client = clients.make()
    async with running(answering(OK)) as receiver:
        url = url_of(receiver.url())
        for account_id in (1, 2, 1, 2, 3):
            assert (await client.post(url, HEADERS, BODY, account_id=account_id)).status == 200
        assert receiver.connections == 3


async def test_nothing_a_receiver_sets_comes_back_to_it_and_no_proxy_is_asked(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = clients.make()
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with running(answering(answer)) as receiver:
        for _ in range(2):
            assert (await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)).status == 200
        assert receiver.requests[0] == receiver.requests[1]
        assert b"cookie" not in receiver.requests[1].lower()


@pytest.mark.parametrize("by_reset", [False, True], ids=["closed", "reset"])
async def test_a_kept_connection_that_was_closed_meanwhile_costs_one_repetition_at_most(
    clients: Clients, by_reset: bool
) -> None:
    """The race of keep-alive: the receiver closes just as the second request is on its way."""
    client = clients.make()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        await visit.request()
        if by_reset:
            visit.reset()

    async with running(script) as receiver:
        url = url_of(receiver.url())
        for _ in range(2):
            assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        assert receiver.connections == 2
        assert len(receiver.requests) == 3
        assert receiver.requests[1] == receiver.requests[2]


async def test_the_repetition_is_not_repeated(clients: Clients) -> None:
    client = clients.make()

    async def script(visit: Visit) -> None:
        await visit.request()
        if visit.number == 1:
            await visit.send(OK)
            await visit.request()

    async with running(script) as receiver:
        url = url_of(receiver.url())
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        assert (await client.post(url, HEADERS, BODY, account_id=1)).failure is Failure.CLOSED
        assert len(receiver.requests) == 3


async def test_once_an_answer_began_nothing_is_repeated(clients: Clients) -> None:
    client = clients.make()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        await visit.request()
        await visit.send(b"H")

    async with running(script) as receiver:
        url = url_of(receiver.url())
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        assert (await client.post(url, HEADERS, BODY, account_id=1)).failure is Failure.CLOSED
        assert len(receiver.requests) == 2


async def test_a_new_connection_that_closes_without_an_answer_is_not_repeated(clients: Clients) -> None:
    client = clients.make()

    async def script(visit: Visit) -> None:
        await visit.request()
        visit.reset()

    async with running(script) as receiver:
        result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
        assert (result.status, result.failure) == (None, Failure.CLOSED)
        assert receiver.connections == 1


async def test_a_connection_that_speaks_unasked_is_not_used_again(clients: Clients) -> None:
    client = clients.make()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        await asyncio.sleep(0.01)
        await visit.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await visit.closed()

    async with running(script) as receiver:
        url = url_of(receiver.url())
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        await asyncio.sleep(0.05)
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        assert receiver.connections == 2


async def test_a_connection_that_was_closed_while_it_rested_is_not_used_again(clients: Clients) -> None:
    client = clients.make()
    gate = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await gate.wait()
        await visit.send(OK)
        if visit.number == 1:
            await answering(OK)(visit)

    async with running(script) as receiver:
        url = url_of(receiver.url())
        posts = [asyncio.ensure_future(client.post(url, HEADERS, BODY, account_id=1)) for _ in range(3)]
        while len(receiver.requests) < 3:
            await asyncio.sleep(0.001)
        gate.set()
        await asyncio.gather(*posts)
        while "1 resting" not in repr(client):
            await asyncio.sleep(0.001)
        for _ in range(3):
            assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        assert receiver.connections == 3
        assert len(receiver.requests) == 6


async def test_a_connection_is_closed_when_it_rested_too_long(clients: Clients) -> None:
    client = clients.make(idle=0.03)
    closed = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        await visit.closed()
        closed.set()

    async with running(script) as receiver:
        assert (await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)).status == 200
        async with asyncio.timeout(60):
            await closed.wait()
        assert repr(client).startswith("<OutboundHttp 0 pools, <ConnectionBudget 0/")


async def test_a_connection_is_not_used_beyond_its_age(clients: Clients) -> None:
    client = clients.make(age=0.0)
    async with running(answering(OK)) as receiver:
        for _ in range(3):
            assert (await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)).status == 200
        assert receiver.connections == 3


async def test_all_pools_together_keep_within_the_budget_and_all_are_served(clients: Clients) -> None:
    client = clients.make(connections=2)
    open_now = 0
    most = 0

    async def script(visit: Visit) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            await answering(OK)(visit)
        finally:
            open_now -= 1

    async with running(script) as receiver:
        url = url_of(receiver.url())
        posts = [client.post(url, HEADERS, BODY, account_id=number % 5) for number in range(50)]
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*posts)
        assert {answer.status for answer in answers} == {200}
        # The receiver may still be closing one when the next arrives.
        assert most <= 4
        assert "0 pools waiting" in repr(client)


async def test_a_pool_with_endless_work_does_not_starve_the_others(clients: Clients) -> None:
    client = clients.make(connections=1)
    async with running(answering(OK)) as receiver:
        url = url_of(receiver.url())
        greedy: list[Answer] = []
        for _ in range(500):
            client.submit(url, HEADERS, BODY, account_id=1, on_done=greedy.append)
        async with asyncio.timeout(60):
            assert (await client.post(url, HEADERS, BODY, account_id=2)).status == 200
        assert len(greedy) <= 32


async def test_a_receiver_that_says_nothing_ends_in_a_timeout(clients: Clients) -> None:
    client = clients.make(request=0.1)
    async with running(hanging) as receiver:
        began = time.monotonic()
        result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
        assert (result.status, result.failure) == (None, Failure.TIMEOUT)
        assert 90 <= result.duration_ms < 1000
        assert 0.09 <= time.monotonic() - began < 1


async def test_the_deadline_holds_on_a_kept_connection_and_is_not_moved_by_drops(clients: Clients) -> None:
    client = clients.make(request=0.15)

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        await visit.request()
        for octet in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK":
            await visit.send(bytes((octet,)))
            await asyncio.sleep(0.02)

    async with running(script) as receiver:
        url = url_of(receiver.url())
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        await asyncio.sleep(0.25)  # by now the connection's timer is set for its rest, which is longer
        result = await client.post(url, HEADERS, BODY, account_id=1)
        assert result.failure is Failure.TIMEOUT
        assert 140 <= result.duration_ms < 1000
        assert len(receiver.requests) == 2


async def test_a_status_whose_body_never_ends_counts_at_the_deadline(clients: Clients) -> None:
    client = clients.make(request=0.1)

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nO")
        await visit.closed()

    async with running(script) as receiver:
        result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
        assert (result.status, result.failure) == (200, None)


async def test_waiting_for_a_free_connection_does_not_count_against_the_deadline(clients: Clients) -> None:
    client = clients.make(request=0.5, connections_per_origin=1)

    async def script(visit: Visit) -> None:
        while True:
            await visit.request()
            await asyncio.sleep(0.12)
            await visit.send(OK)

    async with running(script) as receiver:
        url = url_of(receiver.url())
        posts = [client.post(url, HEADERS, BODY, account_id=1) for _ in range(6)]
        answers = await asyncio.gather(*posts)
        assert {answer.status for answer in answers} == {200}
        assert all(answer.duration_ms < 500 for answer in answers)


async def test_a_hanging_origin_does_not_hold_up_another(clients: Clients) -> None:
    client = clients.make()
    async with running(hanging) as slow, running(answering(OK)) as fast:
        ended: list[Answer] = []
        for _ in range(20):
            client.submit(url_of(slow.url()), HEADERS, BODY, account_id=1, on_done=ended.append)
        for _ in range(20):
            result = await client.post(url_of(fast.url()), HEADERS, BODY, account_id=1)
            assert result.duration_ms < 1000
        assert ended == []


@pytest.mark.parametrize("connections", [2, 4])
async def test_closing_ends_every_request_exactly_once(clients: Clients, connections: int) -> None:
    client = clients.make(connections_per_origin=2, connections=connections)
    ended: list[Answer] = []
    async with running(hanging) as receiver:
        url = url_of(receiver.url())
        for _ in range(2):
            client.submit(url, HEADERS, BODY, account_id=1, on_done=ended.append)
        while len(receiver.requests) < 2:
            await asyncio.sleep(0.001)
        # Account 1 now waits for its two connections; account 2 is opening its own or waits for room.
        for _ in range(3):
            client.submit(url, HEADERS, BODY, account_id=1, on_done=ended.append)
            client.submit(url, HEADERS, BODY, account_id=2, on_done=ended.append)
        await client.aclose()
        client.submit(url, HEADERS, BODY, account_id=1, on_done=ended.append)
        await asyncio.sleep(0)
        assert [answer.failure for answer in ended] == [Failure.STOPPED] * 9


async def test_a_caller_that_gives_up_does_not_disturb_the_connection(clients: Clients) -> None:
    client = clients.make()
    gate = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await gate.wait()
        await visit.send(OK)
        await answering(OK)(visit)

    async with running(script) as receiver:
        url = url_of(receiver.url())
        first = asyncio.ensure_future(client.post(url, HEADERS, BODY, account_id=1))
        while not receiver.requests:
            await asyncio.sleep(0.001)
        first.cancel()
        gate.set()
        await asyncio.sleep(0.02)
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        assert receiver.connections == 1


async def test_a_callback_that_raises_is_reported_and_costs_nothing_else(clients: Clients) -> None:
    client = clients.make()
    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["message"]))

    def fail(_: Answer) -> None:
        raise RuntimeError

    async with running(answering(OK)) as receiver:
        url = url_of(receiver.url())
        client.submit(url, HEADERS, BODY, account_id=1, on_done=fail)
        while not reported:
            await asyncio.sleep(0.001)
        assert reported == ["the callback of an outbound request failed"]
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        assert receiver.connections == 1


async def test_a_callback_may_submit_the_next_request(clients: Clients) -> None:
    client = clients.make()
    done = asyncio.Event()
    count = 0

    def again(answer: Answer) -> None:
        nonlocal count
        assert answer.status == 200
        count += 1
        if count == 200:
            done.set()
        else:
            client.submit(url, HEADERS, BODY, account_id=1, on_done=again)

    async with running(answering(OK)) as receiver:
        url = url_of(receiver.url())
        client.submit(url, HEADERS, BODY, account_id=1, on_done=again)
        async with asyncio.timeout(60):
            await done.wait()
        assert receiver.connections == 1


async def test_every_ended_pool_is_forgotten(clients: Clients) -> None:
    client = clients.make()
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with running(answering_once(answer)) as receiver:
        for account_id in range(10):
            await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=account_id)
        await asyncio.sleep(0.02)
        assert repr(client).startswith("<OutboundHttp 0 pools, <ConnectionBudget 0/")
