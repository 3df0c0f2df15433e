"""What the query of a request says of contacts: the filters, and the flags ``meta`` and ``sync``."""

import re
from typing import Final

from heliograph.domain.contact import PHONE
from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.faces.api.paging import Page
from heliograph.storage.contact_reading import ContactFilter
from heliograph.storage.contacts import as_json

_BRACKETS: Final = re.compile(r"(properties|metadata)\[(.*)\]", re.DOTALL)
_BLOCKED: Final = "isBlocked"
_FALSE: Final = ("false", "0", "no")
_NO_NAME: Final = "Name a property in the brackets, such as properties[phoneNumber]."
_NO_KEY: Final = "Name a property and what is said of it, such as metadata[phoneNumber.isBlocked]."
_NOT_BOOLEAN: Final = "isBlocked is true or false."
_NUL: Final = "A filter must not hold the character U+0000."


def has_flag(page: Page, name: str) -> bool:
    """Whether a parameter is present, with any value but ``false``."""
    return any(other == name and value.lower() not in _FALSE for other, value in page.others)


def contact_filter(page: Page) -> ContactFilter:
    """The contacts that a query means. Raises InvalidRequest with every fault, under its parameter."""
    faults: list[Refusal] = []
    properties: dict[str, str] = {}
    metadata: dict[str, dict[str, str]] = {}
    for name, value in page.others:
        match = _BRACKETS.fullmatch(name)
        if "\0" in name or "\0" in value:
            faults.append(Refusal(name.replace("\0", ""), "characters", _NUL))
        elif match and match[1] == "properties":
            _read_property(name, match[2], value, properties, faults)
        elif match:
            _read_metadata(name, match[2], value, metadata, faults)
    is_blocked = _take_blocked(metadata, faults)
    if faults:
        raise InvalidRequest(faults, "One or more parameters of the query are not valid.")
    number = properties.get(PHONE, "")
    msisdn = number[1:] if number.startswith("+") else None
    if msisdn is not None:
        del properties[PHONE]
    return ContactFilter(
        msisdn,
        as_json(properties) if properties else None,
        as_json(metadata) if metadata else None,
        is_blocked,
        page.values("labels") or None,
    )


def _read_property(
    name: str, key: str, value: str, properties: dict[str, str], faults: list[Refusal]
) -> None:
    if not key:
        faults.append(Refusal(name, "required", _NO_NAME))
    elif key in properties:
        faults.append(Refusal(name, "repeated", f"{name} is given more than once."))
    else:
        properties[key] = value


def _read_metadata(
    name: str, keys: str, value: str, metadata: dict[str, dict[str, str]], faults: list[Refusal]
) -> None:
    field, _, key = keys.partition(".")
    if not field or not key:
        faults.append(Refusal(name, "required", _NO_KEY))
    elif key in metadata.get(field, {}):
        faults.append(Refusal(name, "repeated", f"{name} is given more than once."))
    else:
        metadata.setdefault(field, {})[key] = value


def _take_blocked(metadata: dict[str, dict[str, str]], faults: list[Refusal]) -> bool | None:
    """Whether the number is blocked: that is no stored metadata but asked of the blacklist."""
    value = metadata.get(PHONE, {}).pop(_BLOCKED, None)
    if value is None:
        return None
    if not metadata[PHONE]:
        del metadata[PHONE]
    if value.lower() not in ("true", "false"):
        faults.append(Refusal(f"metadata[{PHONE}.{_BLOCKED}]", "invalid", _NOT_BOOLEAN))
    return value.lower() == "true"
