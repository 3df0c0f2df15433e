"""The event feed in bytes: events packed and read again, cursors that nobody else can use."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.feed_events import (
    EVENT_BYTES,
    Cursor,
    FeedEvent,
    cursor_text,
    pack_event,
    parse_cursor,
    unpack_events,
)
from heliograph.domain.history import entry

IDENTIFIERS = st.binary(min_size=12, max_size=12)
EVENTS = st.builds(
    FeedEvent,
    IDENTIFIERS,
    st.integers(0, 2**32 - 1),
    st.integers(101, 599),
    st.integers(0, 2**48 - 1),
)
CURSORS = st.builds(
    Cursor, st.integers(0, 2**32 - 1), st.integers(0, 2**63 - 1), IDENTIFIERS, st.integers(0, 2**32 - 1)
)


@given(st.lists(EVENTS))
def test_events_are_read_as_they_were_packed(events: list[FeedEvent]) -> None:
    stored = b"".join(pack_event(*event) for event in events)
    assert len(stored) == EVENT_BYTES * len(events)
    assert list(unpack_events(stored)) == events


def test_an_event_ends_as_an_entry_of_the_history() -> None:
    # The statements that change messages put events together from these.
    assert pack_event(b"m" * 12, 3, 201, 1_700_000_000_123) == (
        b"m" * 12 + (3).to_bytes(4, "big") + entry(201, 1_700_000_000_123)
    )


@given(CURSORS, st.integers(1, 2**63 - 1))
def test_a_cursor_is_read_by_the_account_it_was_given_to_only(cursor: Cursor, account_id: int) -> None:
    text = cursor_text(cursor, account_id)
    assert parse_cursor(text, account_id) == cursor
    assert parse_cursor(text, account_id ^ 1) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text + "A",
        lambda text: text + "=",
        lambda text: text[0] + "\u00e4" + text[2:],
        lambda text: " " + text,
        lambda text: text[:4] + "!" + text[4:],
        lambda text: ("B" if text[10] == "A" else "A").join((text[:10], text[11:])),
        lambda text: "x" * 10_000,
    ],
)
def test_anything_else_is_no_cursor(spoil: object) -> None:
    text = cursor_text(Cursor(1, 2, b"b" * 12, 3), 1)
    assert callable(spoil)
    assert parse_cursor(spoil(text), 1) is None


def test_a_cursor_of_another_version_is_none() -> None:
    text = cursor_text(Cursor(1, 2), 1)
    octets = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert parse_cursor(urlsafe_b64encode(b"\x02" + octets[1:]).decode().rstrip("="), 1) is None
