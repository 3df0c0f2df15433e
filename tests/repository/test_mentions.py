"""The repository stands on its own: it names no machine's paths and no package registry."""

import re

import pytest

from tests.repository.source_tree import ROOT, place, tracked_files

_TEXT = frozenset(
    {".py", ".sql", ".md", ".toml", ".txt", ".yml", ".yaml", ".css", ".html", ".js", ".json", ".lock", ""}
)

MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|tmp)/")
REGISTRIES = re.compile(
    "|".join(("pypi" + r"\.org", "files" + r"\.pythonhosted", "npm" + "js", "index" + "-url"))
)
LEFT_OVERS = re.compile(
    r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|type: " + r"ignore(?!\[)|pragma: no " + "cover"
)

TEXTS = {
    place(path): path.read_text("utf-8")
    for path in tracked_files()
    if path.suffix in _TEXT and path != ROOT / "bench" / "results.json"
}


@pytest.mark.parametrize("text", ["see /work/main", "in /tmp/x", "open('/tmp/y')"])
def test_machine_paths_are_recognised(text: str) -> None:
    assert MACHINE_PATHS.search(text)


@pytest.mark.parametrize("text", ["https://example.com/work/1", "src/tmp/file", "network/", "a/work/b"])
def test_other_paths_are_let_pass(text: str) -> None:
    assert not MACHINE_PATHS.search(text)


def mentioning(pattern: re.Pattern[str], *, outside: str = "") -> list[str]:
    """The lines that mention it, outside of the files whose path begins so."""
    return [
        f"{path}:{number}: {line.strip()}"
        for path, text in TEXTS.items()
        if not (outside and path.startswith(outside)) and path != place(THIS)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


THIS = ROOT / "tests" / "repository" / "test_mentions.py"


def test_no_file_names_a_path_of_a_machine() -> None:
    assert mentioning(MACHINE_PATHS) == []


def test_no_file_names_a_package_registry() -> None:
    assert mentioning(REGISTRIES) == []


def test_nothing_is_left_to_be_done_later() -> None:
    assert mentioning(LEFT_OVERS) == []


def test_every_text_ends_with_a_newline_and_has_no_tabs_or_trailing_spaces() -> None:
    faulty = [
        path
        for path, text in TEXTS.items()
        if path.endswith((".py", ".sql", ".md", ".toml", ".css"))
        and text
        and (not text.endswith("\n") or re.search(r"[ \t]$|\t", text, re.MULTILINE))
    ]
    assert faulty == []
