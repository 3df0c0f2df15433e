"""What a start says, and how to go on after the demo."""

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from heliograph.faces.cli.command_ground import Started
from heliograph.faces.cli.demo_command import commands_to_stay
from heliograph.faces.cli.first_words import print_first_words
from heliograph.services.first_start import FirstStart

FIRST = FirstStart(
    account_id=10001,
    account_number="ip1-10001",
    token="hg_key",
    webhook_secret="whsec_secret",
    test_credit=1000,
    currency="SEK",
    senders=("iP1", "iP1sms", "46701740699"),
    inbound_number="46701740699",
    portal_link="link",
)


def words(first: FirstStart | None, data_option: str | None = None) -> str:
    started = Started(
        url="http://127.0.0.1:8080",
        data_dir=Path("/data"),
        first=first,
        handsets_url="http://127.0.0.1:9",
    )
    console = Console(file=io.StringIO(), width=80)
    print_first_words(console, started, data_option=data_option)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_first_start_leads_to_a_first_sms_and_into_the_portal() -> None:
    said = words(FIRST, "./data")
    assert "\nhttp://127.0.0.1:8080/portal/welcome/link\n" in said
    assert "Bearer hg_key" in said
    assert "\nheliograph handset read 46701740605 --data ./data\n" in said
    assert "senders iP1, iP1sms, 46701740699\n" in said


def test_a_later_start_says_where_everything_is() -> None:
    said = words(None)
    assert "http://127.0.0.1:8080/portal/\n" in said
    assert "welcome" not in said
    assert "curl" not in said


def test_a_shell_that_does_not_know_the_command_is_told_how_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my venv/bin").mkdir(parents=True)
    (tmp_path / "my venv/bin/activate").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "my venv"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commands_to_stay() == f". '{tmp_path}/my venv/bin/activate'\nheliograph serve"
    monkeypatch.chdir(tmp_path)
    assert commands_to_stay() == ". 'my venv/bin/activate'\nheliograph serve"
    (tmp_path / "heliograph").touch(mode=0o755)
    assert commands_to_stay() == "heliograph serve"
