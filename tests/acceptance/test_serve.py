"""`heliograph serve` as a script sees it: first start, requests, deaths of processes, stop, second start."""

import json
import signal
import stat
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from heliograph.faces.cli.demo_story import EXAMPLE
from heliograph.storage.embedded_postgres import EmbeddedPostgres
from tests.acceptance.conftest import PROGRAM, Served, clean_environment, serving, type_command
from tests.support.postgres import Postgres, reachable_folder

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

ONE = b'{"sender": "iP1", "recipients": ["46701740605"], "body": "Hello", "datacoding": "gsm"}'

SLOW = ONE.replace(b"46701740605", b"46701740644")
"""The simulated carrier answers it after five seconds."""


def codes_of(served: Served, batch_id: str) -> set[str]:
    """The codes that messages of a batch have."""
    return set(served.ask(f"/v2/batches/{batch_id}")[1]["messageSummary"])


def wait_until_submitted(served: Served, batch_id: str) -> None:
    """Return once the only message of a batch waits for nothing but its carrier's answer."""
    (message,) = served.ask(f"/v2/batches/{batch_id}/messages")[1]
    deadline = time.monotonic() + 30
    while served.ask(f"/v2/batches/{batch_id}/messages/{message['id']}/timeline")[1]["waiting"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def child_of(served: Served, role: str) -> psutil.Process:
    """The process of a role."""
    children = psutil.Process(served.process.pid).children()
    return next(each for each in children if each.cmdline()[-1] == role)


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; where nobody collects the dead, they are listed for ever."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for_batch(served: Served, batch_id: str, status: int, seconds: float = 20.0) -> dict[str, object]:
    """The batch once it has that status."""
    deadline = time.monotonic() + seconds
    while True:
        _, batch = served.ask(f"/v2/batches/{batch_id}")
        if batch["status"] == status:
            found: dict[str, object] = batch
            return found
        assert time.monotonic() < deadline, batch
        time.sleep(0.05)


def test_the_first_start_says_what_a_script_needs(served: Served) -> None:
    assert served.process.stdout is not None
    started = json.loads(served.process.stdout.readline())
    assert started["url"] == served.url
    assert started["key"] == served.key
    assert started["account"] == "ip1-10001"
    assert started["webhookSecret"] == (served.folder / "first-webhook-secret").read_text().strip()
    for name in ("first-key", "first-webhook-secret", "secret-key", "simulated-carrier.json"):
        assert stat.S_IMODE((served.folder / name).stat().st_mode) == 0o600, name


def test_the_example_of_the_page_is_taken_as_it_stands(served: Served) -> None:
    status, batch = served.ask("/v2/batches", EXAMPLE.encode())
    assert status == 201
    assert batch["messageSummary"] == {
        "103": {"messages": 2, "sms": 2},
        "408": {"messages": 2, "sms": 2},
    }
    ended = wait_for_batch(served, batch["id"], 112)
    assert ended["messageSummary"] == {
        "201": {"messages": 2, "sms": 2},
        "408": {"messages": 2, "sms": 2},
    }


def test_a_wrong_key_is_refused(served: Served) -> None:
    assert served.ask("/v2/batches", ONE, key="hg_wrong")[0] == 401


def test_a_second_one_on_the_same_folder_is_refused_in_one_line(served: Served) -> None:
    answer = served.command("serve", "--http", "127.0.0.1:0")
    assert answer.returncode == 2
    assert "is in use by another heliograph" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert (served.folder / "address").exists()


def test_a_port_that_is_taken_is_refused_in_one_line(served: Served) -> None:
    with reachable_folder() as folder:
        address = served.url.removeprefix("http://")
        answer = type_command("serve", "--data", str(folder / "other"), "--http", address)
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"heliograph: cannot listen on {address}: ")
    assert answer.stderr.count("\n") == 1


