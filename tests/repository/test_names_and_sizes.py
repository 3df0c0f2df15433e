"""Names say what is inside, and nothing grows too large to read."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository.source_tree import QUERIES, SOURCE, functions_of, place, python_files, tree_of

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
BANNED = frozenset(
    {
        *("manager", "managers", "helper", "helpers", "util", "utils", "utility", "utilities", "common"),
        *("misc", "processor", "engine", "kit", "stuff", "infos"),
    }
)
"""Words that say nothing of what a thing does. As a whole name also ``base``, ``data`` and ``info``."""
BANNED_ALONE = frozenset({"base", "data", "info", "handler", "service", "services", "models", "core"})
BANNED_VERBS = re.compile(r"_*(?:do|process)_")

LONG_FILES: dict[str, str] = {}
"""Files that may be longer, with the reason."""

SOURCES = python_files("src", "bench")


def words_of(name: str) -> list[str]:
    """The words in a name in either style: ``parse_page``, ``GroupCommit``, ``HTTPDoor``."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def objection_to(name: str) -> str | None:
    """What is wrong with the name of a module, class or function; None if nothing is."""
    words = words_of(name)
    for word in words:
        if word in BANNED:
            return f"{name}: {word} says nothing"
    if len(words) == 1 and words[0] in BANNED_ALONE:
        return f"{name} says nothing"
    return None


def objection_to_function(name: str) -> str | None:
    """The same for a function, which is named by what it does."""
    return f"{name}: say what is done" if BANNED_VERBS.match(name) else objection_to(name)


@pytest.mark.parametrize(
    "name",
    [
        "string_utils",
        "LotManager",
        "BatchHelper",
        "common",
        "base",
        "Data",
        "do_send",
        "_process_lots",
        "misc",
    ],
)
def test_empty_names_are_recognised(name: str) -> None:
    assert objection_to_function(name)


@pytest.mark.parametrize(
    "name", ["accept_batch", "AcceptHandler", "database", "group_commit", "document", "dodge"]
)
def test_names_that_say_something_are_let_pass(name: str) -> None:
    assert objection_to_function(name) is None


def objections_in(path: Path) -> Iterator[str | None]:
    """What is wrong with the names of the module, its classes and its functions."""
    if path.stem not in ("__init__", "__main__"):
        yield objection_to(path.stem)
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ClassDef):
            yield objection_to(node.name)
    yield from (objection_to_function(function.name) for function in functions_of(tree_of(path)))


def test_no_name_says_nothing() -> None:
    found = {place(path): [objection for objection in objections_in(path) if objection] for path in SOURCES}
    assert {path: objections for path, objections in found.items() if objections} == {}


def test_no_two_modules_share_a_file_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in python_files("src"):
        if path.stem not in ("__init__", "__main__"):
            places[path.stem].append(place(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_files_are_short_enough_to_read() -> None:
    lengths = {place(path): path.read_text("utf-8").count("\n") for path in SOURCES}
    long = {
        path: length for path, length in lengths.items() if length > LONGEST_FILE and path not in LONG_FILES
    }
    assert long == {}
    assert all(lengths.get(path, 0) > LONGEST_FILE for path in LONG_FILES), "take it off the list"


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    assert function.end_lineno is not None
    length = function.end_lineno - function.lineno + 1
    if docstring is not None and docstring.end_lineno is not None:
        length -= docstring.end_lineno - docstring.lineno + 1
    return length


def test_the_length_of_a_function_leaves_its_docstring_out() -> None:
    (function,) = functions_of(ast.parse('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n'))
    assert length_of(function) == 2


def test_functions_are_short_enough_to_read() -> None:
    long = {
        f"{place(path)}::{function.name}": length_of(function)
        for path in SOURCES
        for function in functions_of(tree_of(path))
        if length_of(function) > LONGEST_FUNCTION
    }
    assert long == {}


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        place(path)
        for path in SOURCES
        if ast.get_docstring(tree_of(path)) is None and path.read_text("utf-8").strip()
    ]
    assert silent == []


def test_every_statement_is_run_by_somebody() -> None:
    quoted = {
        node.value
        for path in python_files("src")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {path.stem for path in QUERIES.glob("*.sql")} - quoted == set()


def test_no_folder_says_nothing() -> None:
    folders = {path.parent.name for path in SOURCES}
    assert {folder for folder in folders if BANNED.intersection(words_of(folder))} == set()


def test_folders_below_the_package_are_packages() -> None:
    folders = {path.parent for path in python_files("src") if SOURCE in path.parents}
    assert [place(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []
