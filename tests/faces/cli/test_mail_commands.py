"""`heliograph mail test` and what it says of each failure; notices of `heliograph user`."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces.cli.conftest import Answer, Run
from tests.faces.cli.test_user_commands import account, fetch, kim
from tests.support.mail_server import HANG_UP, HOST, SENDER, SITE, STAY_SILENT, ScriptedMailServer

__all__ = ["account", "kim"]

TO = "lee@example.com"


@pytest.fixture
def server() -> Iterator[ScriptedMailServer]:
    """A mail server in a thread: commands have a loop of their own."""
    made, is_up, ends = ScriptedMailServer(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with made:
            is_up.set()
            await ends.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert is_up.wait(10)
    yield made
    loop.call_soon_threadsafe(ends.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def mailing(run: Run, server: ScriptedMailServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A terminal where mail is set, without a database."""
    values = {
        "MAIL_HOST": HOST,
        "MAIL_PORT": str(server.port),
        "MAIL_SECURITY": "none",
        "MAIL_FROM_ADDRESS": SENDER,
        "MAIL_TIMEOUT_SECONDS": "0.5",
        "HTTP_PUBLIC_URL": SITE,
    }
    for name, value in values.items():
        monkeypatch.setenv(f"HELIOGRAPH_{name}", value)
    return run


def refused(answer: Answer, *words: str) -> bool:
    return answer.exit_code == 1 and answer.err.count("\n") == 1 and all(word in answer.err for word in words)


def test_a_mail_is_sent_and_said(mailing: Run, server: ScriptedMailServer) -> None:
    sent = mailing("mail", "test", "Lee@Example.com")
    assert (sent.exit_code, f"{HOST}:{server.port} has taken a mail to {TO}" in sent.out) == (0, True)
    (taken,) = server.taken
    assert (taken.to, SITE in taken.text) == (TO, True)
    document = mailing("mail", "test", TO, "--json").json
    assert document == {"address": TO, "host": HOST, "port": server.port, "security": "none"}


@pytest.mark.parametrize(
    ("verb", "answer", "words"),
    [
        ("CONNECT", "554 5.7.1 go away", ("does not talk to us", "554 5.7.1 go away")),
        ("CONNECT", HANG_UP, ("closed the connection", "mail.security fits mail.port")),
        ("CONNECT", STAY_SILENT, ("does not answer within 0.5 s", "mail.timeout_seconds")),
        ("MAIL", "550 5.7.1 not you", ("takes no mail from mail.from_address", "550 5.7.1 not you")),
        ("RCPT", "550 5.1.1 nobody", ("takes no mail for this address", "550 5.1.1 nobody")),
        ("TEXT", "554 5.7.1 spam\x1b[31m", ("does not take the mail", "554 5.7.1 spam [31m")),
    ],
)
def test_each_failure_of_the_server_is_a_sentence(
    mailing: Run, server: ScriptedMailServer, verb: str, answer: str, words: tuple[str, ...]
) -> None:
    server.answers[verb] = answer
    assert refused(mailing("mail", "test", TO), f"{HOST}:{server.port}", *words)


def test_each_failure_of_the_settings_is_a_sentence(
    mailing: Run, server: ScriptedMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_MAIL_SECURITY", "starttls")
    assert refused(mailing("mail", "test", TO), "does not offer STARTTLS", "nothing was sent")
    monkeypatch.setenv("HELIOGRAPH_MAIL_SECURITY", "tls")
    assert refused(mailing("mail", "test", TO), "does not speak TLS as we do")
    monkeypatch.setenv("HELIOGRAPH_MAIL_SECURITY", "none")
    monkeypatch.setenv("HELIOGRAPH_MAIL_USER", "portal")
    monkeypatch.setenv("HELIOGRAPH_MAIL_PASSWORD", "hidden")
    unknown = mailing("mail", "test", TO)
    assert refused(unknown, "offers no way to sign in")
    assert "hidden" not in unknown.err + mailing("settings").out
    monkeypatch.setenv("HELIOGRAPH_MAIL_HOST", "no-such-host.invalid")
    monkeypatch.delenv("HELIOGRAPH_MAIL_USER")
    monkeypatch.delenv("HELIOGRAPH_MAIL_PASSWORD")
    assert refused(mailing("mail", "test", TO), "no machine is called no-such-host.invalid")
    assert server.taken == []


def test_without_a_mail_server_it_says_what_to_set(run: Run, tmp_path: Path) -> None:
    answer = run("mail", "test", TO, "--data", str(tmp_path))
    assert (answer.exit_code, "mail.host is not set" in answer.err) == (2, True)


@pytest.mark.parametrize("address", ["lee", "lee@example.com\nBcc: x@y.se", ""])
def test_what_is_no_address_is_refused(mailing: Run, server: ScriptedMailServer, address: str) -> None:
    answer = mailing("mail", "test", address)
    assert (answer.exit_code, "is no e-mail address" in answer.err, server.commands) == (2, True, [])


def test_a_second_step_that_the_operator_removes_is_told(
    admin: Run, kim: str, mailing: Run, database: str
) -> None:
    assert admin("user", "link", kim).exit_code == 0
    assert fetch(database, "SELECT kind FROM mail_outbox") == []
    assert admin("user", "link", kim, "--forget-second-step").exit_code == 0
    assert fetch(database, "SELECT kind FROM mail_outbox") == [("notice",)]
