"""Every text of the portal is there in every language, and no language keeps a text that nobody says."""

import ast
import re
from collections.abc import Iterator

import pytest

from heliograph.faces.portal.navigation import _PAGES
from heliograph.faces.portal.translations import LANGUAGES, catalog
from tests.repository.source_tree import SOURCE, python_files, tree_of

TEMPLATES = SOURCE / "faces" / "portal" / "templates"
_IN_TEMPLATE = re.compile(r"""\b_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")


def said_in_templates() -> Iterator[str]:
    """What templates translate."""
    for path in sorted(TEMPLATES.glob("*.html")):
        for double, single in _IN_TEMPLATE.findall(path.read_text("utf-8")):
            yield double or single


def said_in_pages() -> Iterator[str]:
    """What page modules translate."""
    for path in sorted((SOURCE / "faces" / "portal").glob("*.py")):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = node.func.func if isinstance(node.func, ast.Call) else node.func
                name = getattr(called, "id", getattr(called, "attr", ""))
                if name in ("translate", "_", "translate_for"):
                    yield str(node.args[0].value)


def said_in_the_navigation() -> Iterator[str]:
    """Titles and labels of the navigation."""
    for title, pages in _PAGES:
        yield from ([title] if title else [])
        yield from (label for label, *_ in pages)


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_text_is_translated(language: str) -> None:
    said = {*said_in_templates(), *said_in_pages(), *said_in_the_navigation()}
    assert sorted(said - set(catalog(language))) == []


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_no_text_is_kept_that_nobody_says(language: str) -> None:
    constants = {
        node.value
        for path in python_files("src")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    # Some words are names in the code: their first letter is made a capital, their underscore a blank.
    said = {word.replace("_", " ").casefold() for word in (*constants, *said_in_templates())}
    assert sorted(text for text in catalog(language) if text.replace("_", " ").casefold() not in said) == []


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_a_translation_names_the_same_values(language: str) -> None:
    values = re.compile(r"%\((\w+)\)s")
    wrong = [
        english
        for english, text in catalog(language).items()
        if sorted(values.findall(english)) != sorted(values.findall(text))
    ]
    assert wrong == []
