import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog.testing

from heliograph.supervisor import ChildProgram, Patience, Supervisor

CHILD = "import asyncio, os, pathlib, signal, sys, time\n"
READY = CHILD + "from heliograph.supervisor import report_ready, stop_with_parent\nreport_ready()\n"
WAITS = READY + "signal.pause()\n"
QUICK = Patience(longest_pause_seconds=0.01, failed_starts=3, stop_seconds=10)


def child(name: str, code: str, *arguments: object) -> ChildProgram:
    argv = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return ChildProgram(name=name, argv=argv, environment={"CHILD_NAME": name})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def run(supervisor: Supervisor) -> int:
    async with asyncio.timeout(60):
        return await supervisor.run()


async def test_all_children_run_until_a_signal_and_are_asked_to_stop(tmp_path: Path) -> None:
    code = CHILD + (
        "def note(number, frame):\n"
        "    pathlib.Path(sys.argv[1], os.environ['CHILD_NAME']).touch()\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, note)\n"
        "from heliograph.supervisor import report_ready\n"
        "report_ready()\n"
        "while True: signal.pause()\n"
    )
    ready = asyncio.Event()
    programs = [child(name, code, tmp_path) for name in ("api", "dispatcher")]
    supervisor = Supervisor(programs, patience=QUICK, on_ready=ready.set)
    task = asyncio.create_task(run(supervisor))
    await ready.wait()
    assert repr(supervisor).count("=ready") == 2
    os.kill(os.getpid(), signal.SIGTERM)
    assert await task == 0
    assert {path.name for path in tmp_path.iterdir()} == {"api", "dispatcher"}


async def test_a_child_starts_after_the_one_that_it_needs(tmp_path: Path) -> None:
    """However long that one takes; and once it is there, nobody waits for its later lives."""
    needed = child(
        "simulator",
        CHILD
        + """
        time.sleep(0.3)
        pathlib.Path(sys.argv[1], "needed").touch()
        from heliograph.supervisor import report_ready
        report_ready()
        signal.pause()
        """.replace("        ", ""),
        tmp_path,
    )
    code = WAITS.replace(
        "report_ready()\n", "pathlib.Path(sys.argv[1], 'needed').stat()\nreport_ready()\n", 1
    )
    needing = replace(child("dispatcher", code, tmp_path), after="simulator")
    supervisor = Supervisor([needing, needed], patience=QUICK, on_ready=lambda: supervisor.stop())
    with structlog.testing.capture_logs() as logs:
        assert await run(supervisor) == 0
    assert [line["event"] for line in logs] == ["child.ready", "child.ready"]


async def test_the_one_that_is_needed_is_asked_to_stop_last(tmp_path: Path) -> None:
    """A carrier that is gone first leaves what it was given unanswered."""
    code = CHILD + (
        "def note(number, frame):\n"
        "    time.sleep(0.3 if os.environ['CHILD_NAME'] == 'dispatcher' else 0)\n"
        "    with open(sys.argv[1], 'a') as ends: ends.write(os.environ['CHILD_NAME'] + ' ')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, note)\n"
        "from heliograph.supervisor import report_ready\n"
        "report_ready()\n"
        "while True: signal.pause()\n"
    )
    ends = tmp_path / "ends"
    needing = replace(child("dispatcher", code, ends), after="simulator")
    supervisor = Supervisor(
        [child("simulator", code, ends), needing], patience=QUICK, on_ready=lambda: supervisor.stop()
    )
    assert await run(supervisor) == 0
    assert ends.read_text() == "dispatcher simulator "


async def test_one_that_is_needed_and_not_to_be_had_ends_them_all() -> None:
    needing = replace(child("dispatcher", WAITS), after="simulator")
    supervisor = Supervisor([needing, child("simulator", "raise SystemExit(2)")], patience=QUICK)
    assert await run(supervisor) == 2


async def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    code = READY + (
        "lives = pathlib.Path(sys.argv[1])\n"
        "with lives.open('a') as file: file.write('x')\n"
        "if len(lives.read_text()) < 6: os._exit(3)\n"
        "signal.pause()\n"
    )
    lives = tmp_path / "lives"
    supervisor = Supervisor([child("api", code, lives)], patience=QUICK)
    task = asyncio.create_task(run(supervisor))
    await until(lambda: lives.exists() and len(lives.read_text()) == 6)
    supervisor.stop()
    assert await task == 0


