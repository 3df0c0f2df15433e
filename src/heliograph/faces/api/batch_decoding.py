"""The body of a send, from bytes to the members that the domain judges.

Two readers: a fast one for bodies in the usual form, and ``json_faults`` for everything else. The fast one
gives up at the least doubt - an unknown name, a name in another case, a repeated one, a type out of the
ordinary - so that whatever it accepts, the other one would have read alike.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType, to_builtins
from msgspec.structs import astuple

from heliograph.domain.batch import RawBatch, raw_batch
from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.faces.api.json_faults import MAX_COMMAS, JsonDocument, JsonValue, read_json

NOT_AN_OBJECT: Final = "The body must be a JSON object with sender, recipients and body."
REPEATED: Final = "This property stands in the body more than once."
_MAX_REPEATED: Final = 100

_SmallNumber = Annotated[int, Meta(ge=0, le=9)]
_Members = dict[str, Any]


class _UsualWindow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    opens: str | UnsetType | None = UNSET
    closes: str | UnsetType | None = UNSET


class _UsualBatch(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """A body in the usual form; anything else is left to the careful reader."""

    sender: str | UnsetType = UNSET
    recipients: list[str] | dict[str, dict[str, str]] | UnsetType = UNSET
    body: str | UnsetType = UNSET
    type: str | _SmallNumber | UnsetType | None = UNSET
    datacoding: str | _SmallNumber | UnsetType | None = UNSET
    priority: _SmallNumber | UnsetType | None = UNSET
    delivery_windows: list[_UsualWindow] | UnsetType | None = UNSET
    delivery_report_url: str | UnsetType | None = UNSET
    reference: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType | None = UNSET


_decode = msgspec.json.Decoder(_UsualBatch).decode


def decode_usual(data: bytes) -> RawBatch | None:
    """The members of a body in the usual form, or None when the careful reader must look at it."""
    # Escapes of NUL and of the colon: the first is refused, the second would spoil the count of colons.
    if b"\\u00" in data and (b"\\u0000" in data or b"\\u003" in data):
        return None
    try:
        usual = _decode(data)
        if usual.delivery_windows:
            usual.delivery_windows = to_builtins(usual.delivery_windows)
        values = astuple(usual)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if _has_repeated_names(values, data) or data.count(b",") > MAX_COMMAS:
        return None
    # The fields stand in the order of RawBatch.
    return RawBatch(*[None if value is UNSET else value for value in values])


def _has_repeated_names(values: tuple[Any, ...], data: bytes) -> bool:
    """Whether a name stands twice, or may: the decoder keeps the last one, hence a colon is left over.

    Colons in array elements are not counted. They are in hardly any body, which then only takes longer.
    """
    left = data.count(b":") - len(values) + values.count(UNSET)
    if left == 0:
        return False
    texts: list[str] = []
    maps: list[_Members] = []
    for value in values:
        if type(value) is str:
            texts.append(value)
        elif type(value) is dict:
            left -= len(value)
            maps = list(value.values())
            texts.extend(value)
        elif type(value) is list and value and type(value[0]) is dict:
            left -= sum(map(len, value)) + sum(map(_colons, value))
    left -= sum(map(len, maps))
    return left != 0 and left != sum(text.count(":") for text in texts) + sum(map(_colons, maps))


def _colons(members: _Members) -> int:
    """The colons in names and values."""
    return sum(name.count(":") + (value.count(":") if value else 0) for name, value in members.items())


def decode_carefully(data: bytes) -> RawBatch:
    """The members of any body. Raises MalformedJson, or InvalidRequest with every repeated name."""
    document = read_json(data)
    if not isinstance(document.value, dict):
        raise InvalidRequest([Refusal("body", "not_object", NOT_AN_OBJECT)], NOT_AN_OBJECT)
    repeated = _repeated(document, document.value)
    if repeated:
        raise InvalidRequest([Refusal(path, "repeated", REPEATED) for path in repeated[:_MAX_REPEATED]])
    return raw_batch(document.value)


def _repeated(document: JsonDocument, members: dict[str, JsonValue]) -> list[str]:
    """Names that stand twice: exactly alike anywhere, or in another case where case does not matter."""
    found = dict.fromkeys(document.repeated)
    found.update(dict.fromkeys(_alike(members, "")))
    for name, value in members.items():
        if name.lower() == "deliverywindows" and isinstance(value, list):
            for index, window in enumerate(value):
                if isinstance(window, dict):
                    found.update(dict.fromkeys(_alike(window, f"{name}[{index}].")))
    return list(found)


def _alike(members: dict[str, JsonValue], prefix: str) -> list[str]:
    seen: set[str] = set()
    alike: list[str] = []
    for name in members:
        folded = name.lower()
        if folded in seen:
            alike.append(prefix + name)
        seen.add(folded)
    return alike
