"""The pages of reference tell the truth: errors, settings, navigation and the site built of them."""

import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

from heliograph.domain.status import Code
from heliograph.faces.api.problems import _STATUSES as PROBLEMS
from heliograph.settings import Settings, list_settings
from tests.repository.source_tree import ROOT, SOURCE, place, python_files, tree_of

DOCS = ROOT / "docs"
ERRORS = (DOCS / "errors.md").read_text("utf-8")


def rows_of(text: str) -> list[list[str]]:
    """The cells of every row of every table."""
    lines = (line for line in text.splitlines() if line.startswith("|") and not line.startswith("|-"))
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def refusal_codes() -> dict[str, str]:
    """The code of every ``Refusal`` that the source makes, with a place where it is made."""
    found: dict[str, str] = {}
    for path in python_files("src"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
                code = node.args[1]
                assert isinstance(code, ast.Constant), f"{place(path)}:{node.lineno}: write the code out"
                found[str(code.value)] = f"{place(path)}:{node.lineno}"
    return found


def test_every_kind_of_problem_has_its_cause_and_cure() -> None:
    described = {row[0].strip("`"): row[1:] for row in rows_of(ERRORS) if len(row) == 4}
    for code, (status, _) in PROBLEMS.items():
        assert described[code][0] == str(status), f"docs/errors.md: {code}"
        assert all(described[code])


def test_every_kind_of_fault_has_its_cause_and_cure() -> None:
    described = {row[0].strip("`") for row in rows_of(ERRORS) if len(row) == 4 and all(row)}
    codes = refusal_codes()
    assert len(codes) > 20
    assert {code: where for code, where in codes.items() if code not in described} == {}
    kinds = described - set(PROBLEMS) - {"type", "kind", "code"} - {str(int(code)) for code in Code}
    assert kinds - set(codes) == set(), "no longer refused: take it off docs/errors.md"


def test_every_code_of_a_message_that_was_not_delivered_is_explained() -> None:
    described = {row[0] for row in rows_of(ERRORS) if row[0].isdigit()}
    assert {str(int(code)) for code in Code if code >= 400} <= described


def comments_of(path: Path) -> dict[tuple[str, str], str]:
    """What is said beside each field of the classes of a module."""
    source = path.read_text("utf-8")
    said = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return {
        (node.name, field.target.id): said.get(field.lineno, "")
        for node in tree_of(path).body
        if isinstance(node, ast.ClassDef)
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def settings_table() -> str:
    """The table of docs/settings.md, made of the settings and the comments beside them."""
    said = comments_of(SOURCE / "settings.py")
    classes = {name: type(getattr(Settings(), name)).__name__ for name in Settings.__struct_fields__}
    rows = ["| setting | variable | default | |", "|---|---|---|---|"]
    for line in list_settings(Settings()):
        table, _, name = line.name.rpartition(".")
        text = said[classes[table] if table else "Settings", name]
        assert text, f"src/heliograph/settings.py: say beside {name} what it means"
        default = f"`{line.default}`" if line.default else ""
        rows.append(f"| `{line.name}` | `{line.variable}` | {default} | {text} |")
    return "\n".join(rows) + "\n"


def test_the_settings_are_those_of_the_code() -> None:
    assert settings_table() in (DOCS / "settings.md").read_text("utf-8"), settings_table()


def pages_in(nav: object) -> set[str]:
    """Every page that a navigation names."""
    if isinstance(nav, str):
        return {nav}
    parts = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    return {page for part in parts for page in pages_in(part)}


def test_every_page_can_be_found() -> None:
    nav = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"]
    written = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    linked = {f"decisions/{name}" for name in re.findall(r"\]\((\d{4}[^)]*\.md)\)", decisions_page())}
    assert pages_in(nav) | linked == written, "name it in zensical.toml, or in docs/decisions/index.md"


def decisions_page() -> str:
    """The list of the decisions."""
    return (DOCS / "decisions" / "index.md").read_text("utf-8")


def test_the_list_of_decisions_has_their_titles() -> None:
    for path in (DOCS / "decisions").glob("0*.md"):
        title = path.read_text("utf-8").splitlines()[0].removeprefix("# ")
        assert f"- [{title}]({path.name})\n" in decisions_page()


LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#[^)\s]*)?\)")


@pytest.mark.parametrize(
    "path",
    [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "examples" / "README.md"],
    ids=place,
)
def test_links_lead_somewhere_in_the_repository_too(path: Path) -> None:
    """The pages are read as plain Markdown as well."""
    targets = [target for target in LINK.findall(path.read_text("utf-8")) if target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    configuration = (ROOT / "zensical.toml").read_text("utf-8")
    (tmp_path / "zensical.toml").write_text(configuration)
    shutil.copytree(DOCS, tmp_path / "docs")
    program = [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "--clean"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in pages_in(tomllib.loads(configuration)["project"]["nav"]):
        built = (tmp_path / "site" / page).with_suffix(".html").read_text("utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]+src=\"?(https?://[^\s\">]+)", built)
        loaded += re.findall(r"<link(?![^>]*canonical)[^>]+href=\"?(https?://[^\s\">]+)", built)
        assert loaded == [], page
