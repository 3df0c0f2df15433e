"""docs/rules.md names for every rule a test that exists and the text that a customer reads."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.repository.source_tree import ROOT, python_files, tree_of

TABLE = ROOT / "docs" / "rules.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_HEADER = ["rule", "test", "error text or result"]


class Rule(NamedTuple):
    line: int
    rule: str
    test: str
    result: str


def rules_of(markdown: str) -> list[Rule]:
    """The rows of every table without their headers. Raises ValueError where a row is not complete."""
    rules: list[Rule] = []
    for number, line in enumerate(markdown.splitlines(), 1):
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells == _HEADER or all(re.fullmatch(":?-+:?", cell) for cell in cells):
            continue
        if len(cells) != len(_HEADER) or not all(cells):
            raise ValueError(f"line {number}: a row has a rule, a test and an error text or result")
        rules.append(Rule(number, *(cell.replace("\\|", "|") for cell in cells)))
    return rules


@pytest.mark.parametrize("row", ["| a | b |", "| a | | c |", "| a | b | c | d |", "||||"])
def test_a_row_with_an_empty_or_missing_cell_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        rules_of(row)


def test_rows_are_read() -> None:
    table = "# x\n\n| rule | test | error text or result |\n| --- | --- | --- |\n| a | `t` | b\\|c |\n"
    assert rules_of(table) == [Rule(5, "a", "`t`", "b|c")]


RULES = rules_of(TABLE.read_text("utf-8"))


@cache
def texts_of(path: Path) -> tuple[str, ...]:
    """The string constants in a Python file; of f-strings, their fixed parts."""
    return tuple(
        node.value
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@cache
def texts_of_the_product() -> tuple[str, ...]:
    return tuple(text for path in python_files("src") for text in texts_of(path))


@cache
def names_of_tests(path: Path) -> frozenset[str]:
    """The names of the tests that pytest finds at the top of a module."""
    return frozenset(
        node.name
        for node in tree_of(path).body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
    )


def quoted(result: str) -> list[str]:
    """The error texts in a cell: whatever stands in typographic quotes."""
    return re.findall("“([^”]+)”", result)


def test_there_is_a_row_for_every_field_of_the_page() -> None:
    rules = " ".join(rule.rule for rule in RULES)
    for field in (
        *("sender", "recipients", "body", "type", "datacoding", "priority", "deliveryWindows"),
        *("deliveryReportUrl", "reference", "tags"),
    ):
        assert f"`{field}`" in rules, field


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"line{rule.line}")
def test_every_rule_has_a_test_that_exists_and_the_text_it_promises(rule: Rule) -> None:
    named = _TEST.findall(rule.test)
    assert named, "the test is written as `tests/...py::test_...`"
    texts: list[str] = list(texts_of_the_product())
    for place, function in named:
        path = ROOT / place
        assert path.is_file(), place
        assert function in names_of_tests(path), f"{place}::{function}"
        texts += texts_of(path)
    for text in quoted(rule.result):
        assert any(text in found for found in texts), text


def test_no_rule_stands_twice() -> None:
    seen = [rule.rule for rule in RULES]
    assert len(set(seen)) == len(seen)
