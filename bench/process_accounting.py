"""CPU time and memory of processes, read from /proc (proc(5)).

A server such as PostgreSQL forks a process for each connection. What a process used whose end its parent has
waited for stands in the parent's account, so the sum over the living tree misses nothing.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, Self

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _CUTIME, _CSTIME = 11, 12, 13, 14
"""Places in /proc/<pid>/stat after the name in parentheses."""


class Gone(Exception):
    """The process ended while it was to be measured."""


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process and of its ended children."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        raise Gone(f"process {pid} ended") from None
    return _seconds_in(stat)


def _seconds_in(stat: str) -> float:
    # The name may hold spaces and parentheses; nothing behind its last one does.
    fields = stat.rpartition(")")[2].split()
    return sum(int(fields[place]) for place in (_UTIME, _STIME, _CUTIME, _CSTIME)) / _TICKS


def living_children(pid: int) -> list[int]:
    """The living children of a process, all of its threads'."""
    children: list[int] = []
    for task in (_PROC / str(pid) / "task").glob("*/children"):
        try:
            children += map(int, task.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return children


def tree_cpu_seconds(pid: int) -> float:
    """User and system seconds of a process and all it ever started, living or ended."""
    total = 0.0
    for child in living_children(pid):
        try:
            total += tree_cpu_seconds(child)
        except Gone:
            continue  # its parent has waited for it and counts it, as the next line reads
    return total + cpu_seconds(pid)


def memory_mb(pid: int, field: str = "VmHWM") -> float:
    """Resident megabytes (2**20) of a process: ``VmHWM`` its peak, ``VmRSS`` now."""
    try:
        status = (_PROC / str(pid) / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        raise Gone(f"process {pid} ended") from None
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) / 1024
    raise Gone(f"process {pid} has no memory any more")


def forget_peak(pid: int) -> None:
    """Let the peak of a process begin anew at what it holds now."""
    (_PROC / str(pid) / "clear_refs").write_text("5")


class CpuReading(NamedTuple):
    """CPU seconds used so far by each named member."""

    seconds: Mapping[str, float]

    @classmethod
    def of(cls, members: Mapping[str, int], trees: Iterable[str] = ()) -> Self:
        """Read now: processes by name; ``trees`` names those whose children count with them."""
        whole = frozenset(trees)
        return cls(
            {
                name: tree_cpu_seconds(pid) if name in whole else cpu_seconds(pid)
                for name, pid in members.items()
            }
        )

    def since(self, before: "CpuReading") -> dict[str, float]:
        """What each member used since an earlier reading of the same members."""
        return {name: now - before.seconds[name] for name, now in self.seconds.items()}
