"""The report sink: the customer's end, which answers 200 to every delivery report and counts them.

It takes reports apart no further than it must to count: the ``webhook-id`` of the head, the code of the body.
"""

import asyncio
from collections import Counter
from typing import Any, Final, NamedTuple, cast

_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "
_ID: Final = b"webhook-id: "
_CODE: Final = b'"code":'


class Received(NamedTuple):
    """What arrived since the last count began."""

    codes: dict[int, int]
    unique: int
    """Different webhook-ids."""
    posts: int


class ReportSink:
    """What all connections share."""

    def __init__(self) -> None:
        self._codes: Counter[bytes] = Counter()
        self._ids: set[bytes] = set()
        self._posts = 0

    def connect(self) -> "SinkConnection":
        return SinkConnection(self)

    def take(self, webhook_id: bytes, code: bytes) -> None:
        self._posts += 1
        self._ids.add(webhook_id)
        self._codes[code] += 1

    def unique(self) -> int:
        """How many different events arrived."""
        return len(self._ids)

    def received(self) -> Received:
        """Everything that arrived."""
        codes = {int(code): count for code, count in self._codes.items()}
        return Received(codes, len(self._ids), self._posts)

    def forget(self) -> None:
        """Begin to count anew."""
        self._codes.clear()
        self._ids.clear()
        self._posts = 0


class SinkConnection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, sink: ReportSink) -> None:
        self._sink = sink
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        answers = 0
        while (end := buffer.find(_END_OF_HEAD)) >= 0:
            head = buffer[:end].lower()
            whole = end + 4 + int(_value(head, _LENGTH))
            if len(buffer) < whole:
                break
            self._sink.take(_value(head, _ID), _code(buffer, end))
            answers += 1
            buffer = buffer[whole:]
        self._buffer = buffer
        if answers:
            self._transport.write(_ANSWER * answers)


def _value(head: bytes, name: bytes) -> bytes:
    start = head.index(name) + len(name)
    end = head.find(b"\r", start)
    return head[start:] if end < 0 else head[start:end]


def _code(buffer: bytes, end_of_head: int) -> bytes:
    start = buffer.index(_CODE, end_of_head) + len(_CODE)
    return buffer[start : start + 3]


async def set_up() -> dict[str, Any]:
    """The report sink as a tool; ``port`` tells where it listens."""
    sink = ReportSink()
    server = await asyncio.get_running_loop().create_server(sink.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return {
        "port": lambda: port,
        "unique": sink.unique,
        "received": sink.received,
        "forget": sink.forget,
    }
