"""The command line as a whole: help, examples, and how it says no."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from heliograph.faces.cli.command_line import COMMANDS, command_line
from tests.faces.cli.conftest import Run

ROOT = Path(__file__).parents[3]
NAMES = tuple(name for _, name, _, _ in COMMANDS)
DOCUMENTS = ("README.md", "docs/command-line.md")


def every_command(app: App, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every command that does something."""
    if path and app.default_command is not None:
        yield path
    for name in app:
        if not name.startswith("-"):
            yield from every_command(app[name], (*path, name))


PATHS = tuple(every_command(command_line(asked=NAMES)))


def examples_in(text: str) -> list[str]:
    """The lines that begin with ``heliograph``, put together where a backslash divides them."""
    joined = re.sub(r"\\\n\s+", "", text)
    return re.findall(r"^(?:    |[A-Z_]+=\S+ |\$ )*(heliograph .*)$", joined, re.MULTILINE)


def test_the_commands_of_the_specification_are_there() -> None:
    assert {path[0] for path in PATHS} >= {
        *("serve", "migrate", "account", "key", "limit", "sender", "credit", "carrier", "route", "price"),
        *("send", "simulate", "ledger", "settings", "demo"),
    }


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(path: tuple[str, ...], run: Run) -> None:
    answer = run(*path, "--help")
    assert answer.exit_code == 0
    examples = [shlex.split(line)[1:] for line in examples_in(answer.out)]
    assert any(tuple(words[: len(path)]) == path for words in examples), answer.out


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_explains_its_options_and_lines_fit_the_terminal(
    path: tuple[str, ...], run: Run
) -> None:
    lines = run(*path, "--help").out.splitlines()
    rows = [line.strip("│ ") for line in lines if line.startswith("│ ")]
    unexplained = [row for row in rows if re.fullmatch(r"(\* +)?(--)?(?!no-)[A-Za-z-]+( [A-Z.]+)?", row)]
    assert [row for row in unexplained if not row.startswith("--no-")] == []
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_speaks_json(path: tuple[str, ...], run: Run) -> None:
    assert "--json" in run(*path, "--help").out


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_the_examples_of_help_can_be_typed(path: tuple[str, ...], run: Run) -> None:
    for line in examples_in(run(*path, "--help").out):
        assert_parses(line)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_the_documents_can_be_typed(document: str) -> None:
    found = examples_in((ROOT / document).read_text("utf-8"))
    assert found
    for line in found:
        assert_parses(line)


def assert_parses(line: str) -> None:
    """Fail unless the command line takes the line; nothing is done."""
    words = shlex.split(line, comments=True)
    command_line().parse_args(words[1:], exit_on_error=False, print_error=False)


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs/command-line.md").read_text("utf-8")
    assert [path for path in PATHS if f"heliograph {' '.join(path)}" not in text] == []


def test_help_waits_for_neither_the_database_driver_nor_http() -> None:
    code = (
        "import sys\n"
        "from heliograph.__main__ import load_installation\n"
        "from heliograph.faces.cli.command_line import run_command_line\n"
        "assert run_command_line(['--help'], load_installation) == 0\n"
        "slow = {'asyncpg', 'aiohttp', 'litestar', 'cryptography', 'phonenumbers', 'rich.markdown'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("nonsense", 'Unknown command "nonsense"'),
        ("acount list", 'Did you mean "account"?'),
        ("account create", "NAME requires an argument"),
        ("account list --jsn", "Unknown option: --jsn. Did you mean --json?"),
        ("carrier create x --host h --port many --system-id s", "--port"),
        ("carrier create x --host h --port 0 --system-id s", "a port is a number from 1 to 65535"),
        ("carrier create x --host h --port 1 --system-id " + "s" * 16, "a system id has 1 to 15"),
        ("serve --role janitor", "janitor"),
        ("serve --http 8080", "'8080' is no HOST:PORT"),
        ("serve --http 127.0.0.1:70000", "a port is a number from 0 to 65535"),
        ("serve --http ::1:80", "is no HOST:PORT"),
        ("serve --config /nonexistent.toml", "/nonexistent.toml: No such file or directory"),
        ("serve --role api --data /nonexistent", "HELIOGRAPH_DATABASE_URL"),
        ("migrate", "HELIOGRAPH_DATABASE_URL is not set"),
        ("account list --data /nonexistent", "there is no Heliograph in /nonexistent yet"),
        ("ledger check --data /nonexistent", "there is no Heliograph in /nonexistent yet"),
        ("send Hello 46701740605 --data /nonexistent", "no Heliograph runs in /nonexistent"),
        ("send Hello --data /nonexistent", "no recipients"),
        ("send Hello --file /nonexistent", "/nonexistent: No such file or directory"),
        (
            "send Hello 46701740605 --url http://127.0.0.1:1 --key k",
            "the API at http://127.0.0.1:1 does not answer: nothing listens there\n",
        ),
        ("send Hello 46701740605 --url notaurl --key k", "'notaurl' is no address of a server"),
        ("send Hello 46701740605 --url ftp://host --key k", "'ftp://host' is no address of a server"),
        ("send Hello 46701740605 --url http://127.0.0.1:99999 --key k", "is no address of a server"),
        ("send Hello 46701740605 --url http://127.0.0.1:1 --key \xe4", "an API key has only letters"),
        ("simulate handsets --data /nonexistent", "there is no simulated carrier in /nonexistent"),
        ("simulate handsets abc", "'abc' is no phone number"),
        ("simulate handsets --url http://127.0.0.1:1", "does not answer: nothing listens there\n"),
        ("simulate handsets --url notaurl", "'notaurl' is no address of a server"),
        ("simulate --smpp 2775", "'2775' is no HOST:PORT"),
        ("simulate --password too-long-for-smpp", "at most 8 ASCII characters"),
        ("price set standard 46", "'46' is no price"),
        ("price set standard 4x=1", "'4x' is no prefix"),
        ("price set standard 46=free", "'free' is not a price"),
        ("price set standard", "no prices given"),
        ("credit add ip1-10001 much", "'much' is not a positive amount"),
        ("sender add ip1-10001 no", "3 to 11 characters"),
        ("account change ip1-10001 --weight 0", "the weight is a number from 1 to 1000"),
        ("key create ip1-10001 --days 0", "a key lasts 1 to 36500 days"),
    ],
)
def test_wrong_input_is_one_line_on_stderr_and_exit_code_2(arguments: str, sentence: str, run: Run) -> None:
    answer = run(*arguments.split())
    assert answer.exit_code == 2
    assert answer.out == ""
    assert sentence in answer.err
    assert answer.err.startswith("heliograph: ")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
