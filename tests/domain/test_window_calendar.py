"""Delivery windows by days: months in whole weeks, hours of chosen days, how a window is spoken of."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.message_draft import MAX_WINDOWS, WindowEntry
from heliograph.domain.window_calendar import calendar, is_hour, spoken_offset, with_days

NOVEMBER = date(2026, 11, 23)


def test_months_are_whole_weeks_from_monday() -> None:
    november, december = calendar(NOVEMBER, [WindowEntry("2026-11-24T09:00", "2026-11-24T17:00")], 2)
    assert (november.first, december.first) == (date(2026, 11, 1), date(2026, 12, 1))
    assert november.weeks[0] == [None] * 6 + [(date(2026, 11, 1), True, False)]
    days = [day for week in november.weeks for day in week if day is not None]
    assert [day.day.day for day in days] == list(range(1, 31))
    assert [day.day.day for day in days if day.has_window] == [24]
    assert [day.day.day for day in days if not day.is_past] == list(range(23, 31))


@given(st.dates(date(1999, 1, 1), date(2200, 1, 1)))
def test_every_day_of_a_month_stands_under_its_weekday_once(today: date) -> None:
    for month in calendar(today, []):
        assert all(len(week) == 7 for week in month.weeks)
        for week in month.weeks:
            assert all(day is None or day.day.weekday() == place for place, day in enumerate(week))
        days = [day.day for week in month.weeks for day in week if day is not None]
        assert days == sorted(set(days))
        assert {(day.year, day.month) for day in days} == {(month.first.year, month.first.month)}


def test_chosen_days_become_windows_in_order_and_none_twice() -> None:
    before = [WindowEntry(), WindowEntry("2026-11-25T09:00", "2026-11-25T17:00")]
    days = ["2026-11-26", "2026-11-25", "nonsense", "2026-02-30"]
    assert with_days(before, days, "09:00", "17:00") == [
        WindowEntry("2026-11-25T09:00", "2026-11-25T17:00"),
        WindowEntry("2026-11-26T09:00", "2026-11-26T17:00"),
    ]


@pytest.mark.parametrize(
    ("opens", "closes", "ends"),
    [
        ("09:00", "17:00", "2026-12-31T17:00"),
        ("22:00", "02:00", "2027-01-01T02:00"),
        ("00:00", "00:00", "2027-01-01T00:00"),
    ],
)
def test_hours_that_end_before_they_begin_end_on_the_next_day(opens: str, closes: str, ends: str) -> None:
    assert with_days([], ["2026-12-31"], opens, closes) == [WindowEntry(f"2026-12-31T{opens}", ends)]


def test_there_are_never_more_windows_than_a_batch_may_have() -> None:
    days = [date.fromordinal(NOVEMBER.toordinal() + number).isoformat() for number in range(MAX_WINDOWS + 9)]
    assert len(with_days([], days, "09:00", "17:00")) == MAX_WINDOWS
    assert with_days([], ["9999-12-31"], "22:00", "02:00") == []


@pytest.mark.parametrize(
    ("text", "valid"),
    [("00:00", True), ("23:59", True), ("24:00", False), ("9:00", False), ("", False), ("09:00:00", False)],
)
def test_hours(text: str, valid: bool) -> None:
    assert is_hour(text) is valid


@pytest.mark.parametrize(
    ("zone", "spoken"),
    [
        ("Europe/Stockholm", "UTC+01:00"),
        ("America/New_York", "UTC-05:00"),
        ("Asia/Kolkata", "UTC+05:30"),
        ("America/St_Johns", "UTC-03:30"),
    ],
)
def test_the_offset_is_spoken(zone: str, spoken: str) -> None:
    assert spoken_offset(datetime(2026, 11, 23, tzinfo=UTC).astimezone(ZoneInfo(zone))) == spoken
