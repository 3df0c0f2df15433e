"""Every text of the portal is there in every language, and no language keeps a text that nobody says."""

import ast
import re
from collections.abc import Iterator

import pytest

from heliograph.domain.contact import label_fault
from heliograph.domain.report_url import UrlRefusal, parse_report_url
from heliograph.domain.sender_rules import sender_fault
from heliograph.faces.portal.navigation import _PAGES
from heliograph.faces.portal.translations import LANGUAGES, catalog, translator
from tests.repository.source_tree import SOURCE, python_files, tree_of

TEMPLATES = SOURCE / "faces" / "portal" / "templates"
_VALUE = re.compile(r"%\((\w+)\)s")
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


def said_with_values() -> Iterator[str]:
    """Sentences with values in them, with %(value)s in the place of each."""
    for path in python_files("src"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "%(value)s" for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.sub(r"\{\w*\}", "%(value)s", node.value)


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
    unsaid = [text for text in catalog(language) if text.replace("_", " ").casefold() not in said]
    with_values = set(said_with_values())
    assert sorted(text for text in unsaid if _VALUE.sub("%(value)s", text) not in with_values) == []


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_a_translation_names_the_same_values(language: str) -> None:
    wrong = [
        english
        for english, text in catalog(language).items()
        if sorted(_VALUE.findall(english)) != sorted(_VALUE.findall(text))
    ]
    assert wrong == []


def test_a_sentence_with_its_values_in_it_is_said_in_swedish() -> None:
    swedish = translator("sv")
    too_long = label_fault("x" * 101, "labels")
    foreign = sender_fault("acme", {"Acme", "Bolaget"})
    url = parse_report_url("http://10.0.0.1/", http_allowed=True, loopback_allowed=False)
    assert too_long is not None
    assert foreign is not None
    assert isinstance(url, UrlRefusal)
    assert swedish(too_long.sentence) == "En etikett har högst 100 tecken; den här har 101."
    assert swedish(foreign.sentence) == (
        "Avsändaren acme är inte registrerad på det här kontot."
        " Acme är det: stora och små bokstäver skiljer sig."
    )
    assert swedish(url.sentence) == "Adressens värd är privat."


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_sentence_that_no_language_knows_stays(language: str) -> None:
    assert translator(language)("100 % of nothing: %(what)s") == "100 % of nothing: %(what)s"
