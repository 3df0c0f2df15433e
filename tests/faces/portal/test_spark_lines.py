"""Small charts beside figures: what is drawn, and the same in words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.faces.portal.spark_lines import HEIGHT, WIDTH, SparkPoint, spark_line


def points(*values: float | None) -> list[SparkPoint]:
    return [SparkPoint(f"{place:02}:00", value) for place, value in enumerate(values)]


def shown(value: float) -> str:
    return f"{value:g} s"


def test_the_line_goes_from_the_lowest_to_the_highest_value() -> None:
    made = spark_line(points(1, 3, 2), shown)
    assert made is not None
    assert made.line == "M0 28 L50 2 L100 15"
    assert made.area == "M0 30 L0 28 L50 2 L100 15 L100 30 Z"
    assert (made.first, made.last, made.lowest, made.highest) == ("00:00", "02:00", "1 s", "3 s")
    assert made.told == "00:00 1 s, 01:00 3 s, 02:00 2 s"


def test_a_gap_is_a_gap_and_a_lone_value_is_seen() -> None:
    made = spark_line(points(1, 1, None, 1, None), shown)
    assert made is not None
    assert made.line == "M0 2 L25 2 M74 2 L76 2"
    assert (made.lowest, made.highest) == ("", "1 s"), "one value is said once"
    assert made.told == "00:00 1 s, 01:00 1 s, 03:00 1 s"


def test_nothing_lies_at_the_bottom() -> None:
    made = spark_line(points(0, 0), shown)
    assert made is not None
    assert (made.line, made.lowest, made.highest) == ("M0 28 L100 28", "0 s", "")


@pytest.mark.parametrize("values", [(), (None,), (None, None)])
def test_without_a_value_there_is_no_line(values: tuple[float | None, ...]) -> None:
    assert spark_line(points(*values), shown) is None


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=40))
def test_every_place_lies_on_the_plane(values: list[float | None]) -> None:
    made = spark_line(points(*values), shown)
    if made is not None:
        for x, y in re.findall(r"[ML]([-\d.e]+) ([-\d.e]+)", made.line):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT
