"""A JSON reader for bodies that the fast one did not take: it says what is wrong, and where.

Strict (RFC 8259) but for one thing: one comma after the last member of an object or array is accepted,
since the page of the API shows such a body. Nesting is limited, half surrogate pairs and the character NUL
are refused, and repeated names are collected instead of the last one winning.
"""

import re
from typing import ClassVar, Final, TypeAlias

import msgspec

from heliograph.domain.refusals import RefusedError

MAX_DEPTH: Final = 16
MAX_COMMAS: Final = 1_000_000
"""Commas between values; a body that holds more is no order for messages."""
MAX_NUMBER_LENGTH: Final = 100

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN_STRING = re.compile(r'"([^"\\\x00-\x1f]*)"')
_PLAIN_TEXT = re.compile(r'[^"\\\x00-\x1f]+')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|-Infinity")
_NUMBER_LIKE = re.compile(r"[+\-.0-9][0-9.eE+\-xX]*")
_FOUR_HEX = re.compile(r"[0-9a-fA-F]{4}")
_SPELLED = {"true": True, "false": False, "null": None}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SHOWN = 20


class MalformedJson(RefusedError):
    """The body is not JSON; ``line`` and ``column`` count from 1, columns in characters."""

    code: ClassVar[str] = "malformed_json"

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(f"Line {line}, column {column}: {what}")
        self.line = line
        self.column = column


class JsonDocument(msgspec.Struct, frozen=True):
    """What a body says, and the paths of properties that stand in it more than once."""

    value: JsonValue
    repeated: tuple[str, ...]