async def test_one_that_never_gets_ready_is_given_up_and_ends_the_others() -> None:
    programs = [child("broken", CHILD + "os._exit(9)"), child("fine", WAITS)]
    with structlog.testing.capture_logs() as logs:
        assert await run(Supervisor(programs, patience=QUICK)) == 1
    deaths = [line for line in logs if line["event"] == "child.died"]
    assert len(deaths) == QUICK.failed_starts - 1
    assert [line["child"] for line in logs if line["event"] == "child.given_up"] == ["broken"]


async def test_a_wrong_configuration_is_not_tried_again() -> None:
    with structlog.testing.capture_logs() as logs:
        assert await run(Supervisor([child("api", CHILD + "os._exit(2)")], patience=QUICK)) == 2
    assert "child.died" not in [line["event"] for line in logs]


async def test_a_program_that_does_not_exist_is_given_up() -> None:
    program = ChildProgram(name="ghost", argv=["/nonexistent/program"])
    assert await run(Supervisor([program], patience=QUICK)) == 1


async def test_one_that_is_silent_too_long_is_started_again(tmp_path: Path) -> None:
    code = CHILD + (
        "with open(sys.argv[1], 'a') as file: file.write('x')\n"
        "time.sleep(60)\n"
    )  # fmt: skip
    lives = tmp_path / "lives"
    patience = Patience(ready_seconds=0.3, longest_pause_seconds=0.01, failed_starts=2)
    assert await run(Supervisor([child("mute", code, lives)], patience=patience)) == 1
    assert lives.read_text() == "xx"


async def test_one_that_does_not_stop_is_killed_at_the_deadline() -> None:
    code = CHILD + (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "from heliograph.supervisor import report_ready\n"
        "report_ready()\n"
        "while True: time.sleep(60)\n"
    )
    ready = asyncio.Event()
    patience = Patience(stop_seconds=0.05)
    supervisor = Supervisor([child("deaf", code)], patience=patience, on_ready=ready.set)
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(run(supervisor))
        await ready.wait()
        supervisor.stop()
        assert await task == 0
    assert "child.killed" in [line["event"] for line in logs]


async def test_a_second_signal_does_not_wait_for_the_deadline() -> None:
    code = CHILD + (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "from heliograph.supervisor import report_ready\n"
        "report_ready()\n"
        "while True: time.sleep(60)\n"
    )
    ready = asyncio.Event()
    supervisor = Supervisor([child("deaf", code)], patience=Patience(stop_seconds=60), on_ready=ready.set)
    task = asyncio.create_task(run(supervisor))
    await ready.wait()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.05)
    assert await task == 0


async def test_a_cancelled_supervisor_leaves_no_child_behind(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = CHILD + (
        "pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\n"
        "from heliograph.supervisor import report_ready\n"
        "report_ready()\n"
        "signal.pause()\n"
    )
    ready = asyncio.Event()
    task = asyncio.create_task(run(Supervisor([child("api", code, pid_file)], on_ready=ready.set)))
    await ready.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not Path("/proc", pid_file.read_text()).exists(), "not even a zombie: it was waited for"


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    """Both ways: the kernel's signal, and the pipe for a child that ignores the signal."""
    deaf = (
        CHILD
        + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        + "from heliograph.supervisor import report_ready, stop_with_parent\n"
        + "async def main():\n"
        + "    stop = asyncio.Event()\n"
        + "    stop_with_parent(stop)\n"
        + "    pathlib.Path(sys.argv[1], 'deaf').write_text(str(os.getpid()))\n"
        + "    report_ready()\n"
        + "    await stop.wait()\n"
        + "asyncio.run(main())\n"
    )
    plain = (
        CHILD
        + "from heliograph.supervisor import report_ready\n"
        + "pathlib.Path(sys.argv[1], 'plain').write_text(str(os.getpid()))\n"
        + "report_ready()\n"
        + "signal.pause()\n"
    )
    program = f"""
import asyncio, sys
from heliograph.supervisor import ChildProgram, Supervisor
programs = [
    ChildProgram(name=name, argv=[sys.executable, "-c", code, {str(tmp_path)!r}])
    for name, code in (("deaf", {deaf!r}), ("plain", {plain!r}))
]
asyncio.run(Supervisor(programs, on_ready=lambda: print("ready", flush=True)).run())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        # The children's log lines share the stream with the word.
        assert any(line == "ready\n" for line in supervisor.stdout)
        supervisor.kill()
    pids = [int((tmp_path / name).read_text()) for name in ("deaf", "plain")]
    asyncio.run(until(lambda: all(map(is_gone, pids))))
