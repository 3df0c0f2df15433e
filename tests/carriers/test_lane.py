"""What answers mean for a whole bind, and the books of its lots: no slot comes free before its commit."""

import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from heliograph.carriers.lane import Lane
from heliograph.carriers.link import Link
from heliograph.carriers.sent_segments import SentSegments
from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.domain.flight import ClaimedLot, SentSegment
from heliograph.domain.lot import LotContents, LotMessage, LotText, encode_contents
from heliograph.smpp import (
    Answered,
    GenericNack,
    LateResponse,
    Pdu,
    ResponseTimeout,
    SubmitSmResp,
    TimerSettings,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_numbers = itertools.count(1)


class Bench:
    """A lane with a clock that the test moves, and a link that was never connected."""

    def __init__(self, window: int = 200, tps: float = 100_000) -> None:
        self.seconds = 1000.0
        self.alarms: list[tuple[str, int]] = []
        self.sent = SentSegments()
        self.lane = Lane(
            CarrierProfile(window=window, tps=tps),
            self.sent,
            tps=tps,
            clock=lambda: self.seconds,
            wall_ms=lambda: int(NOON.timestamp() * 1000),
            may_write=lambda: True,
            on_change=lambda: None,
            on_deliveries=lambda link, deliveries: None,
            on_alarm=lambda name, status: self.alarms.append((name, status)),
        )
        self.link = Link(self.lane, lambda: self.seconds, window=window, timers=TimerSettings(), name="l")

    def load(self, count: int, *, segments: int = 1, body: str = "Hello") -> list[object]:
        """Claim a lot of so many messages; the tokens of its segments."""
        total = count * segments
        contents = LotContents(
            [LotText("iP1", body, 0, False)],
            [
                LotMessage(next(_numbers).to_bytes(12, "big"), f"467{number:08}", 0, segments)
                for number in range(count)
            ],
        )
        lot = ClaimedLot(
            next(_numbers).to_bytes(12, "big"),
            1,
            1,
            0,
            NOON,
            NOON + timedelta(hours=72),
            [],
            [],
            total,
            0,
            total,
            NOON,
            [],
            b"",
            encode_contents(contents),
        )
        return [token for block in self.lane.load([lot]) for token in block.tokens]

    def answer(self, token: object, status: int = 0, message_id: str = "m") -> None:
        self.take(Answered(token, SubmitSmResp(1, status, (), message_id)))

    def take(self, *events: object) -> None:
        self.lane.take_events(self.link, events)  # type: ignore[arg-type]


def test_a_place_in_the_window_comes_free_with_the_commit() -> None:
    bench = Bench(window=10)
    tokens = bench.load(10)
    book = bench.lane.book
    assert (book.busy, book.on_wire, bench.lane.window_free) == (10, 10, 0)
    assert bench.lane.seconds_to_load() is None
    for number, token in enumerate(tokens[:4]):
        bench.answer(token, message_id=f"m{number}")
    assert (book.busy, book.on_wire) == (10, 6)
    harvest = book.harvest()
    assert (harvest.slots, len(harvest.accepted), len(harvest.changes)) == (4, 4, 4)
    assert bench.lane.capacity(coming_free=harvest.slots) == 4
    assert (len(bench.sent.pending), len(bench.sent.committed)) == (4, 0)
    book.confirm(harvest)
    assert (book.busy, bench.lane.window_free) == (6, 4)
    assert (len(bench.sent.pending), len(bench.sent.committed)) == (0, 4)
    assert repr(book) == "<OutcomeBook 6 on the wire, 0 uncommitted, 1 lots>"


def test_a_lot_is_finished_with_its_last_answer() -> None:
    bench = Bench()
    first, second = bench.load(2)
    bench.answer(first)
    harvest = bench.lane.book.harvest()
    (progress,) = harvest.progress.values()
    assert (progress.before, progress.answered, harvest.finished) == (b"", b"\1", [])
    bench.lane.book.confirm(harvest)
    bench.answer(second)
    harvest = bench.lane.book.harvest()
    assert (len(harvest.finished), harvest.progress) == (1, {})
    bench.lane.book.confirm(harvest)
    assert bench.lane.book.lots == {}


def test_the_pace_bounds_what_is_loaded_at_once() -> None:
    bench = Bench(window=200, tps=100)
    assert bench.lane.capacity() == 9
    bench.load(9)
    assert bench.lane.capacity() == 0
    bench.seconds += 0.1
    assert bench.lane.capacity() == 9


def test_throttling_slows_the_bind_down() -> None:
    bench = Bench(tps=1000)
    (token,) = bench.load(1)
    bench.answer(token, 0x58)
    assert bench.lane.capacity() == 0
    assert bench.lane.seconds_to_load() == pytest.approx(1.0)
    (again,) = bench.lane.book.harvest().again
    assert again.due is None


def test_a_full_queue_is_the_recipients_until_it_is_everybodys() -> None:
    bench = Bench()
    tokens = bench.load(50)
    for token in tokens[:10]:
        bench.answer(token, 0x14)
    assert not bench.lane.pace.is_throttled(bench.seconds)
    bench.answer(tokens[10], 0x14)
    assert bench.lane.pace.is_throttled(bench.seconds)


def test_five_system_errors_in_a_row_pause_the_bind_for_a_minute() -> None:
    bench = Bench()
    tokens = bench.load(12)
    for token in tokens[:4]:
        bench.answer(token, 0x08)
    bench.answer(tokens[4])
    for token in tokens[5:9]:
        bench.answer(token, 0x08)
    assert bench.lane.capacity() > 0
    bench.answer(tokens[9], 0x08)
    assert bench.lane.capacity() == 0
    assert ("carrier_system_errors", 0x08) in bench.alarms
    bench.seconds += 60
    assert bench.lane.capacity() > 0


@pytest.mark.parametrize(("status", "wait"), [(0x04, 1.0), (0x53, 300.0)])
def test_some_answers_make_the_bind_useless(status: int, wait: float) -> None:
    bench = Bench()
    (token,) = bench.load(1)
    bench.answer(token, status)
    assert bench.lane.rebind_after == wait


@pytest.mark.parametrize("nack", [GenericNack(1, 0x03), GenericNack(1, 0)])
def test_a_generic_nack_never_accepts(nack: Pdu) -> None:
    bench = Bench()
    (token,) = bench.load(1)
    bench.take(Answered(token, nack))
    assert bench.lane.book.harvest().accepted == []


def test_a_text_that_no_alphabet_carries_fails_its_messages_only() -> None:
    bench = Bench()
    assert bench.load(2, body="\u4e2d") == []
    tokens = bench.load(1)
    assert len(tokens) == 1
    harvest = bench.lane.book.harvest()
    assert [(change.rank, change.code, change.refund) for change in harvest.changes] == [(10, 406, True)] * 2
    assert bench.lane.book.on_wire == 1


def test_a_late_answer_needs_no_place_in_the_window() -> None:
    bench = Bench(window=1)
    (token,) = bench.load(1)
    bench.take(ResponseTimeout(token, 1))
    harvest = bench.lane.book.harvest()
    assert (harvest.slots, len(harvest.doubtful)) == (1, 1)
    bench.lane.book.confirm(harvest)
    bench.take(LateResponse(token, SubmitSmResp(1, 0, (), "late")))
    harvest = bench.lane.book.harvest()
    assert (harvest.slots, len(harvest.accepted), len(harvest.resolved)) == (0, 1, 1)
    bench.lane.book.confirm(harvest)
    assert bench.lane.book.busy == 0


def test_answers_to_a_lot_that_was_taken_over_are_late() -> None:
    bench = Bench()
    accepted, silent, throttled = bench.load(3)
    book = bench.lane.book
    book.lose(book.lots.keys())
    bench.answer(accepted)
    bench.answer(throttled, 0x58)
    bench.take(ResponseTimeout(silent, 2))
    harvest = book.harvest()
    assert list(harvest.records) == []
    assert (harvest.slots, len(harvest.accepted), len(harvest.late.again)) == (3, 1, 1)
    assert (harvest.doubtful, harvest.again, len(harvest.resolved)) == ([], [], 2)
    book.confirm(harvest)
    assert (book.busy, book.on_wire) == (0, 0)


@pytest.mark.parametrize("happened", [True, False])
def test_after_a_lost_commit_outcomes_are_written_once(happened: bool) -> None:
    bench = Bench()
    first, second = bench.load(2)
    bench.answer(first, 0x58)
    book = bench.lane.book
    harvest = book.harvest()
    (lot_id,) = book.lots
    in_database = b"\1" if happened else b""
    rewind = book.reconcile(harvest, {lot_id: (2, in_database), b"unknown": (3, b"\1")})
    assert rewind == {b"unknown": 1}, "what was claimed without our learning it was never written"
    assert bool(harvest.again) is not happened
    assert bool(harvest.late.again) is happened
    book.confirm(harvest)
    bench.answer(second)
    (finished,) = book.harvest().finished
    assert finished.lot_id == lot_id


def test_only_the_latest_ids_are_remembered() -> None:
    sent = SentSegments(most=3)
    sent.commit(SentSegment(number, 0, 1, 1, 1, b"", str(number)) for number in range(5))
    assert list(sent.committed) == [2, 3, 4]


def test_a_lot_that_cannot_be_read_does_not_stop_the_others() -> None:
    bench = Bench()
    (token,) = bench.load(1)
    held = token[0]  # type: ignore[index]
    broken = msgspec.structs.replace(held.lot, lot_id=b"broken", payload=b"\xc1")
    assert bench.lane.load([broken]) == []
    assert bench.alarms == [("lot_unreadable", 0)]
    assert bench.lane.book.busy == 1
