"""What a receiver says, and what is made of it."""

import pytest

from heliograph.outbound_http import Answer, Failure
from heliograph.outbound_http.answers import retry_after_seconds
from tests.outbound_http.clients import BODY, HEADERS, Clients, url_of
from tests.outbound_http.receivers import Visit, answering, answering_once, running

NOISE = b"HTTP/1.1 100 Continue\r\n\r\n"

WHOLE = [
    ("length", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 200),
    ("no body", b"HTTP/1.1 204 No Content\r\n\r\n", 204),
    ("accepted", b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 202),
    ("no reason phrase", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200),
    ("chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200),
    (
        "chunked with extension and trailer",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nDigest: z\r\n\r\n",
        201,
    ),
    ("continue first", NOISE * 3 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200),
    (
        "hints first",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        200,
    ),
    ("not found", b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", 404),
    ("gone", b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", 410),
    ("failing", b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", 500),
    ("a status of its own", b"HTTP/1.1 599 Whatever\r\nContent-Length: 0\r\n\r\n", 599),
]


@pytest.mark.parametrize("one_by_one", [False, True], ids=["whole", "octet by octet"])
@pytest.mark.parametrize(("answer", "status"), [case[1:] for case in WHOLE], ids=[case[0] for case in WHOLE])
async def test_an_answer_gives_its_status_and_the_connection_is_kept(
    clients: Clients, answer: bytes, status: int, one_by_one: bool
) -> None:
    client = clients.make()
    async with running(answering(answer, one_by_one=one_by_one)) as receiver:
        for _ in range(3):
            result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
            assert (result.status, result.failure) == (status, None)
            assert result.is_received is (status < 300)
        assert receiver.connections == 1
        assert len(receiver.requests) == 3


CLOSING = [
    ("close said", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK", 200),
    ("body until close", b"HTTP/1.1 200 OK\r\n\r\nsome body", 200),
    ("HTTP/1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK", 200),
    ("body cut off", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK", 200),
    ("chunks cut off", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 200),
    ("broken chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 200),
    ("error cut off", b"HTTP/1.1 503 Unavailable\r\nContent-Length: 100\r\n\r\nOK", 503),
    ("more after close", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOKx", 200),
]


@pytest.mark.parametrize(
    ("answer", "status"), [case[1:] for case in CLOSING], ids=[case[0] for case in CLOSING]
)
async def test_a_status_counts_however_the_answer_ends_but_the_connection_is_not_used_again(
    clients: Clients, answer: bytes, status: int
) -> None:
    client = clients.make()
    async with running(answering_once(answer)) as receiver:
        for _ in range(2):
            result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
            assert (result.status, result.failure) == (status, None)
        assert receiver.connections == len(receiver.requests) == 2


TOO_MUCH = [
    (
        "two answers",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",
        200,
    ),
    ("an answer and more", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKand more", 200),
    ("an answer and a start", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKH", 200),
]


@pytest.mark.parametrize(
    ("answer", "status"), [case[1:] for case in TOO_MUCH], ids=[case[0] for case in TOO_MUCH]
)
async def test_after_more_than_one_answer_a_connection_is_not_trusted_again(
    clients: Clients, answer: bytes, status: int
) -> None:
    client = clients.make()
    async with running(answering(answer)) as receiver:
        for _ in range(2):
            result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
            assert (result.status, result.failure) == (status, None)
        assert receiver.connections == len(receiver.requests) == 2


BROKEN = [
    ("nothing", b"", Failure.CLOSED),
    ("half a status line", b"HTTP/1.1 20", Failure.CLOSED),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-Le", Failure.CLOSED),
    ("only noise", NOISE, Failure.CLOSED),
    ("another protocol", b"SSH-2.0-OpenSSH_9.6\r\n", Failure.MALFORMED),
    ("markup", b"<html>hello</html>", Failure.MALFORMED),
    ("status not a number", b"HTTP/1.1 abc OK\r\n\r\n", Failure.MALFORMED),
    ("status too long", b"HTTP/1.1 20000 OK\r\n\r\n", Failure.MALFORMED),
    ("no such version", b"HTTP/9.9 200 OK\r\n\r\n", Failure.MALFORMED),
    ("no colon", b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", Failure.MALFORMED),
    ("a zero octet", b"HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n", Failure.MALFORMED),
    ("negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Failure.MALFORMED),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Failure.MALFORMED),
    (
        "length and chunked",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Failure.MALFORMED,
    ),
    (
        "another protocol on request",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        Failure.MALFORMED,
    ),
    ("a head too large", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", Failure.MALFORMED),
    ("too many heads", NOISE * 1000 + b"HTTP/1.1 200 OK\r\n\r\n", Failure.MALFORMED),
]


@pytest.mark.parametrize(
    ("answer", "failure"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
async def test_what_is_no_answer_is_a_failure_with_a_reason(
    clients: Clients, answer: bytes, failure: Failure
) -> None:
    client = clients.make()
    async with running(answering_once(answer)) as receiver:
        result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
        assert (result.status, result.failure) == (None, failure)
        assert result.reason.endswith(".")
        assert len(receiver.requests) == 1


async def test_a_body_of_10_megabytes_is_not_read(clients: Clients) -> None:
    client = clients.make()
    size = 10 * 1024 * 1024
    sent: list[int] = []

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            sent.append(65536)
            await visit.send(bytes(65536))

    async with running(script) as receiver:
        result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
        assert result.status == 200
        assert len(result.body_start) <= 512
    assert sum(sent) < size


async def test_a_redirect_is_an_answer_and_nobody_follows_it(clients: Clients) -> None:
    client = clients.make()
    async with running(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as trap:
        to_trap = f"HTTP/1.1 307 Moved\r\nLocation: {trap.url()}\r\nContent-Length: 0\r\n\r\n".encode()
        async with running(answering(to_trap)) as receiver:
            result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
        assert (result.status, result.reason, result.is_received) == (
            307,
            "Redirects are not followed.",
            False,
        )
        assert trap.connections == 0


@pytest.mark.parametrize("status", [b"200", b"500"])
async def test_the_start_of_an_answer_is_kept(clients: Clients, status: bytes) -> None:
    client = clients.make()
    bodies = [b"x" * 2000, b"short", b""]

    async def script(visit: Visit) -> None:
        for body in bodies:
            await visit.request()
            await visit.send(b"HTTP/1.1 %b X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

    async with running(script) as receiver:
        for body in bodies:
            result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
            assert result.body_start == body[:512]
        assert receiver.connections == 1


async def test_retry_after_reaches_the_caller(clients: Clients) -> None:
    client = clients.make()
    answers = [
        NOISE + b"HTTP/1.1 429 Slow down\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 Later\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n",
    ]

    async def script(visit: Visit) -> None:
        for answer in answers:
            await visit.request()
            for octet in answer:
                await visit.send(bytes((octet,)))

    async with running(script) as receiver:
        for status, seconds in ((429, 120.0), (503, 5.0), (503, None)):
            result = await client.post(url_of(receiver.url()), HEADERS, BODY, account_id=1)
            assert result == Answer(status, None, "", seconds, result.duration_ms, b"")
        assert receiver.connections == 1


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (b"Retry-After: 120\r\n", 120.0),
        (b"retry-after:0\r\n", 0.0),
        (b"RETRY-AFTER: \t 7 \r\n", 7.0),
        (b"Retry-After: 99999999999999999999\r\n", 999999999.0),
        (b"Date: Sun, 22 Nov 2026 12:00:00 GMT\r\nRetry-After: Sun, 22 Nov 2026 12:01:30 GMT\r\n", 90.0),
        (b"Retry-After: Sun, 22 Nov 2026 12:01:30 GMT\r\ndate: Sun, 22 Nov 2026 12:00:00 GMT\r\n", 90.0),
        (b"Date: Sun, 22 Nov 2026 12:00:00 GMT\r\nRetry-After: Sun, 22 Nov 2026 11:00:00 GMT\r\n", 0.0),
        (b"Retry-After: Sun, 22 Nov 2026 12:01:30 GMT\r\n", None),
        (b"Date: Sun, 22 Nov 2026 12:00:00 GMT\r\nRetry-After: Sun, 22 Nov 2026 12:01:30\r\n", None),
        (b"Date: yesterday\r\nRetry-After: tomorrow\r\n", None),
        (b"Retry-After: -5\r\n", None),
        (b"Retry-After: \xff\r\nDate: \xff\r\n", None),
        (b"Retry-After:\r\n", None),
        (b"X-Retry-After: 5\r\n", None),
        (b"", None),
    ],
)
def test_retry_after_is_read_in_both_forms(lines: bytes, seconds: float | None) -> None:
    """RFC 9110 10.2.3; a date is measured from the answer's own Date."""
    head = b"HTTP/1.1 503 X\r\nServer: x\r\n" + lines
    assert retry_after_seconds(head + b"\r\nRetry-After: 1\r\n\r\n") == seconds
    assert retry_after_seconds(NOISE + head + b"\r\n") == seconds


def test_a_retry_after_in_an_interim_answer_does_not_count() -> None:
    raw = b"HTTP/1.1 103 X\r\nRetry-After: 5\r\n\r\nHTTP/1.1 503 X\r\nServer: y\r\n\r\n"
    assert retry_after_seconds(raw) is None
