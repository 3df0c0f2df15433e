"""What the queries of lists may ask for, and how each wrong value is told."""

from datetime import UTC, datetime

import pytest

from heliograph.domain.refusals import InvalidRequest
from heliograph.domain.status import BatchStatus, Code
from heliograph.faces.api.list_filters import parse_batch_list, parse_message_list
from heliograph.storage.batch_listing import BatchFilter
from heliograph.storage.message_reading import MessageFilter


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", BatchFilter()),
        (b"tags=a&tags=b,c", BatchFilter(tags=("a", "b", "c"))),
        (b"tags=", BatchFilter()),
        (b"sender=iP1&reference=my%20mark", BatchFilter(sender="iP1", reference="my mark")),
        (b"direction=mo", BatchFilter(incoming=True)),
        (b"direction=Mt", BatchFilter(incoming=False)),
        (
            b"status=111&status=203,112",
            BatchFilter(statuses=frozenset({BatchStatus.ONGOING, BatchStatus.CANCELED, BatchStatus.SENT})),
        ),
        (
            b"createdFrom=2026-11-22T01:00:00%2B01:00&createdTo=2026-11-23T00:00:00",
            BatchFilter(
                created_from=datetime(2026, 11, 22, tzinfo=UTC), created_to=datetime(2026, 11, 23, tzinfo=UTC)
            ),
        ),
    ],
)
def test_filters_of_batches(query: bytes, expected: BatchFilter) -> None:
    assert parse_batch_list(query)[1] == expected


@pytest.mark.parametrize(
    ("query", "name", "sentence"),
    [
        (b"sender=", "sender", "sender is 1 to 21 ASCII characters; a number has no + before it."),
        (
            b"sender=%2B46701740605",
            "sender",
            "sender is 1 to 21 ASCII characters; a number has no + before it.",
        ),
        (b"sender=a&sender=b", "sender", "sender is given more than once."),
        (b"reference=%20", "reference", "reference has 1 to 40 characters and is not blank."),
        (b"reference=" + b"x" * 41, "reference", "reference has 1 to 40 characters and is not blank."),
        (b"direction=up", "direction", "direction is MT or MO."),
        (b"status=102", "status", "status is any of 101, 111, 112, 201, 203."),
        (b"status=", "status", "status is any of 101, 111, 112, 201, 203."),
        (b"createdFrom=today", "createdFrom", "createdFrom is a time such as 2026-11-22T17:00:19Z."),
        (b"createdTo=2026-13-01T00:00:00Z", "createdTo", "createdTo is a time such as 2026-11-22T17:00:19Z."),
        (b"after=x", "after", "after is the id of an entry, 24 hexadecimal digits, or empty to begin."),
        (b"after=&start=0", "after", "after and start exclude each other."),
        (b"after=&after=", "after", "after is given more than once."),
        (
            b"status=112&start=50",
            "start",
            "start is 0 where batches are listed by status: follow next in Link, which has after.",
        ),
    ],
)
def test_a_wrong_filter_of_batches_is_named(query: bytes, name: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_batch_list(query)
    assert refused.value.by_field() == {name: [sentence]}


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_batch_list(b"limit=0&direction=x&createdTo=y&after=z")
    assert list(refused.value.by_field()) == ["limit", "after", "direction", "createdTo"]


def test_only_a_derived_status_needs_a_look_at_each_batch() -> None:
    assert not parse_batch_list(b"status=201&start=50")[1].is_derived
    assert not parse_batch_list(b"status=101,111,112,201,203")[1].is_derived
    assert parse_batch_list(b"status=201,203")[1].is_derived


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", frozenset({False, True})),
        (b"direction=MO", frozenset({True})),
        (b"status=201", frozenset({True})),
        (b"status=112", frozenset({False})),
        (b"status=112,201&direction=MT", frozenset({False})),
        (b"status=112&direction=MO", frozenset()),
    ],
)
def test_a_status_tells_the_direction(query: bytes, expected: frozenset[bool]) -> None:
    assert parse_batch_list(query)[1].directions() == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", MessageFilter()),
        (b"recipient=46701740605", MessageFilter(recipient="46701740605")),
        (b"status=201", MessageFilter(codes=[201])),
        (b"status=2", MessageFilter(codes=[201, 202, 203])),
        (b"status=2XX,599&status=201", MessageFilter(codes=[201, 202, 203, 599])),
    ],
)
def test_filters_of_messages(query: bytes, expected: MessageFilter) -> None:
    assert parse_message_list(query)[1] == expected


def test_the_groups_hold_every_code() -> None:
    assert parse_message_list(b"status=1,2,4,5")[1].codes == sorted(int(code) for code in Code)


@pytest.mark.parametrize("value", [b"3", b"299", b"2x", b"", b"201x", b"delivered", b"%D9%A1"])
def test_a_wrong_status_of_messages_is_named(value: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_message_list(b"status=" + value + b"&recipient=%2B46")
    assert refused.value.by_field() == {
        "status": [
            "status is a status code such as 201, or a group of them: 1, 2, 4, 5, or 1xx, 2xx, 4xx, 5xx."
        ],
        "recipient": ["recipient is a number of at most 15 digits, without +."],
    }
