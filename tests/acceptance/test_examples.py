"""The programs in examples/ do what they say: they send, receive, verify and wait, on a real installation."""

import asyncio
import re
import shutil
import subprocess
import sys
import time

import pytest

from heliograph.client import AsyncHeliograph
from tests.acceptance.conftest import Served, clean_environment
from tests.repository.source_tree import ROOT
from tests.support.report_receiver import Received, ReportReceiver

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

EXAMPLES = ROOT / "examples"
FOLLOWING = {
    "with_client": (sys.executable, "python/with_client.py"),
    "plain": (sys.executable, "python/plain.py"),
    "javascript": ("node", "javascript/send_and_follow.mjs"),
    "php": ("php", "php/send_and_follow.php"),
}


def run_example(served: Served, *command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a program of the examples as their README says."""
    if command[0] == "php" and shutil.which("php") is None:
        pytest.skip("PHP is not installed here: its example was not run")
    environment = clean_environment(
        HELIOGRAPH_URL=served.url,
        HELIOGRAPH_KEY=served.key,
        WEBHOOK_SECRET=secret_of(served),
    )
    return subprocess.run(
        command, cwd=EXAMPLES, env=environment, input=given, capture_output=True, timeout=90
    )


def secret_of(served: Served) -> str:
    """What the first account's reports are signed with."""
    return (served.folder / "first-webhook-secret").read_text().strip()


@pytest.mark.parametrize(("recipient", "end"), [("46701740605", 201), ("46701740612", 512)])
@pytest.mark.parametrize("example", FOLLOWING)
def test_it_sends_verifies_every_report_and_waits(
    served: Served, example: str, recipient: str, end: int
) -> None:
    done = run_example(served, *FOLLOWING[example], recipient)
    assert done.returncode == 0, done.stderr.decode()
    sent, *reports, finished = done.stdout.decode().splitlines()
    batch_id = sent.removeprefix("sent ")
    assert re.fullmatch("[0-9a-f]{24}", batch_id)
    assert reports == [f"report {code}" for code in (110, 111, end)]
    assert finished == f"finished {batch_id}: {end}"


@pytest.mark.parametrize("example", FOLLOWING)
def test_it_refuses_reports_of_others(served: Served, example: str) -> None:
    """With another secret no report is genuine: none is printed, and it goes on waiting."""
    program, path = FOLLOWING[example]
    if program == "php" and shutil.which("php") is None:
        pytest.skip("PHP is not installed here: its example was not run")
    other = "whsec_" + "A" * 43 + "="
    environment = clean_environment(
        HELIOGRAPH_URL=served.url, HELIOGRAPH_KEY=served.key, WEBHOOK_SECRET=other
    )
    with subprocess.Popen(
        [program, path], cwd=EXAMPLES, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith(b"sent ")
        time.sleep(2.5)
        assert running.poll() is None
        running.kill()
        assert running.stdout.read() == b""


def test_the_contacts_example_sends_to_a_label_and_follows_it(served: Served) -> None:
    done = run_example(served, sys.executable, "python/with_contacts.py", "46701740605")
    assert done.returncode == 0, done.stderr.decode()
    sent, *events, wrote = done.stdout.decode().splitlines()
    assert re.fullmatch("sent [0-9a-f]{24}", sent)
    assert events[-1] == "event 201"
    assert wrote == "wrote Hello Icarus"


@pytest.mark.parametrize(("recipient", "end"), [("46701740605", "201"), ("46701740612", "512")])
def test_curl_sends_and_waits(served: Served, recipient: str, end: str) -> None:
    done = run_example(served, "sh", "curl/send_and_wait.sh", recipient)
    assert done.returncode == 0, done.stderr.decode()
    sent, finished = done.stdout.decode().splitlines()
    assert finished == f"finished {sent.removeprefix('sent ')}: {end}"


async def test_the_shell_verifies_reports(served: Served) -> None:
    async with ReportReceiver() as receiver, AsyncHeliograph(served.key, url=served.url) as sms:
        await sms.send("iP1", ["46701740605"], "Hi", delivery_report_url=receiver.url)
        genuine = (await receiver.wait_for(1, seconds=30))[0]
    forged = genuine._replace(body=genuine.body.replace(b'"code":110', b'"code":201'))
    old = genuine._replace(headers={**genuine.headers, "webhook-timestamp": "1700000000"})
    for received, verdict in ((genuine, 0), (forged, 1), (old, 1)):
        assert await asyncio.to_thread(verdict_of_the_shell, served, received) == verdict


def verdict_of_the_shell(served: Served, received: Received) -> int:
    """The exit code of verify_report.sh."""
    headers = (received.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    return run_example(served, "sh", "curl/verify_report.sh", *headers, given=received.body).returncode