def read_json(data: bytes) -> JsonDocument:
    """Read a body. Raises MalformedJson at the first place where it stops being JSON."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise _fault(before, len(before), "this byte is not valid UTF-8.") from None
    return _Scanner(text).document()


def _fault(text: str, at: int, what: str) -> MalformedJson:
    line = text.count("\n", 0, at) + 1
    return MalformedJson(what, line, at - text.rfind("\n", 0, at))


def member_path(parents: list[str | int], name: str) -> str:
    """The path of a property as customers write it: ``deliveryWindows[1].opens``."""
    path = ""
    for step in (*parents, name):
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


class _Scanner:
    """One pass over a text. Methods take the place where they start and return the one after them."""

    __slots__ = ("_commas", "_parents", "_repeated", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._parents: list[str | int] = []
        self._repeated: list[str] = []
        self._commas = 0

    def document(self) -> JsonDocument:
        if self._text.startswith("\ufeff"):
            raise self._fault(0, "the body starts with a byte order mark, which JSON does not allow.")
        value, at = self._value(self._skip(0))
        at = self._skip(at)
        if at < len(self._text):
            raise self._fault(at, f"nothing may follow the value, but {self._found(at)} does.")
        return JsonDocument(value, tuple(self._repeated))

    def _fault(self, at: int, what: str) -> MalformedJson:
        return _fault(self._text, at, what)

    def _found(self, at: int) -> str:
        """What stands at a place, for people."""
        if at >= len(self._text):
            return "the end of the body"
        character = self._text[at]
        return f'"{character}"' if character.isprintable() else f"U+{ord(character):04X}"

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def _value(self, at: int) -> tuple[JsonValue, int]:
        if match := _PLAIN_STRING.match(self._text, at):
            return match[1], match.end()
        first = self._text[at : at + 1]
        if first == '"':
            return self._string(at)
        if first == "{":
            return self._object(self._enter(at))
        if first == "[":
            return self._array(self._enter(at))
        if (match := _NUMBER.match(self._text, at)) and not _NUMBER_LIKE.match(self._text, match.end()):
            return self._number(match), match.end()
        return self._word(at)

    def _enter(self, at: int) -> int:
        if len(self._parents) >= MAX_DEPTH:
            raise self._fault(at, f"objects and arrays may be nested {MAX_DEPTH} deep, not more.")
        return at + 1

    def _number(self, match: re.Match[str]) -> int | float:
        if len(match[0]) > MAX_NUMBER_LENGTH:
            raise self._fault(match.start(), f"a number may have {MAX_NUMBER_LENGTH} characters at most.")
        return float(match[0]) if match[1] or match[2] else int(match[0])

    def _word(self, at: int) -> tuple[bool | None, int]:
        word = _WORD.match(self._text, at)
        if word and word[0] in _SPELLED:
            return _SPELLED[word[0]], word.end()
        if word:
            shown = word[0][:_SHOWN]
            raise self._fault(at, f"{shown} is no JSON value; texts stand in double quotes.")
        if number := _NUMBER_LIKE.match(self._text, at):
            raise self._fault(at, f"{number[0][:_SHOWN]} is no JSON number.")
        if self._text[at : at + 1] == "'":
            raise self._fault(at, "texts stand in double quotes, not in single ones.")
        raise self._fault(at, f"a value is expected, not {self._found(at)}.")

    def _array(self, at: int) -> tuple[list[JsonValue], int]:
        values: list[JsonValue] = []
        parents = self._parents
        at = self._skip(at)
        while not self._text.startswith("]", at):
            parents.append(len(values))
            value, at = self._value(at)
            parents.pop()
            values.append(value)
            at = self._after_member(at, "]")
        return values, at + 1

    def _object(self, at: int) -> tuple[dict[str, JsonValue], int]:
        members: dict[str, JsonValue] = {}
        parents = self._parents
        at = self._skip(at)
        while not self._text.startswith("}", at):
            name, at = self._name(at)
            if name in members:
                self._repeated.append(member_path(parents, name))
            parents.append(name)
            members[name], at = self._value(at)
            parents.pop()
            at = self._after_member(at, "}")
        return members, at + 1

    def _name(self, at: int) -> tuple[str, int]:
        """The name of a member and the place of its value."""
        if self._text[at : at + 1] != '"':
            raise self._fault(at, f"a property name in double quotes is expected, not {self._found(at)}.")
        match = _PLAIN_STRING.match(self._text, at)
        name, at = (match[1], match.end()) if match else self._string(at)
        at = self._skip(at)
        if self._text[at : at + 1] != ":":
            raise self._fault(at, f"a colon is expected after the property name, not {self._found(at)}.")
        return name, self._skip(at + 1)

    def _after_member(self, at: int, closing: str) -> int:
        """The place of the next member or of the closing bracket; one comma before that is let pass."""
        at = self._skip(at)
        if self._text.startswith(",", at):
            self._commas += 1
            if self._commas > MAX_COMMAS:
                raise self._fault(at, f"the body holds more than {MAX_COMMAS} values.")
            return self._skip(at + 1)
        if not self._text.startswith(closing, at):
            raise self._fault(at, f'a comma or "{closing}" is expected, not {self._found(at)}.')
        return at

    def _string(self, at: int) -> tuple[str, int]:
        """A string that holds escapes, or a fault."""
        start, pieces = at, []
        at += 1
        while not self._text.startswith('"', at):
            if match := _PLAIN_TEXT.match(self._text, at):
                pieces.append(match[0])
                at = match.end()
            elif self._text.startswith("\\", at):
                piece, at = self._escape(at)
                pieces.append(piece)
            elif at >= len(self._text):
                raise self._fault(start, "this text has no closing quote.")
            else:
                raise self._fault(at, f"{self._found(at)} must be written as an escape within a text.")
        return "".join(pieces), at + 1

    def _escape(self, at: int) -> tuple[str, int]:
        kind = self._text[at + 1 : at + 2]
        if kind in _ESCAPES:
            return _ESCAPES[kind], at + 2
        if kind != "u":
            raise self._fault(at, "this is no JSON escape.")
        unit = self._unit(at)
        if unit == 0:
            raise self._fault(at, "the character NUL (\\u0000) is not allowed in a text.")
        if not 0xD800 <= unit <= 0xDFFF:
            return chr(unit), at + 6
        if unit <= 0xDBFF and self._text.startswith("\\u", at + 6):
            low = self._unit(at + 6)
            if 0xDC00 <= low <= 0xDFFF:
                return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), at + 12
        raise self._fault(at, "this is half of a surrogate pair.")

    def _unit(self, at: int) -> int:
        match = _FOUR_HEX.match(self._text, at + 2)
        if match is None:
            raise self._fault(at, "\\u takes four hexadecimal digits.")
        return int(match[0], 16)
