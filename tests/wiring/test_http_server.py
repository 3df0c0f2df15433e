"""The HTTP server bounds the heads of requests, and lets everybody read the answer to theirs."""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from heliograph.wiring import http_server
from heliograph.wiring.http_server import MAX_HEAD_BYTES, serve_http

HEADER_SECONDS = 0.2
REQUEST = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the client's address and the path, without reading a body; /last ends the connection."""
    body = json.dumps([scope["client"][0], scope["path"]]).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    if scope["path"] == "/last":
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with served(proxies=["127.0.0.1", "198.51.100.0/24"]) as port:
        yield port


@asynccontextmanager
async def served(*, proxies: list[str]) -> AsyncIterator[int]:
    """The port of a server that believes these proxies."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve_http(echo, listening, stop=stop, header_seconds=HEADER_SECONDS, proxies=proxies)
    )
    await asyncio.sleep(0.05)
    yield listening.getsockname()[1]
    stop.set()
    await asyncio.wait_for(serving, 60)


async def talk(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Write pieces with pauses between them; everything that came until the server closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), 60)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([], id="silence"),
        pytest.param([b"GET / HT"], id="half a line"),
        pytest.param([b"GET / HTTP/1.1\r\nHost: h\r\n"], id="head without an end"),
        pytest.param([b"GET / HTTP/1.1\r\n", *[b"X: y\r\n"] * 30], id="a dripping head"),
    ],
)
async def test_a_head_that_does_not_end_is_cut_off(port: int, pieces: list[bytes]) -> None:
    started = asyncio.get_running_loop().time()
    assert await talk(port, *pieces, pause=0.02) == b""
    assert asyncio.get_running_loop().time() - started < 5


async def test_the_second_request_of_a_connection_has_its_own_deadline(port: int) -> None:
    answer = await talk(port, REQUEST, b"GET / HTTP/1.1\r\nHost", pause=0.05)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1") == 1


async def test_a_connection_that_rests_between_requests_is_kept(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(REQUEST)
        assert (await reader.readuntil(b"]")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(2 * HEADER_SECONDS)
    writer.close()


async def test_what_is_no_http_is_answered_as_a_problem(port: int) -> None:
    head, _, body = (await talk(port, b"\x16\x03\x01 no http\r\n\r\n")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["detail"] == "The request cannot be read as HTTP/1.1."


@pytest.mark.parametrize(
    "endless",
    [b"a" * 65_536, b"a: b\r\nX" * 8_192],
    ids=["one line", "many lines"],
)
async def test_a_head_that_grows_on_is_refused(port: int, endless: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nX")
    written = 0
    while written < 100 * MAX_HEAD_BYTES and not reader.at_eof():
        writer.write(endless)
        written += len(endless)
        try:
            await writer.drain()
        except ConnectionError:
            break
    writer.close()
    assert written < 100 * MAX_HEAD_BYTES


async def test_a_head_just_within_the_bound_is_served(port: int) -> None:
    half = b"X: " + b"a" * (MAX_HEAD_BYTES // 2 - 100) + b"\r\n"
    answer = await talk(port, b"GET /x HTTP/1.1\r\n" + half, half + b"Connection: close\r\n\r\n", pause=0.02)
    assert answer.startswith(b"HTTP/1.1 200")


async def test_who_is_answered_before_the_end_of_a_large_body_can_read_the_answer(port: int) -> None:
    """As most clients do: the whole request is written before the first byte of the answer is read."""
    size = 40 * 1024 * 1024

    def request() -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(b"POST /last HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
            connection.sendall(bytes(size))
            answer = b""
            while received := connection.recv(65_536):
                answer += received
            return answer

    assert (await asyncio.to_thread(request)).startswith(b"HTTP/1.1 200")


async def test_the_rest_of_a_request_that_is_answered_may_not_come_for_ever(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "REST_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
    async with asyncio.timeout(60):
        assert await reader.readuntil(b'"/x"]')
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
    writer.close()


async def test_a_request_whose_rest_comes_late_leaves_its_connection_as_it_was(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "REST_SECONDS", 0.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(60):
        for _ in range(3):
            writer.write(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n")
            assert await reader.readuntil(b'"/x"]')
            writer.write(b"ab")
            await asyncio.sleep(0.05)
            writer.write(b"cd")
            await asyncio.sleep(0.25)
    writer.close()
    await writer.wait_closed()


async def test_nothing_that_follows_the_last_answer_of_a_connection_is_obeyed(port: int) -> None:
    unfinished = b"POST /last HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n"
    answer = await talk(port, unfinished, b"body" + REQUEST, pause=0.05)
    assert answer.count(b"HTTP/1.1") == 1


async def test_what_is_no_http_does_not_fill_the_log(port: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await talk(port, b"\x16\x03\x01 no http\r\n\r\n")
    assert caplog.records == []


async def test_a_trusted_proxy_is_believed_about_the_client(port: int) -> None:
    request = b"GET /x HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n"
    assert (await talk(port, request)).endswith(b'["203.0.113.9", "/x"]')


def forwarded(*lines: str) -> bytes:
    """A request with these lines of X-Forwarded-For."""
    head = "".join(f"X-Forwarded-For: {line}\r\n" for line in lines)
    return f"GET /x HTTP/1.1\r\nHost: h\r\n{head}Connection: close\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        (["10.0.0.1, 203.0.113.9"], "203.0.113.9"),
        (["10.0.0.1", "203.0.113.9"], "203.0.113.9"),
        (["10.0.0.1, 203.0.113.9, 198.51.100.7"], "203.0.113.9"),
        (["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
        (["10.0.0.1, unknown"], "unknown"),
        (["10.0.0.1, 203.0.113.9:4711"], "203.0.113.9"),
        (["10.0.0.1, [2001:db8::9]:4711"], "2001:db8::9"),
    ],
)
async def test_what_a_client_writes_into_the_forwarding_header_is_not_believed(
    port: int, lines: list[str], client: str
) -> None:
    """The proxy adds the address it sees behind what the client claims; only that counts."""
    answer = await talk(port, forwarded(*lines))
    assert answer.endswith(json.dumps([client, "/x"]).encode())


@pytest.mark.parametrize("proxies", [[], ["203.0.113.1"]], ids=["none configured", "another one"])
async def test_without_a_configured_proxy_the_forwarding_header_says_nothing(proxies: list[str]) -> None:
    async with served(proxies=proxies) as port:
        assert (await talk(port, forwarded("10.0.0.1"))).endswith(b'["127.0.0.1", "/x"]')


async def test_no_log_holds_what_is_in_addresses(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = b"anna.svensson-4711"
    for line in (b"GET /portal/x?q=%s HTTP/1.1", b"GET /portal/x?q=%s HTTP/9", b"GET /x?q=%s\xff HTTP/1.1"):
        await talk(
            port, line % said + b"\r\nHost: h\r\nConnection: close\r\nReferer: http://h/%s\r\n\r\n" % said
        )
    assert said.decode() not in caplog.text