def test_the_api_comes_back_on_its_port_when_it_is_killed(served: Served) -> None:
    url, before = served.url, child_of(served, "api")
    before.kill()
    before.wait(10)
    # The supervisor holds the socket: a request that comes in between waits instead of being refused.
    status, batch = served.ask("/v2/batches", ONE)
    assert (status, served.url) == (201, url)
    assert child_of(served, "api").pid != before.pid
    wait_for_batch(served, batch["id"], 112)


def test_postgresql_is_started_again_when_it_is_killed(served: Served) -> None:
    postmaster = int((served.folder / "postgres" / "postmaster.pid").read_text().split()[0])
    psutil.Process(postmaster).kill()
    deadline = time.monotonic() + 30
    status = 0
    while status != 201:
        assert time.monotonic() < deadline, served.log.read_text()
        time.sleep(0.2)
        status, batch = served.ask("/v2/batches", ONE)
    wait_for_batch(served, batch["id"], 112)


def test_sigterm_is_an_orderly_stop_and_everything_is_there_at_the_next_start() -> None:
    with reachable_folder() as folder:
        with serving(folder / "data") as first:
            _, batch = first.ask("/v2/batches", ONE)
            wait_for_batch(first, batch["id"], 112)
            key, tree = first.key, psutil.Process(first.process.pid).children(recursive=True)
            _, slow = first.ask("/v2/batches", SLOW)
            wait_until_submitted(first, slow["id"])
            assert first.stop() == 0
            assert first.process.stdout is not None
            said = first.process.stdout.read()
            assert key in said
            assert f"{batch['owner']}" in said
            assert not (folder / "data" / "address").exists()
            assert [each for each in tree if is_alive(each)] == []
        listed = first.command("account", "list", "--json")
        assert json.loads(listed.stdout)[0]["balance"] == 999.3
        with serving(folder / "data") as second:
            assert second.key == key
            assert second.ask(f"/v2/batches/{batch['id']}")[1]["status"] == 112
            assert codes_of(second, slow["id"]) == {"111"}, "the stop waited for the carrier's answer"
            _, again = second.ask("/v2/batches", ONE)
            wait_for_batch(second, again["id"], 112)
            assert second.stop() == 0
            assert second.process.stdout is not None
            assert key not in second.process.stdout.read()


def test_sigterm_while_postgresql_starts_is_an_orderly_stop_too() -> None:
    with reachable_folder() as folder:
        process = subprocess.Popen(
            [*PROGRAM, "serve", "--data", str(folder / "data"), "--http", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )
        deadline = time.monotonic() + 30
        while not (folder / "data" / "lock").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, "", "")
        with EmbeddedPostgres(folder / "data") as server:
            assert server.is_running()


def test_all_roles_run_on_a_database_url(postgres: Postgres, tmp_path: Path) -> None:
    name = postgres.create_database(migrated=False)
    ours = {"HELIOGRAPH_DATABASE_URL": postgres.dsn(name), "HELIOGRAPH_SECRET_KEY": "5e" * 32}
    try:
        early = type_command("serve", "--http", "127.0.0.1:0", **ours)
        assert (early.returncode, early.stderr.count("\n")) == (2, 1)
        assert "run `heliograph migrate`" in early.stderr
        assert type_command("migrate", **ours).returncode == 0
        with serving(tmp_path / "data", "--json", **ours) as served:
            assert served.process.stdout is not None
            assert json.loads(served.process.stdout.readline())["key"] is None
            assert served.ask("/v2/batches", ONE, key="hg_none")[0] == 401
            type_command("price", "create", "standard", **ours)
            type_command("price", "set", "standard", "default=0.35", **ours)
            made = type_command("account", "create", "Acme", "--sender", "iP1", "--json", **ours)
            key = json.loads(made.stdout)["key"]
            status, batch = served.ask("/v2/batches", ONE, key=key)
            assert (status, batch["messageSummary"]) == (201, {"502": {"messages": 1, "sms": 1}})
            assert served.stop() == 0
        assert not (tmp_path / "data" / "address").exists()
    finally:
        postgres.drop_database(name)
