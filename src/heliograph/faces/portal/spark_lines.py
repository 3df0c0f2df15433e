"""Small charts beside a figure: a line without axes, drawn by the server, and the same in words."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

WIDTH: Final = 100
HEIGHT: Final = 30
_ROOM: Final = 2
"""Above and below the line, so that its stroke is whole."""


class SparkPoint(NamedTuple):
    """A value, and what its time is called; None: there is none for this time."""

    time: str
    value: float | None


class SparkLine(NamedTuple):
    """A chart as SVG paths on a plane of 100 by 30, with what stands around it."""

    line: str
    area: str
    first: str
    last: str
    lowest: str
    highest: str
    """One of them is empty where all values are the same: nothing lies at the bottom, else all on top."""
    told: str
    """Every value with its time, for those who do not see the line."""


def spark_line(points: Sequence[SparkPoint], shown: Callable[[float], str]) -> SparkLine | None:
    """The chart of values in time; None where none is known. ``shown`` writes a value."""
    known = [value for _, value in points if value is not None]
    if not known:
        return None
    low, high = min(known), max(known)
    runs = list(_runs(points, low, high))
    return SparkLine(
        line=" ".join("M" + " L".join(f"{x:g} {y:g}" for x, y in run) for run in runs),
        area=" ".join(
            f"M{run[0][0]:g} {HEIGHT} L"
            + " L".join(f"{x:g} {y:g}" for x, y in run)
            + f" L{run[-1][0]:g} {HEIGHT} Z"
            for run in runs
        ),
        first=points[0].time,
        last=points[-1].time,
        lowest=shown(low) if low < high or not high else "",
        highest=shown(high) if low < high or high else "",
        told=", ".join(f"{time} {shown(value)}" for time, value in points if value is not None),
    )


def _runs(points: Sequence[SparkPoint], low: float, high: float) -> Iterable[list[tuple[float, float]]]:
    """Stretches of values without a gap, as places on the plane; a lone value is a short line."""
    step, run = WIDTH / max(1, len(points) - 1), list[tuple[float, float]]()
    for place, (_, value) in enumerate(points):
        if value is not None:
            share = (value - low) / (high - low) if high > low else float(bool(high))
            run.append((round(place * step, 2), round(HEIGHT - _ROOM - share * (HEIGHT - 2 * _ROOM), 2)))
        elif run:
            yield _widened(run)
            run = []
    if run:
        yield _widened(run)


def _widened(run: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(run) > 1:
        return run
    ((x, y),) = run
    return [(max(0.0, x - 1), y), (min(float(WIDTH), x + 1), y)]