@pytest.mark.parametrize(
    ("arguments", "whose"),
    [
        (("account", "create", "{}"), "the account"),
        (("account", "change", "ip1-10001", "--name", "{}"), "the account"),
        (("price", "create", "{}"), "the price list"),
        (("key", "create", "ip1-10001", "--name", "{}"), "the key"),
        (("key", "change", "kq3v7m2xw5o4b6na", "--name", "{}"), "the key"),
    ],
)
def test_a_name_that_nobody_can_read_is_refused(
    arguments: tuple[str, ...], whose: str, name: str, run: Run
) -> None:
    answer = run(*(each.format(name) for each in arguments), "--data", "/nonexistent")
    assert (answer.exit_code, answer.out) == (2, "")
    assert answer.err.startswith(f"heliograph: the name of {whose} "), answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("account", "create", "Acme", "--sender", ""), "sender must not be empty"),
        (("sender", "add", "ip1-10001", ""), "sender must not be empty"),
        (("blacklist", "add", "ip1-10001", ""), "A recipient must not be empty"),
        (("number", "keyword", "add", "72456", "", "ip1-10001"), "is no keyword"),
        (("carrier", "create", "telco", "--host", "", "--port", "1", "--system-id", "s"), "a host is a name"),
        (("carrier", "create", "", "--host", "h", "--port", "1", "--system-id", "s"), "a name has 1 to 50"),
        (
            ("carrier", "create", "telco", "--host", "h", "--port", "1", "--system-id", ""),
            "a system id has 1",
        ),
    ],
)
def test_what_is_left_empty_is_refused(arguments: tuple[str, ...], sentence: str, run: Run) -> None:
    answer = run(*arguments, "--data", "/nonexistent")
    assert (answer.exit_code, answer.out) == (2, "")
    assert sentence in answer.err
    assert answer.err.count("\n") == 1


def test_a_misspelt_setting_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_HTPP_PORT", "1")
    answer = run("settings")
    assert (answer.exit_code, answer.err) == (
        2,
        "heliograph: HELIOGRAPH_HTPP_PORT is no setting; see `heliograph settings`\n",
    )


def test_settings_are_listed_with_default_and_value(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_HTTP_PORT", "9999")
    monkeypatch.setenv("HELIOGRAPH_SECRET_KEY", "5e" * 32)
    found = {row["name"]: row for row in run("settings", "--json").json}
    assert found["http.port"] == {
        "name": "http.port",
        "variable": "HELIOGRAPH_HTTP_PORT",
        "default": "8080",
        "value": "9999",
    }
    assert found["secret_key"]["value"] == "(set)"
    lines = run("settings").out.splitlines()
    assert all(any(row["variable"] in line.split() for line in lines) for row in found.values()), (
        "copied whole"
    )


def test_the_version_is_told(run: Run) -> None:
    answer = run("--version")
    assert answer.exit_code == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", answer.out)
