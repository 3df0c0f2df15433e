"""CPU time that a living process, its children and its ended children used."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from bench.process_accounting import (
    CpuReading,
    Gone,
    _seconds_in,
    cpu_seconds,
    living_children,
    memory_mb,
    tree_cpu_seconds,
)

_BURN = "import time\nwhile time.process_time() < 0.2: pass"
_PARENT = f"""
import subprocess, sys
burn = [sys.executable, "-c", {_BURN!r}]
subprocess.run(burn)
burn[2] += "\\nprint('burnt', flush=True); input()"
living = subprocess.Popen(burn, stdin=subprocess.PIPE)
input()
living.communicate(b"\\n")
"""


@pytest.fixture
def parent() -> Iterator[int]:
    """A process with one ended and one living child, each of which used 0.2 s of CPU."""
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as own:
        assert own.stdout is not None
        assert own.stdout.readline() == b"burnt\n"
        yield own.pid
        own.communicate(b"\n")


def test_a_tree_counts_itself_the_living_and_the_ended(parent: int) -> None:
    (living,) = living_children(parent)
    ended_and_parent, alive = cpu_seconds(parent), cpu_seconds(living)
    assert alive == pytest.approx(0.2, abs=0.1)
    assert 0.19 <= ended_and_parent < 0.5
    assert tree_cpu_seconds(parent) == pytest.approx(ended_and_parent + alive, abs=0.02)


def test_a_reading_counts_children_only_of_trees(parent: int) -> None:
    before = CpuReading({"alone": 0.0, "tree": 0.0})
    used = CpuReading.of({"alone": parent, "tree": parent}, trees=["tree"]).since(before)
    assert used["tree"] - used["alone"] == pytest.approx(0.2, abs=0.1)


def test_a_name_may_hold_spaces_and_parentheses() -> None:
    stat = "7 (a) R (b)) S 1 2 3 4 5 6 7 8 9 10 100 20 3 4 20 0 1"
    assert _seconds_in(stat) == 127 / os.sysconf("SC_CLK_TCK")


def test_a_process_that_ended_has_no_account() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(Gone):
        cpu_seconds(ended.pid)
    with pytest.raises(Gone):
        memory_mb(ended.pid)


def test_the_peak_is_at_least_what_is_held_now() -> None:
    assert 1 < memory_mb(os.getpid(), "VmRSS") <= memory_mb(os.getpid())


def test_own_work_shows_in_own_account() -> None:
    before = cpu_seconds(os.getpid())
    began = time.process_time()
    while time.process_time() < began + 0.1:
        pass
    assert cpu_seconds(os.getpid()) - before >= 0.08
