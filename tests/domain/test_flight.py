"""What leaves the queue and what comes back to it: windows of a retry, lots made of it, ends of doubt."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.flight import (
    ClaimedLot,
    HeldLot,
    TriedAgain,
    given_up_at,
    left_in_doubt,
    lots_again,
    may_get_receipts,
    segment_places,
    stored_bits,
    window_for,
)
from heliograph.domain.lot import LotContents, LotMessage, LotState, LotText

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEXTS = [LotText("iP1", "one", 0, False), LotText("iP1", "two", 0, False)]


def lot(**changes: object) -> ClaimedLot:
    values: dict[str, object] = {
        "lot_id": b"old",
        "account_id": 7,
        "priority": 2,
        "fair_position": 99,
        "opens_at": NOON - HOUR,
        "closes_at": NOON + HOUR,
        "later_opens": [NOON + 24 * HOUR],
        "later_closes": [NOON + 25 * HOUR],
        "segment_count": 4,
        "start": 0,
        "end": 4,
        "intent_at": NOON,
        "skipped": [],
        "answered": b"",
        "payload": b"",
    }
    return ClaimedLot(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("due", "opens", "closes", "later"),
    [
        (NOON, NOON, NOON + HOUR, 1),
        (NOON + HOUR - timedelta(seconds=1), NOON + HOUR - timedelta(seconds=1), NOON + HOUR, 1),
        (NOON + HOUR, NOON + 24 * HOUR, NOON + 25 * HOUR, 0),
        (NOON + 24.5 * HOUR, NOON + 24.5 * HOUR, NOON + 25 * HOUR, 0),
    ],
)
def test_a_retry_goes_to_the_window_its_time_falls_in(
    due: datetime, opens: datetime, closes: datetime, later: int
) -> None:
    window = window_for(lot(), due)
    assert window is not None
    assert (window.opens_at, window.closes_at, len(window.later_opens)) == (opens, closes, later)


def test_no_window_is_left_after_the_last_one() -> None:
    assert window_for(lot(), NOON + 25 * HOUR) is None


@pytest.mark.parametrize(
    ("last_close", "expected"),
    [
        (0, NOON + 72 * HOUR),
        (int((NOON + 100 * HOUR).timestamp()), NOON + 72 * HOUR),
        (int((NOON + 5 * HOUR).timestamp()), NOON + 5 * HOUR),
        (int((NOON + timedelta(minutes=1)).timestamp()), NOON + timedelta(minutes=15)),
    ],
)
def test_doubt_ends_at_72_hours_or_the_last_window_but_leaves_time_for_a_receipt(
    last_close: int, expected: datetime
) -> None:
    assert given_up_at(last_close, NOON, NOON) == expected


def message(number: int, *, text: int = 0, segments: int = 1, tries: int = 0) -> LotMessage:
    return LotMessage(bytes([number]) * 12, f"4670000000{number}", text, segments, None, tries, 0)


def names() -> Iterator[bytes]:
    return (f"new{number}".encode() for number in range(100))


def test_what_goes_back_at_once_keeps_its_place() -> None:
    segments = [TriedAgain(lot(), TEXTS, message(number), 0, 3, None) for number in (1, 2)]
    (again,) = lots_again(segments, names().__next__)
    assert (again.lot_id, again.state, again.fair_position) == (b"new0", LotState.READY, 99)
    assert (again.opens_at, again.closes_at, again.priority) == (NOON - HOUR, NOON + HOUR, 2)
    assert [one.recipient for one in again.contents.messages] == ["46700000001", "46700000002"]
    assert [one.tries for one in again.contents.messages] == [3, 3]
    assert again.segment_count == 2


def test_what_waits_leaves_by_lot_and_time() -> None:
    soon, later = NOON + timedelta(seconds=30), NOON + timedelta(seconds=60)
    other = lot(lot_id=b"other")
    segments = [
        TriedAgain(lot(), TEXTS, message(1), 0, 1, soon),
        TriedAgain(lot(), TEXTS, message(2), 0, 1, later),
        TriedAgain(lot(), TEXTS, message(3), 0, 1, soon),
        TriedAgain(other, TEXTS, message(4), 0, 1, soon),
    ]
    made = lots_again(segments, names().__next__)
    assert [(one.opens_at, one.segment_count, one.state) for one in made] == [
        (soon, 2, LotState.SCHEDULED),
        (later, 1, LotState.SCHEDULED),
        (soon, 1, LotState.SCHEDULED),
    ]


def test_segments_of_a_message_stay_together_and_texts_are_numbered_anew() -> None:
    long = message(1, text=1, segments=3)
    segments = [TriedAgain(lot(), TEXTS, long, segment, 1, None) for segment in (2, 0)]
    (again,) = lots_again(segments, names().__next__)
    assert again.contents.texts == [TEXTS[1]]
    (only,) = again.contents.messages
    assert (only.text, only.only, only.to_submit) == (0, (0, 2), 2)
    (whole,) = lots_again(
        [TriedAgain(lot(), TEXTS, long, segment, 1, None) for segment in range(3)], names().__next__
    )
    assert whole.contents.messages[0].only is None


def held(next_segment: int, answered: int = 0, skipped: tuple[int, ...] = ()) -> HeldLot:
    return HeldLot(b"lot", 7, 6, next_segment, NOON, stored_bits(answered, 6), skipped, b"")


CONTENTS = LotContents(TEXTS, [message(1), message(2, segments=3), message(3), message(4)])


@pytest.mark.parametrize(
    ("lot", "expected"),
    [
        (held(0), []),
        (held(6), [(0, 0), (1, 0), (1, 1), (1, 2), (2, 0), (3, 0)]),
        (held(3), [(0, 0), (1, 0), (1, 1)]),
        (held(6, 0b000111), [(1, 2), (2, 0), (3, 0)]),
        (held(6, 0b000001, (1, 3)), [(2, 0)]),
    ],
)
def test_a_dead_owner_leaves_in_doubt_what_it_intended_and_nobody_answered(
    lot: HeldLot, expected: list[tuple[int, int]]
) -> None:
    assert left_in_doubt(lot, CONTENTS) == expected
    assert lot.has_rest == (lot.next_segment < 6)


def test_messages_that_left_a_lot_do_not_wait_for_receipts_in_it() -> None:
    assert may_get_receipts(CONTENTS, {1, 3}) == bytes([1]) * 12 + bytes([3]) * 12


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40))
def test_the_segments_of_a_lot_are_its_messages_segments_in_order(counts: list[int]) -> None:
    messages = [message(number % 9, segments=count) for number, count in enumerate(counts)]
    places = segment_places(messages)
    assert places == sorted(places)
    assert [sum(place.position == number for place in places) for number in range(len(counts))] == counts


@given(st.integers(1, 300), st.data())
def test_bits_are_stored_lowest_first(count: int, data: st.DataObject) -> None:
    marked = data.draw(st.sets(st.integers(0, count - 1)))
    stored = stored_bits(sum(1 << number for number in marked), count)
    assert len(stored) == (count + 7) // 8
    assert {number for number in range(count) if stored[number // 8] >> number % 8 & 1} == marked
