"""A terminal: commands run in this process, on a real installation with a real database."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import structlog

from heliograph.__main__ import load_installation
from heliograph.faces.cli.command_line import run_command_line

SECRET_KEY = "5e" * 32


class Answer(msgspec.Struct, frozen=True):
    """What a command said and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


Run = Callable[..., Answer]


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """A role that runs in this process sets up its logs for good: give those that follow theirs back."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, logging_as_before: None) -> Run:
    """Type a command; nothing of the caller's own settings is seen."""
    monkeypatch.setenv("COLUMNS", "80")

    def type_command(*arguments: str) -> Answer:
        capsys.readouterr()
        exit_code = run_command_line(arguments, load_installation)
        captured = capsys.readouterr()
        return Answer(exit_code, captured.out, captured.err)

    return type_command


@pytest.fixture
def admin(database: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same on a fresh database."""
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", database)
    monkeypatch.setenv("HELIOGRAPH_SECRET_KEY", SECRET_KEY)
    return run
