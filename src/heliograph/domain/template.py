"""Filling a body with a recipient's values: ``{key}`` becomes a value, in a single pass."""

from collections import Counter
from collections.abc import Collection, Mapping

_EMPTY: Mapping[str, str] = {}


class Template:
    """A body taken apart once: literal text with the keys between."""

    __slots__ = ("_form", "_literal_length", "_uses", "keys")

    def __init__(self, literals: list[str], keys: list[str]) -> None:
        self._form = "%s".join(literal.replace("%", "%%") for literal in literals)
        self.keys = tuple(keys)
        self._literal_length = sum(map(len, literals))
        self._uses = tuple(Counter(keys).items())

    def render(self, own: Mapping[str, str], default: Mapping[str, str] = _EMPTY) -> str:
        """The text for a recipient: own value, else the default one, else nothing.

        Values are put in as they are: a placeholder within one is not looked at.
        """
        return self._form % tuple([own[key] if key in own else default.get(key, "") for key in self.keys])

    def length(self, own: Mapping[str, str], default: Mapping[str, str] = _EMPTY) -> int:
        """How many characters ``render`` would return, without the work of doing so."""
        return self._literal_length + sum(
            times * len(own[key] if key in own else default.get(key, "")) for key, times in self._uses
        )

    def length_with(self, longest_value: int) -> int:
        """The most characters ``render`` can return when no value has more than ``longest_value``."""
        return self._literal_length + longest_value * len(self.keys)


def compile_template(body: str, known_keys: Collection[str]) -> Template:
    """The template of a body. ``known_keys`` are those of any recipient and of the default values.

    Braces around anything else stay as they are. Keys are case-sensitive and compared whole; where two
    readings are possible, the brace further left and then the shorter key win.
    """
    longest = max(map(len, known_keys), default=0)
    literals: list[str] = []
    keys: list[str] = []
    start, brace = 0, body.find("{")
    while brace >= 0:
        key = _key_at(body, brace, known_keys, longest)
        if key is None:
            brace = body.find("{", brace + 1)
            continue
        literals.append(body[start:brace])
        keys.append(key)
        start = brace + len(key) + 2
        brace = body.find("{", start)
    literals.append(body[start:])
    return Template(literals, keys)


def _key_at(body: str, brace: int, known_keys: Collection[str], longest: int) -> str | None:
    """The shortest known key that stands in braces at ``brace``, or None."""
    end = body.find("}", brace + 1)
    while 0 <= end <= brace + 1 + longest:
        key = body[brace + 1 : end]
        if key in known_keys:
            return key
        end = body.find("}", end + 1)
    return None
