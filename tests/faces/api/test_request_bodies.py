"""Reading bodies within bounds: kind, size, pace, and how many at once."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from heliograph.domain.refusals import InvalidRequest, TooLarge, Unavailable, UnsupportedMediaType
from heliograph.faces.api.problems import RequestTimeout
from heliograph.faces.api.request_bodies import (
    BodyLimits,
    BodyReader,
    Disconnected,
    Receive,
    check_media_type,
)


def body_of(*chunks: bytes, then: str = "end") -> Receive:
    """A request whose body comes in chunks, each after a turn of the loop; then its end, a halt or a loss."""
    waiting = list(chunks)

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(0)
        if waiting:
            chunk = waiting.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting) or then != "end"}
        if then == "halt":
            await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    return receive


async def at_once() -> MutableMapping[str, Any]:
    """A body that came with the headers."""
    return {"type": "http.request", "body": b"{}", "more_body": False}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        b"",
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"',
        b"application/json ; odata=verbose",
        b"text/json",
        b"application/vnd.api+json",
    ],
)
def test_json_and_nothing_said_are_taken(content_type: bytes | None) -> None:
    check_media_type(content_type, None)
    check_media_type(content_type, b"identity")


@pytest.mark.parametrize(
    ("content_type", "content_encoding", "sentence"),
    [
        (b"text/plain", None, "The body must be JSON: Content-Type: application/json."),
        (b"multipart/form-data", None, "The body must be JSON: Content-Type: application/json."),
        (b"application/xml", None, "The body must be JSON: Content-Type: application/json."),
        (b"json", None, "The body must be JSON: Content-Type: application/json."),
        (b"\xff", None, "The body must be JSON: Content-Type: application/json."),
        (
            b"application/json; charset=iso-8859-1",
            None,
            "The body must be UTF-8: leave the charset out or write charset=utf-8.",
        ),
        (
            b"application/json",
            b"gzip",
            "The body must not be compressed: Content-Encoding is not supported.",
        ),
        (None, b"br", "The body must not be compressed: Content-Encoding is not supported."),
    ],
)  # fmt: skip
def test_anything_else_is_415(
    content_type: bytes | None, content_encoding: bytes | None, sentence: str
) -> None:
    with pytest.raises(UnsupportedMediaType) as refused:
        check_media_type(content_type, content_encoding)
    assert refused.value.sentence == sentence


async def test_a_body_that_came_with_the_headers() -> None:
    assert await BodyReader().read(at_once, b"2") == b"{}"


async def test_a_body_in_chunks_without_a_length() -> None:
    assert await BodyReader().read(body_of(b"{", b"", b"}"), None) == b"{}"


@pytest.mark.parametrize("chunks", [(b"12345",), (b"123", b"45")])
async def test_a_body_beyond_the_limit_is_413_while_it_is_read(chunks: tuple[bytes, ...]) -> None:
    with pytest.raises(TooLarge) as refused:
        await BodyReader(BodyLimits(max_bytes=4)).read(body_of(*chunks, then="halt"), None)
    assert refused.value.sentence == "The body may have 4 bytes at most."


async def test_a_length_beyond_the_limit_is_413_before_anything_is_read() -> None:
    async def never() -> MutableMapping[str, Any]:
        raise AssertionError

    with pytest.raises(TooLarge):
        await BodyReader(BodyLimits(max_bytes=4)).read(never, b"5")


@pytest.mark.parametrize("length", [b"", b"-1", b"1.0", b"x", "\u0661".encode(), b"9" * 5000])
async def test_a_length_that_is_no_number_is_400(length: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await BodyReader().read(at_once, length)
    assert refused.value.sentence == "Content-Length must be a number."


@pytest.mark.parametrize("chunks", [(), (b"{",)])
async def test_a_body_that_does_not_come_in_time_is_408(chunks: tuple[bytes, ...]) -> None:
    with pytest.raises(RequestTimeout) as refused:
        await BodyReader(BodyLimits(seconds=0.01)).read(body_of(*chunks, then="halt"), None)
    assert refused.value.sentence == "The body did not arrive in time."


async def test_every_byte_that_comes_gives_more_time() -> None:
    left = [100] * 15

    async def slowly() -> MutableMapping[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x" * left.pop(), "more_body": bool(left)}

    limits = BodyLimits(seconds=0.2, slowest_bytes_per_second=1_000)
    assert await BodyReader(limits).read(slowly, None) == b"x" * 1500


@pytest.mark.parametrize("chunks", [(), (b"{",)])
async def test_a_caller_that_goes_away_is_told_apart(chunks: tuple[bytes, ...]) -> None:
    with pytest.raises(Disconnected):
        await BodyReader().read(body_of(*chunks, then="loss"), None)


async def test_too_many_bytes_at_once_are_503_and_room_comes_back() -> None:
    reader = BodyReader(BodyLimits(max_bytes_at_once=10))
    slow = asyncio.create_task(reader.read(body_of(b"x" * 8, then="halt"), None))
    await asyncio.sleep(0.01)
    with pytest.raises(Unavailable) as refused:
        await reader.read(body_of(b"x", b"xx", b"x"), None)
    assert refused.value.sentence == (
        "Too many large requests are being read. Nothing was accepted; try again in a moment."
    )
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)
    assert await reader.read(body_of(b"x", b"xx", b"x"), None) == b"xxxx"
