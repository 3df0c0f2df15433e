"""Delivery windows: the page's parsing rules, RFC 3339 read strictly, and where a moment lies."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.delivery_windows import (
    DeliveryWindow,
    WindowState,
    current,
    is_open,
    last_close,
    next_opening,
    next_window,
    parse_time,
    parse_windows,
    state_at,
)
from heliograph.domain.refusals import Refusal

NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)
NOT_A_TIME = "This is not a time in the form 2025-11-12T17:00:19Z (RFC 3339, years 1970 to 2199)."


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2025, 11, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-11-12T17:00:19Z", datetime(2025, 11, 12, 17, 0, 19, tzinfo=UTC)),
        ("2025-11-12t17:00:19z", datetime(2025, 11, 12, 17, 0, 19, tzinfo=UTC)),
        ("2025-11-12 17:00:19", datetime(2025, 11, 12, 17, 0, 19, tzinfo=UTC)),
        ("2026-11-22T12:00:00+00:00", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("2026-11-22T12:00:00+01:30", datetime(2026, 11, 22, 10, 30, tzinfo=UTC)),
        ("2026-11-22T23:00:00-05:00", datetime(2026, 11, 23, 4, tzinfo=UTC)),
        ("2025-11-12T17:00:19.5Z", datetime(2025, 11, 12, 17, 0, 19, 500_000, tzinfo=UTC)),
        ("2025-11-12T17:00:19.1234567+00:00", datetime(2025, 11, 12, 17, 0, 19, 123_456, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2025-02-29T00:00:00Z", None),
        ("2025-11-12T24:00:00Z", None),
        ("2025-11-12T23:59:60Z", None),
        ("2025-11-12T17:60:00Z", None),
        ("2025-13-12T17:00:00Z", None),
        ("2025-11-12T17:00Z", None),
        ("2025-11-12", None),
        ("20251112T170019Z", None),
        ("2025-W46-3T17:00:00Z", None),
        ("2025-11-12T17:00:19Z ", None),
        ("2025-11-12T17:00:19Z\n", None),
        ("2025-11-12T17:00:19,5Z", None),
        ("2025-11-12T17:00:19.Z", None),
        ("2025-11-12T17:00:19.1234567890Z", None),
        ("2025-11-12T17:00:19+24:00", None),
        ("2025-11-12T17:00:19+0100", None),
        ("٢٠٢٥-11-12T17:00:19Z", None),
        ("1969-12-31T23:59:59Z", None),
        ("2200-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("ISO-8601 string", None),
        ("", None),
    ],
)
def test_times_are_read_strictly(text: str, moment: datetime | None) -> None:
    assert parse_time(text) == moment


@given(st.integers(0, 7_258_118_399), st.integers(0, 999_999))
def test_a_written_time_comes_back(seconds: int, microseconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)
    assert parse_time(moment.isoformat()) == moment


def test_no_window_is_one_from_now_for_72_hours() -> None:
    expected = (DeliveryWindow(NOW, NOW + timedelta(hours=72)),)
    assert parse_windows(None, NOW) == expected
    assert parse_windows([], NOW) == expected
    assert parse_windows([{}], NOW) == expected
    assert parse_windows([{"opens": None, "closes": None}], NOW) == expected


def test_the_windows_of_the_page() -> None:
    raw = [
        {"opens": "2025-11-20T17:00:19Z", "closes": "2025-11-26T17:00:19Z"},
        {"Opens": "2025-11-12T17:00:19Z", "Closes": "2025-11-18T17:00:19Z"},
    ]
    second = timedelta(seconds=19)
    assert parse_windows(raw, NOW) == (
        DeliveryWindow(at(12, 17) + second, at(18, 17) + second),
        DeliveryWindow(at(20, 17) + second, at(26, 17) + second),
    )


def test_72_hours_are_elapsed_time_also_over_a_change_of_clocks() -> None:
    windows = parse_windows([{"opens": "2026-03-28T12:00:00+01:00"}], NOW)
    assert windows == (
        DeliveryWindow(datetime(2026, 3, 28, 11, tzinfo=UTC), datetime(2026, 3, 31, 11, tzinfo=UTC)),
    )


def test_opens_null_is_now_whatever_closes_is() -> None:
    windows = parse_windows([{"opens": None, "closes": "2025-11-14T00:00:00Z"}], NOW)
    assert windows == (DeliveryWindow(NOW, at(14)),)


def test_windows_may_touch() -> None:
    raw = [
        {"opens": "2025-11-14T00:00:00Z", "closes": "2025-11-15T00:00:00Z"},
        {"opens": "2025-11-13T00:00:00Z", "closes": "2025-11-14T00:00:00Z"},
    ]
    assert parse_windows(raw, NOW) == (DeliveryWindow(at(13), at(14)), DeliveryWindow(at(14), at(15)))


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        (
            "2025-11-12T17:00:19Z",
            [("deliveryWindows", "deliveryWindows must be an array of objects with opens and closes.")],
        ),
        ({}, [("deliveryWindows", "deliveryWindows must be an array of objects with opens and closes.")]),
        ([{}] * 101, [("deliveryWindows", "At most 100 delivery windows are allowed, not 101.")]),
        ([7], [("deliveryWindows[0]", "A delivery window must be an object with opens and closes.")]),
        (
            [{"opens": "soon", "closes": 5}, {"closes": "2025-11-12T24:00:00Z"}],
            [
                ("deliveryWindows[0].opens", NOT_A_TIME),
                ("deliveryWindows[0].closes", NOT_A_TIME),
                ("deliveryWindows[1].closes", NOT_A_TIME),
            ],
        ),
        (
            [{"opens": "2025-11-14T00:00:00Z", "closes": "2025-11-14T00:00:00Z"}],
            [("deliveryWindows[0].closes", "A delivery window must close after it opens.")],
        ),
        (
            [{"closes": "2025-11-13T12:00:00Z"}],
            [("deliveryWindows[0].closes", "A delivery window must close after it opens.")],
        ),
        (
            [{"opens": "2025-11-10T00:00:00Z", "closes": "2025-11-13T12:00:00Z"}],
            [("deliveryWindows", "Every delivery window has already closed.")],
        ),
        (
            [
                {"opens": "2025-11-15T00:00:00Z", "closes": "2025-11-16T00:00:00Z"},
                {"opens": "2025-11-14T00:00:00Z", "closes": "2025-11-20T00:00:00Z"},
                {"opens": "2025-11-17T00:00:00Z", "closes": "2025-11-18T00:00:00Z"},
            ],
            [
                ("deliveryWindows[0]", "This delivery window overlaps deliveryWindows[1]."),
                ("deliveryWindows[2]", "This delivery window overlaps deliveryWindows[1]."),
            ],
        ),
    ],
)
def test_every_fault_is_named(raw: object, faults: list[tuple[str, str]]) -> None:
    found = parse_windows(raw, NOW)
    assert isinstance(found, list)
    assert [(fault.field, fault.sentence) for fault in found] == faults
    assert all(isinstance(fault, Refusal) for fault in found)


def test_one_past_window_beside_a_coming_one_is_allowed() -> None:
    raw = [
        {"opens": "2025-11-01T00:00:00Z", "closes": "2025-11-02T00:00:00Z"},
        {"opens": "2025-11-20T00:00:00Z", "closes": "2025-11-21T00:00:00Z"},
    ]
    assert isinstance(parse_windows(raw, NOW), tuple)


WINDOWS = (DeliveryWindow(at(12), at(14)), DeliveryWindow(at(14), at(15)), DeliveryWindow(at(20), at(21)))


@pytest.mark.parametrize(
    ("now", "state", "opening"),
    [
        (at(11), WindowState.BEFORE, at(12)),
        (at(12), WindowState.OPEN, at(12)),
        (at(13), WindowState.OPEN, at(13)),
        (at(14), WindowState.OPEN, at(14)),
        (at(15), WindowState.BEFORE, at(20)),
        (at(20), WindowState.OPEN, at(20)),
        (at(21), WindowState.OVER, None),
    ],
)
def test_where_a_moment_lies(now: datetime, state: WindowState, opening: datetime | None) -> None:
    assert state_at(WINDOWS, now) is state
    assert next_opening(WINDOWS, now) == opening
    assert is_open(WINDOWS, now) == (state is WindowState.OPEN)
    assert last_close(WINDOWS) == at(21)


@given(st.integers(0, 13 * 86_400))
def test_the_next_opening_is_open_and_never_earlier(seconds: int) -> None:
    now = at(10) + timedelta(seconds=seconds)
    opening = next_opening(WINDOWS, now)
    if opening is None:
        assert now >= last_close(WINDOWS)
        return
    assert opening >= now
    assert current(WINDOWS, opening) == next_window(WINDOWS, now)
