"""Times on a wall clock: skipped ones are told, repeated ones are chosen from."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.local_times import LocalMoment, SkippedTime, local_moment

STOCKHOLM = ZoneInfo("Europe/Stockholm")
FIRST, LAST = datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2100-01-01")
ZONES = st.sampled_from(
    ["Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]
)


def test_an_ordinary_time_is_one_moment() -> None:
    assert local_moment("2027-01-31T09:00", STOCKHOLM) == LocalMoment(datetime(2027, 1, 31, 8, tzinfo=UTC))
    assert local_moment("2027-07-01 09:00:30", STOCKHOLM) == LocalMoment(
        datetime(2027, 7, 1, 7, 0, 30, tzinfo=UTC)
    )


def test_half_past_two_does_not_come_when_clocks_are_put_forward() -> None:
    found = local_moment("2027-03-28T02:30", STOCKHOLM)
    assert isinstance(found, SkippedTime)
    assert found.instead.strftime("%H:%M") == "03:30"


def test_half_past_two_comes_twice_when_clocks_are_put_back() -> None:
    first = local_moment("2027-10-31T02:30", STOCKHOLM)
    second = local_moment("2027-10-31T02:30", STOCKHOLM, second=True)
    assert first == LocalMoment(datetime(2027, 10, 31, 0, 30, tzinfo=UTC), comes_twice=True)
    assert second == LocalMoment(datetime(2027, 10, 31, 1, 30, tzinfo=UTC), comes_twice=True)


@pytest.mark.parametrize(
    "text", ["", "soon", "2027-02-30T10:00", "2027-01-01", "2027-01-01T24:00", "0001-01-01T00:00Z"]
)
def test_anything_else_is_no_time(text: str) -> None:
    assert local_moment(text, STOCKHOLM) is None


@given(st.datetimes(FIRST, LAST), ZONES, st.booleans())
def test_a_moment_shows_the_time_that_was_written(written: datetime, name: str, second: bool) -> None:
    zone, text = ZoneInfo(name), written.strftime("%Y-%m-%dT%H:%M")
    found = local_moment(text, zone, second=second)
    if isinstance(found, LocalMoment):
        assert found.moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M") == text
    else:
        assert isinstance(found, SkippedTime)
        assert found.instead.strftime("%Y-%m-%dT%H:%M") > text
