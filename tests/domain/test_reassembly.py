"""Segments become messages in any order, however often they come, and whatever else comes between."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.incoming import IncomingSegment, text_of
from heliograph.domain.reassembly import (
    MOST_REMEMBERED,
    MOST_WAITING,
    JoinedMessage,
    Patience,
    Reassembly,
)
from heliograph.domain.segmentation import Concatenation

SECOND = 1_000
HOUR = 3_600 * SECOND
PATIENCE = Patience(segments_ms=HOUR, repeat_ms=300 * SECOND)


def segment(
    text: str, sequence: int = 1, total: int = 1, *, reference: int = 7, data_coding: int = 0
) -> IncomingSegment:
    return IncomingSegment(
        "46700000001", "46555", Concatenation(reference, total, sequence), data_coding, text.encode()
    )


def texts(messages: list[JoinedMessage]) -> list[str]:
    return [text_of(message.pieces).body for message in messages]


def feed(segments: list[IncomingSegment], *, store_between: bool = True) -> list[str]:
    """What comes out, in order; stored and read again after each segment."""
    found: list[str] = []
    joining = Reassembly(PATIENCE)
    for at, one in enumerate(segments):
        found += texts(joining.add(one, at))
        if store_between:
            joining = Reassembly(PATIENCE, joining.stored())
    return found


@pytest.mark.parametrize("order", list(permutations(range(1, 6))))
def test_five_segments_in_every_order(order: tuple[int, ...]) -> None:
    assert feed([segment(f"{number}", number, 5) for number in order]) == ["12345"]


@pytest.mark.parametrize("order", list(permutations([1, 1, 2, 2, 3])))
def test_every_order_with_duplicates(order: tuple[int, ...]) -> None:
    assert feed([segment(f"{number}", number, 3) for number in order]) == ["123"]


def test_a_message_of_one_segment_comes_at_once_and_its_repetition_does_not() -> None:
    joining = Reassembly(PATIENCE)
    assert texts(joining.add(segment("Yes"), 0)) == ["Yes"]
    assert joining.add(segment("Yes"), 299 * SECOND) == []
    assert texts(joining.add(segment("No"), 299 * SECOND)) == ["No"]
    assert texts(joining.add(segment("Yes"), 300 * SECOND)) == ["Yes"]


def test_a_repetition_after_the_message_was_whole_begins_nothing() -> None:
    joining = Reassembly(PATIENCE)
    parts = [segment("a", 1, 2), segment("b", 2, 2)]
    assert [texts(joining.add(part, 0)) for part in parts] == [[], ["ab"]]
    assert [joining.add(part, HOUR - 1) for part in parts] == [[], []]
    assert joining.release(10 * HOUR) == []


def test_two_references_at_once() -> None:
    parts = [
        segment("a", 1, 2, reference=1),
        segment("c", 1, 2, reference=2),
        segment("d", 2, 2, reference=2),
        segment("b", 2, 2, reference=1),
    ]
    assert feed(parts) == ["cd", "ab"]


def test_two_messages_of_one_reference_at_once() -> None:
    parts = [segment("a", 1, 2), segment("c", 1, 2), segment("b", 2, 2), segment("d", 2, 2)]
    assert feed(parts) == ["ab", "cd"]


def test_the_number_of_segments_is_part_of_the_reference() -> None:
    parts = [segment("a", 1, 2), segment("x", 1, 3), segment("b", 2, 2)]
    assert feed(parts) == ["ab"]


def test_what_misses_a_segment_is_given_out_after_a_time() -> None:
    joining = Reassembly(PATIENCE)
    joining.add(segment("a", 1, 4), 0)
    joining.add(segment("d", 4, 4), 10)
    assert joining.next_look_ms() == HOUR + 10
    assert joining.release(HOUR + 9) == []
    (message,) = joining.release(HOUR + 10)
    assert (text_of(message.pieces).body, message.total, message.is_incomplete) == ("a…d", 4, True)
    assert joining.release(HOUR + 10) == []
    # What came before comes again: nothing; what is new begins anew.
    assert joining.add(segment("a", 1, 4), HOUR + 20) == []
    assert joining.add(segment("b", 2, 4), HOUR + 20) == []
    assert texts(joining.release(3 * HOUR)) == ["…b…"]


def test_nothing_is_kept_for_ever() -> None:
    joining = Reassembly(PATIENCE)
    assert joining.next_look_ms() is None
    joining.add(segment("Hi"), 0)
    assert joining.next_look_ms() == 300 * SECOND
    assert joining.release(300 * SECOND) == []
    assert joining.next_look_ms() is None


def test_one_handset_cannot_fill_the_table() -> None:
    joining = Reassembly(PATIENCE)
    given_out = [
        message
        for number in range(MOST_WAITING + 5)
        for message in joining.add(segment(f"{number}", 1, 2, reference=number), number)
    ]
    assert texts(given_out) == [f"{number}…" for number in range(5)]
    for number in range(2 * MOST_REMEMBERED):
        joining.add(segment(f"alone {number}"), 1_000)
    assert len(joining.stored()) < 20_000


@st.composite
def interleaved(draw: st.DrawFn) -> tuple[list[str], list[IncomingSegment]]:
    """Messages of one to six segments with references of their own, shuffled, some segments repeated."""
    whole, segments = [], []
    for reference in range(draw(st.integers(1, 6))):
        pieces = draw(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=6))
        pieces[0] = f"{reference}{pieces[0]}"
        whole.append("".join(pieces))
        segments += [
            segment(piece, number, len(pieces), reference=reference) for number, piece in enumerate(pieces, 1)
        ]
    repeated = draw(st.lists(st.sampled_from(segments), max_size=10))
    return whole, draw(st.permutations(segments + repeated))


@given(interleaved(), st.booleans())
def test_every_message_comes_out_once_and_whole(
    case: tuple[list[str], list[IncomingSegment]], store_between: bool
) -> None:
    whole, segments = case
    assert sorted(feed(segments, store_between=store_between)) == sorted(whole)


@given(interleaved(), st.data())
def test_what_is_missing_never_loses_what_came(
    case: tuple[list[str], list[IncomingSegment]], data: st.DataObject
) -> None:
    _, segments = case
    lost = data.draw(st.sampled_from(segments))
    joining = Reassembly(PATIENCE)
    came = [one for one in segments if one != lost]
    found = [message for one in came for message in joining.add(one, 0)] + joining.release(HOUR)
    pieces = [(piece.sequence, piece.user_data) for message in found for piece in message.pieces if piece]
    distinct = {(one.place.reference, one.place.sequence): one for one in came}
    assert sorted(pieces) == sorted((one.place.sequence, one.user_data) for one in distinct.values())
    assert sum(message.is_incomplete for message in found) == (lost.place.total > 1)
