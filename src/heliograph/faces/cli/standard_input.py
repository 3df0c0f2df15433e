"""A lone ``-`` on the command line, which stands for standard input."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

NAME: Final = "/dev/stdin"
"""What the parser of the command line is given for it: a lone ``-`` looks like an option to it."""
_NAMED_BY: Final = frozenset({"--password-file"})
_TAKEN_BY: Final = frozenset({"send"})


def with_standard_input(arguments: Sequence[str]) -> list[str]:
    """The arguments with the name of standard input where ``-`` stands for it."""
    takes_any = bool(_TAKEN_BY & set(arguments[:1]))
    return [
        NAME if argument == "-" and (takes_any or before in _NAMED_BY) else argument
        for before, argument in pairwise(("", *arguments))
    ]


def is_standard_input(name: str | Path) -> bool:
    """Whether a file's name, or what stands in place of a text, means standard input."""
    return str(name) in ("-", NAME)
