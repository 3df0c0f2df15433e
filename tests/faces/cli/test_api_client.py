"""The command line's client of the API: lost answers, refusals, and answers that are none."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web

from heliograph.faces.cli.api_client import ApiClient, refusal_text
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.server_urls import connection_fault

Answers = list[Callable[[], web.Response]]


class Server:
    """Answers in turn, and keeps what was asked."""

    def __init__(self) -> None:
        self.answers: Answers = []
        self.keys: list[str] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("Idempotency-Key", ""))
        if not self.answers:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return self.answers.pop(0)()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server on a free port."""
    found = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


def busy() -> web.Response:
    """What an overloaded API says."""
    return web.json_response({"detail": "Too much at once."}, status=503)


def accepted() -> web.Response:
    """What it says to a batch."""
    return web.json_response({"id": "b"}, status=201)


async def test_an_overloaded_api_is_asked_again_with_the_same_key(server: Server) -> None:
    server.answers = [busy, busy, accepted]
    async with ApiClient(server.url, "key", pauses=(0, 0)) as api:
        assert await api.send(b"{}") == {"id": "b"}
    assert len(server.keys) == 3
    assert len(set(server.keys)) == 1


async def test_an_api_that_stays_overloaded_is_told_of(server: Server) -> None:
    server.answers = [busy, busy, busy]
    async with ApiClient(server.url, "key", pauses=(0, 0)) as api:
        with pytest.raises(CommandRefused, match="the API answers 503: Too much at once"):
            await api.send(b"{}")


async def test_a_lost_answer_is_asked_for_three_times(server: Server) -> None:
    async with ApiClient(server.url, "key", pauses=(0, 0)) as api:
        with pytest.raises(CommandRefused, match="does not answer"):
            await api.send(b"{}")
    assert len(set(server.keys)) == 1


async def test_a_closed_connection_is_told_of_in_words(server: Server) -> None:
    sentence = f"the API at {server.url} does not answer: it closed the connection without an answer"
    async with ApiClient(server.url, "key", pauses=()) as api:
        with pytest.raises(CommandRefused) as refused:
            await api.get_batch("b")
    assert str(refused.value) == sentence


async def test_a_server_that_speaks_no_tls_or_no_http_is_told_of_in_words(server: Server) -> None:
    async with ApiClient(server.url.replace("http:", "https:"), "key", pauses=()) as api:
        with pytest.raises(CommandRefused, match="a secure connection could not be made"):
            await api.get_batch("b")

    async def chat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        await reader.read(100)
        writer.close()

    async with await asyncio.start_server(chat, "127.0.0.1", 0) as other:
        url = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}"
        async with ApiClient(url, "key", pauses=()) as api:
            with pytest.raises(CommandRefused, match="what came back is no HTTP"):
                await api.get_batch("b")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (TimeoutError(), "no answer in time"),
        (aiohttp.ClientOSError(110, "Connection timed out"), "the connection failed"),
        (None, "the connection failed"),
    ],
)
def test_other_ends_of_a_connection_are_told_of_in_words(error: BaseException | None, sentence: str) -> None:
    assert connection_fault(error).startswith(sentence)


@pytest.mark.parametrize(
    ("status", "document", "sentence"),
    [
        (401, {"detail": "The API key is unknown."}, "the API answers 401: The API key is unknown."),
        (
            400,
            {"title": "Not valid", "errors": {"body": ["body is required.", "Really."], "sender": ["No."]}},
            "the API answers 400: Not valid body: body is required. Really. sender: No.",
        ),
        (502, None, "the API answers 502, and not as Heliograph does"),
        (404, ["x"], "the API answers 404, and not as Heliograph does"),
    ],
)
def test_a_refusal_is_one_line(status: int, document: object, sentence: str) -> None:
    assert refusal_text(status, json.loads(json.dumps(document))) == sentence


async def test_another_server_is_noticed(server: Server) -> None:
    server.answers = [lambda: web.Response(text="<html>")]
    async with ApiClient(server.url, "key", pauses=(0, 0)) as api:
        with pytest.raises(CommandRefused, match="not as Heliograph does"):
            await api.get_batch("b")
