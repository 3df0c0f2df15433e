"""The programs in the guide to the client do what it says: each is run against a real server."""

import ast
import asyncio
import inspect
import re
from typing import Any

import pytest

from heliograph.client import Event, Heliograph, WebhookRefused, verify_incoming
from tests.acceptance.conftest import Served
from tests.repository.source_tree import ROOT

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

PROGRAMS = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "client.md").read_text("utf-8"), re.M | re.S)


def run(program: str, names: dict[str, Any]) -> None:
    """Run a program of the guide; ``await`` may stand outside of functions, as in a notebook."""
    code = compile(program, "docs/client.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, names))
    else:
        exec(code, names)


def test_every_program_runs_after_those_before_it(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HELIOGRAPH_URL", served.url)
    monkeypatch.setenv("HELIOGRAPH_KEY", served.key)
    seen: list[Event] = []
    cursors: list[str | None] = []
    names: dict[str, Any] = {
        "stored_cursor": None,
        "handle": seen.append,
        "store": cursors.append,
        "body": b"{}",
        "headers": {},
    }
    assert len(PROGRAMS) > 8
    for program in PROGRAMS[:-1]:
        ours = program.replace('"API KEY"', repr(served.key)).replace("https://sms.example.com", served.url)
        run(ours.replace("whsec_...", "whsec_" + "A" * 43 + "="), names)
    assert seen
    assert cursors[-1]
    told = capsys.readouterr().out
    assert "46701740605 201" in told
    assert "write \"'\" instead of '’'" in told
    assert "Branch office 10.0 0" in told
    assert "sign with" in told
    with Heliograph() as sms:
        assert "Inbox" in [key.name for key in sms.list_keys()]


def test_the_last_one_refuses_what_nobody_signed() -> None:
    last = PROGRAMS[-1].replace("whsec_...", "whsec_" + "A" * 43 + "=")
    assert verify_incoming.__name__ in last
    with pytest.raises(WebhookRefused):
        run(last, {"body": b"{}", "headers": {}})
