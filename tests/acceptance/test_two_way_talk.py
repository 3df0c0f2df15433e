"""A talk with a handset through real processes: batch out, answer in, STOP, and the next batch is refused."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.acceptance.conftest import Served

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

PHONE, OURS = "46701740605", "46701740699"
LONG = "Ja, gärna! " * 20


@contextmanager
def customer() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A customer's program: its URL and what it was told."""
    received: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/sms", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(served: Served, body: str) -> Any:
    request = {"sender": OURS, "recipients": [PHONE], "body": body}
    status, batch = served.ask("/v2/batches", json.dumps(request).encode())
    assert status == 201, batch
    return batch


def wait_for(count: int, received: list[tuple[dict[str, str], bytes]]) -> None:
    deadline = time.monotonic() + 20
    while len(received) < count:
        assert time.monotonic() < deadline, f"{len(received)} of {count} came"
        time.sleep(0.05)


def conversation(served: Served, form: str = "") -> Any:
    """One of the four forms of the conversation with the phone."""
    status, document = served.ask(f"/v2/conversations/{PHONE}{form}")
    assert status == 200, document
    return document


def let_a_second_begin() -> None:
    """Return when it is a second later: what several processes accept in the same one has no order."""
    time.sleep(1.05 - time.time() % 1)


def test_a_two_way_talk(served: Served) -> None:
    secret = (served.folder / "first-webhook-secret").read_text().strip()

    def type_in(*arguments: str) -> Any:
        answer = served.command(*arguments, "--json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    with customer() as (url, received):
        assert type_in("account", "change", "ip1-10001", "--incoming-url", url)["incomingUrl"] == url
        assert [row["number"] for row in type_in("number", "list")] == [OURS]

        sent = send(served, "Shall we meet at 3?")
        deadline = time.monotonic() + 20
        while not type_in("handset", "read", PHONE):
            assert time.monotonic() < deadline
        assert type_in("handset", "read", PHONE)[0]["sender"] == OURS

        let_a_second_begin()
        assert type_in("handset", "answer", PHONE, LONG)["segments"] == 2
        wait_for(1, received)
        let_a_second_begin()
        assert type_in("handset", "send", PHONE, OURS, " stop ")["segments"] == 1
        wait_for(2, received)

        documents = [json.loads(body) for _, body in received]
        for headers, body in received:
            Webhook(secret).verify(body, headers)
        assert [(one["sender"], one["recipient"], one["direction"]) for one in documents] == [
            (PHONE, OURS, "mo")
        ] * 2
        assert [(one["body"], one["segments"]) for one in documents] == [(LONG, 2), (" stop ", 1)]
        assert [one.get("optOut") for one in documents] == [None, "stop"]

        _, batches = served.ask("/v2/batches")
        assert [(batch["direction"], batch["status"] == 201) for batch in batches] == [
            ("MT", False),
            ("MO", True),
            ("MO", True),
        ]
        assert batches[0]["id"] == sent["id"]
        assert [batch["id"] for batch in batches[1:]] == [one["batchId"] for one in documents]

        told = conversation(served)
        assert [
            (entry["direction"], entry["sender"], entry["recipient"], entry["batchId"]) for entry in told
        ] == [
            ("mt", OURS, PHONE, sent["id"]),
            ("mo", PHONE, OURS, documents[0]["batchId"]),
            ("mo", PHONE, OURS, documents[1]["batchId"]),
        ]
        assert [entry["body"] for entry in told] == ["Shall we meet at 3?", LONG, " stop "]
        ids = [entry["id"] for entry in told]
        assert [entry["id"] for entry in conversation(served, "/mt")] == ids[:1]
        assert [entry["id"] for entry in conversation(served, "/mo")] == ids[1:]
        counted = conversation(served, "/summary")
        assert (counted["totalMessageCount"], counted["totalSmsCount"]) == (3, 4)
        assert counted["mobileOriginatedMessages"] == {"201": {"messages": 2, "sms": 3}}

        status, entry = served.ask(f"/v2/blacklist/{PHONE}")
        assert (status, entry["msisdn"]) == (200, PHONE)
        let_a_second_begin()
        refused = send(served, "Are you there?")
        assert refused["messageSummary"] == {"405": {"messages": 1, "sms": 1}}
        assert refused["priceSummary"]["total"] == 0
        assert [entry["batchId"] for entry in conversation(served)] == [
            *(entry["batchId"] for entry in told),
            refused["id"],
        ]

        type_in("handset", "send", PHONE, OURS, "START")
        wait_for(3, received)
        assert send(served, "Welcome back")["messageSummary"] == {"103": {"messages": 1, "sms": 1}}
