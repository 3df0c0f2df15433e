"""The files of the repository as its own rules see them."""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "heliograph"
QUERIES = SOURCE / "storage" / "queries"
MIGRATIONS = SOURCE / "storage" / "migrations"

_NOT_OURS = frozenset(
    {
        ".git",
        ".venv",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".cache",
        "site",
        "__pycache__",
    }
)


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that belongs to the repository, whether it is under version control yet or not."""
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(
            name for name in folders if name not in _NOT_OURS and not name.endswith(".egg-info")
        )
        kept = sorted({*names} - _NOT_OURS)  # in a worktree, .git is a file
        found += [Path(folder, name) for name in kept if not name.endswith((".pyc", ".so"))]
    return tuple(found)


def python_files(*folders: str) -> list[Path]:
    """The Python files in these folders of the repository."""
    roots = tuple(str(ROOT / folder) + os.sep for folder in folders)
    return [path for path in tracked_files() if path.suffix == ".py" and str(path).startswith(roots)]


def place(path: Path) -> str:
    """A file's path as people write it."""
    return str(path.relative_to(ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def functions_of(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function, methods and inner ones included."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def sql_of(path: Path) -> str:
    """An SQL file without comments, in single spaces."""
    return bare_sql(path.read_text("utf-8"))


def bare_sql(text: str) -> str:
    """SQL without comments, in single spaces."""
    return " ".join(re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL).split())
