"""The installation of a demo: `heliograph serve` as a process of its own, in a folder that is removed."""

import asyncio
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from heliograph.faces.cli.command_refused import NOT_AS_IT_SHOULD_BE, CommandRefused
from heliograph.parent_death import signal_at_parent_death

START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 60.0


class DemoProcess(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of it once it takes requests."""

    folder: Path
    url: str
    key: str
    webhook_secret: str
    process: asyncio.subprocess.Process


@asynccontextmanager
async def running_demo() -> AsyncIterator[DemoProcess]:
    """A fresh installation, stopped and removed at the end.

    Raises CommandRefused if it does not start or stop as it should.
    """
    _forget_settings()
    folder = _new_folder()
    try:
        process = await _start(folder)
        try:
            await _wait_until_ready(folder, process)
            yield DemoProcess(
                folder=folder / "data",
                url=_line(folder, "address"),
                key=_line(folder, "first-key"),
                webhook_secret=_line(folder, "first-webhook-secret"),
                process=process,
            )
        except BaseException:
            await _stop(process)
            raise
        if await _stop(process) != 0:
            raise CommandRefused(
                f"heliograph did not stop in an orderly way: {_last_words(folder)}",
                exit_code=NOT_AS_IT_SHOULD_BE,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_settings() -> None:
    """Settings of the caller's own installation must not reach the demo's: neither its processes nor ours."""
    for name in [name for name in os.environ if name.startswith("HELIOGRAPH_")]:
        del os.environ[name]


async def _start(folder: Path) -> asyncio.subprocess.Process:
    with (folder / "log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "heliograph", "serve"),
            *("--data", str(folder / "data"), "--http", "127.0.0.1:0", "--json"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,  # Ctrl-C at the terminal is for us; we stop it in an orderly way
            preexec_fn=signal_at_parent_death(signal.SIGTERM),
        )


async def _wait_until_ready(folder: Path, process: asyncio.subprocess.Process) -> None:
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while not (folder / "data" / "address").exists():
        if process.returncode is not None:
            raise CommandRefused(
                f"heliograph did not start: {_last_words(folder)}", exit_code=NOT_AS_IT_SHOULD_BE
            )
        if asyncio.get_running_loop().time() > deadline:
            raise CommandRefused(
                f"heliograph was not ready after {START_SECONDS:.0f} s: {_last_words(folder)}",
                exit_code=NOT_AS_IT_SHOULD_BE,
            )
        await asyncio.sleep(0.02)


async def _stop(process: asyncio.subprocess.Process) -> int:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        return await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        return await process.wait()


def _line(folder: Path, name: str) -> str:
    return (folder / "data" / name).read_text("ascii").strip()


def _last_words(folder: Path) -> str:
    lines = (folder / "log").read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="heliograph-demo-", dir=_reachable_place()))
    folder.chmod(0o711)
    return folder


def _reachable_place() -> str:
    """A folder for temporary files that every system user may enter: root's PostgreSQL runs as another."""
    places = [tempfile.gettempdir(), "/tmp", "/var/tmp", "/var/lib"]  # noqa: S108 - mkdtemp follows
    for place in places:
        folders = [Path(place).resolve(), *Path(place).resolve().parents]
        with suppress(OSError):
            if all(folder.stat().st_mode & stat.S_IXOTH for folder in folders) and os.access(place, os.W_OK):
                return place
    return places[0]
