"""The simulated handsets at a terminal: list, read, answer, send, forget."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from heliograph.simulator.handsets import Handsets
from heliograph.simulator.run_simulator import SimulatorAddress, run_simulator
from heliograph.simulator.simulator_settings import SimulatorSettings
from heliograph.simulator.smpp_wire import Submit
from tests.faces.cli.conftest import Run

PHONE, OURS = "46701740605", "46701740699"


@contextmanager
def simulator() -> Iterator[str]:
    """A simulated carrier in a thread of its own, since commands run loops of theirs; its address."""
    ready = threading.Event()
    found: list[SimulatorAddress] = []
    parts: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        stop = asyncio.Event()
        parts.append((asyncio.get_running_loop(), stop))

        def tell(address: SimulatorAddress) -> None:
            found.append(address)
            ready.set()

        settings = SimulatorSettings(
            system_id="test", password="test", smpp_port=0, http_port=0, receipt_delay=0.0
        )
        await run_simulator(settings, now=lambda: datetime.now(UTC), stop=stop, on_ready=tell)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    try:
        yield found[0].handsets_url
    finally:
        loop, stop = parts[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every new set of handsets has got a message from a name, then one from a number."""
    made = Handsets.__init__

    def with_messages(self: Handsets, capacity: int) -> None:
        made(self, capacity)
        for sender in (b"\5\0Helio", b"\1\1" + OURS.encode()):
            submit = Submit(sender, b"\1\1" + PHONE.encode(), 0, 1, 0, b"Hello")
            self.arrive((datetime.now(UTC), submit))

    monkeypatch.setattr(Handsets, "__init__", with_messages)


def test_handsets_are_read_and_answered(run: Run, arrived: None) -> None:
    with simulator() as url:
        at = ("--url", url)
        assert [row["msisdn"] for row in run("handset", "list", *at, "--json").json] == [PHONE]
        assert PHONE in run("handset", "list", *at).out
        assert [row["sender"] for row in run("handset", "read", PHONE, *at, "--json").json] == ["Helio", OURS]
        assert "Hello" in run("handset", "read", PHONE, *at).out
        answered = run("handset", "answer", PHONE, "Hej på dig", *at, "--json").json
        assert answered == {"sender": PHONE, "recipient": OURS, "text": "Hej på dig", "segments": 1}
        sent = run("handset", "send", PHONE, OURS, "x" * 200, *at)
        assert sent.out == f"{PHONE} wrote to {OURS} (2 SMS).\n"
        assert run("handset", "clear", PHONE, *at).exit_code == 0
        assert run("handset", "list", *at, "--json").json == []
        nothing = run("handset", "answer", PHONE, "Hej", *at)
        assert (nothing.exit_code, nothing.err.count("\n")) == (2, 1)
        assert "got no message yet" in nothing.err


def test_nobody_answers_a_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Handsets.__init__

    def with_message(self: Handsets, capacity: int) -> None:
        made(self, capacity)
        self.arrive((datetime.now(UTC), Submit(b"\5\0Helio", b"\1\1" + PHONE.encode(), 0, 1, 0, b"Hello")))

    monkeypatch.setattr(Handsets, "__init__", with_message)
    with simulator() as url:
        answer = run("handset", "answer", PHONE, "Hej", "--url", url)
    assert answer.exit_code == 2
    assert "nobody can answer Helio" in answer.err


@pytest.mark.parametrize(
    "arguments", [("read", "abc"), ("answer", "abc", "Hej"), ("send", PHONE, "Helio", "Hej")]
)
def test_what_is_no_number_is_refused(run: Run, arguments: tuple[str, ...]) -> None:
    answer = run("handset", *arguments, "--url", "http://127.0.0.1:9")
    assert answer.exit_code == 2
    assert "is no phone number" in answer.err


def test_a_carrier_that_is_not_there_is_one_line(run: Run) -> None:
    answer = run("handset", "list", "--url", "http://127.0.0.1:9")
    assert (answer.exit_code, answer.err.count("\n")) == (2, 1)
    assert "does not answer" in answer.err
