"""Real processes: `python -m heliograph` as a person or a script starts it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import reachable_folder

PROGRAM = (sys.executable, "-m", "heliograph")
BYTECODE = Path(__file__).parents[2] / ".pytest_cache" / "bytecode"
START_SECONDS = 60.0
STOP_SECONDS = 60.0


def clean_environment(**added: str) -> dict[str, str]:
    """Ours without settings of Heliograph."""
    left_out = ("HELIOGRAPH_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    # Compiled once for all the processes of these tests, where else each would do it anew.
    return {**kept, "COLUMNS": "80", "PYTHONPYCACHEPREFIX": str(BYTECODE), **added}


def type_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env=clean_environment(**environment),
    )


class Served:
    """A running `heliograph serve`."""

    def __init__(self, folder: Path, process: subprocess.Popen[str], log: Path) -> None:
        self.folder = folder
        self.process = process
        self.log = log

    @property
    def url(self) -> str:
        """Where it answers, as `address` says."""
        return (self.folder / "address").read_text().strip()

    @property
    def key(self) -> str:
        """The key of the first start."""
        return (self.folder / "first-key").read_text().strip()

    def ask(
        self, path: str, body: bytes | None = None, key: str | None = None, method: str | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of one request: a POST where it has a body, unless a method is named."""
        headers = {"Authorization": f"Bearer {key or self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read())

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an administrative command on this installation."""
        return type_command(*arguments, "--data", str(self.folder))

    def wait_until_ready(self) -> None:
        """Return once `address` is there."""
        deadline = time.monotonic() + START_SECONDS
        while not (self.folder / "address").exists():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def serving(folder: Path, *arguments: str, **environment: str) -> Iterator[Served]:
    """`heliograph serve` on a folder and a free port; stopped at the end if the test did not do it."""
    log = folder.with_name(f"{folder.name}.log")
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*PROGRAM, "serve", "--data", str(folder), "--http", "127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=clean_environment(**environment),
        )
    served = Served(folder, process, log)
    try:
        served.wait_until_ready()
        yield served
    finally:
        if process.poll() is None:
            served.stop()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One installation for the tests of a module, after its first start."""
    with reachable_folder() as folder, serving(folder / "data", "--json") as running:
        yield running
