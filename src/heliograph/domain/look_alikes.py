"""Names that look alike on a handset's screen: what a protected sender must not be imitated by."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_SAME_LOOK: Final = str.maketrans(
    {
        "0": "o",
        "1": "l",
        "i": "l",
        "2": "z",
        "3": "e",
        "4": "a",
        "5": "s",
        "6": "g",
        "7": "t",
        "8": "b",
        "9": "g",
        "q": "g",
        # One letter that two others look like is written as those two, so that any mixture of both comes out
        # alike: of vvv nobody can say whether it is wv or vw.
        "d": "cl",
        "m": "rn",
        "w": "vv",
    }
)


@lru_cache(maxsize=4096)
def look_of(name: str) -> str:
    """What is left of a name when letter case and everything easily mistaken are taken away.

    Two names with the same look are hard to tell apart: Handelsbank and HANDE1SBANK, Klarna and Klama.
    """
    letters = "".join(character for character in name.lower() if character.isalnum())
    return letters.translate(_SAME_LOOK)


def imitated_name(sender: str, protected: Iterable[str]) -> str | None:
    """The protected name that a sender is or looks like; None if there is none."""
    look = look_of(sender)
    return next((name for name in protected if look_of(name) == look), None)
