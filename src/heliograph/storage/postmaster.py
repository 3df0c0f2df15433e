"""The process of a PostgreSQL server: whether it is ours, whether it is ready, how it is ended."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

FAST_STOP_SECONDS = 60.0
_STATUS_LINE = 7


def end_survivor(cluster: Path) -> None:
    """End the server of that cluster that outlived whoever started it, if there is one."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if runs_cluster(pid, cluster):
        end_process(pid, lambda seconds: _gone_within(pid, cluster, seconds))


def is_ready(pid_file: Path, pid: int) -> bool:
    """Whether the server with that process id has noted that it takes connections."""
    try:
        lines = pid_file.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _STATUS_LINE and lines[0] == str(pid) and lines[_STATUS_LINE].strip() == "ready"


def runs_cluster(pid: int, cluster: Path) -> bool:
    """Whether that process is a postmaster of ours, and not a later process with its number."""
    try:
        return os.fsencode(cluster) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    answer = subprocess.run(  # noqa: S603 - constant command
        ["ps", "-ww", "-o", "command=", "-p", str(pid)],  # noqa: S607 - wherever the system keeps it
        capture_output=True,
        text=True,
        check=False,
    )
    return str(cluster) in answer.stdout


def _gone_within(pid: int, cluster: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while runs_cluster(pid, cluster):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def end_process(pid: int, ended_within: Callable[[float], bool]) -> None:
    """Stop a server in fast mode, then at once, then by force; ``ended_within(seconds)`` waits for it."""
    for step, patience in (
        (signal.SIGINT, FAST_STOP_SECONDS),
        (signal.SIGQUIT, 10.0),
        (signal.SIGKILL, 10.0),
    ):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, step)
        if ended_within(patience):
            return


def children(pid: int) -> list[int]:
    """The processes that process started, where the system tells."""
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listing.read_text().split()] if listing.exists() else []
