"""An HTTP server on loopback that answers as it is told, one request after the other, and keeps them all."""

import json
import socket
import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self

HANG_UP = 0
"""Instead of a status: take the request and close without an answer."""

BATCH = {
    "id": "5bc86b6e85c7209830f96936",
    "sender": "iP1",
    "body": "Hi",
    "owner": "ip1-10001",
    "direction": "MT",
    "type": "sms",
    "datacoding": "GSM",
    "priority": 1,
    "templated": False,
    "deliveryWindows": [{"opens": "2026-11-22T17:00:19Z", "closes": "2026-11-25T17:00:19Z"}],
    "status": 111,
    "deliveryReportUrl": None,
    "reference": None,
    "tags": [],
    "created": "2026-11-22T17:00:19Z",
    "ofTomorrow": 1,
}


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Scripted(NamedTuple):
    """What to answer to one request; ``closes`` ends the connection after it, unannounced."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType({})
    closes: bool = False


class ScriptedServer:
    """Answers by a script from a thread; a request after its end gets 500."""

    def __init__(self, script: Sequence[Scripted]) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self._script = list(script)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            each.close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            try:
                while self._answer_one(stream):
                    pass
            except OSError:
                return

    def _answer_one(self, stream: Any) -> bool:
        request = stream.readline().decode().split()
        if not request:
            return False
        headers: dict[str, str] = {}
        while line := stream.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
        self.asked.append(Asked(request[0], request[1], headers, body))
        answer = self._script.pop(0) if self._script else Scripted(500)
        if answer.status == HANG_UP:
            return False
        octets = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        lines = [
            f"HTTP/1.1 {answer.status} Scripted",
            f"Content-Length: {len(octets)}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
        ]
        stream.write(("\r\n".join(lines) + "\r\n\r\n").encode() + octets)
        stream.flush()
        return not answer.closes


def problem(status: int, kind: str = "unavailable", **others: Any) -> dict[str, Any]:
    """Problem details."""
    return {
        "type": f"urn:heliograph:problem:{kind}",
        "title": "A title",
        "status": status,
        "detail": "A detail.",
        "instance": "/v2/batches",
        **others,
    }
