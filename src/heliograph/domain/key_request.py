"""What a customer asks of a new key, judged: every fault of it, and nothing that its maker may not give."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from heliograph.domain.delivery_windows import parse_time
from heliograph.domain.key_rights import (
    KeyRights,
    KeyScope,
    Network,
    NotANetwork,
    parse_network,
    parse_scope,
)
from heliograph.domain.refusals import Forbidden, InvalidRequest, Refusal

MAX_NAME: Final = 100
MAX_NETWORKS: Final = 50
MOST_KEYS: Final = 100
TOO_MANY_KEYS: Final = f"An account has at most {MOST_KEYS} keys that are not revoked. Revoke one first."
UNKNOWN_SCOPE: Final = f"A scope is one of {', '.join(KeyScope)}."

Entry = TypeVar("Entry")


class KeyDraft(msgspec.Struct, frozen=True):
    """A new key, not yet made."""

    name: str
    rights: KeyRights
    expires_at: datetime | None


def check_key(
    members: Mapping[str, object], *, maker: KeyRights, maker_ends: datetime | None, now: datetime
) -> KeyDraft:
    """The key that a request asks for; what it leaves out is as with the key that it was made with.

    ``members`` are the request's properties by name in lower case. Raises InvalidRequest with every fault,
    and Forbidden for what the maker does not have itself.
    """
    faults: list[Refusal] = []
    name = _name(members.get("name"), faults)
    given = members.get("scopes"), members.get("networks"), members.get("test")
    scopes = _entries("scopes", given[0], _scope, faults, most=len(KeyScope))
    networks = _entries("networks", given[1], _network, faults, most=MAX_NETWORKS)
    is_test = _flag("test", given[2], faults)
    expires_at = _end(members.get("expires"), now, faults)
    if faults:
        raise InvalidRequest(faults)
    rights = msgspec.structs.replace(
        maker,
        scopes=maker.scopes if scopes is None else frozenset(scopes),
        networks=maker.networks if networks is None else tuple(networks),
        is_test=maker.is_test if is_test is None else is_test,
    )
    maker.check_gift(rights)
    if maker_ends is not None and expires_at is not None and expires_at > maker_ends:
        raise Forbidden("This API key ends before the one that it should make.")
    return KeyDraft(name, rights, maker_ends if expires_at is None else expires_at)


def _name(value: object, faults: list[Refusal]) -> str:
    if value is None:
        faults.append(Refusal("name", "required", "name is required."))
    elif not isinstance(value, str):
        faults.append(Refusal("name", "not_text", "name must be a string."))
    elif not value.strip():
        faults.append(Refusal("name", "blank", "name must not consist of white space only."))
    elif len(value) > MAX_NAME:
        sentence = f"name has at most {MAX_NAME} characters; this one has {len(value)}."
        faults.append(Refusal("name", "too_long", sentence))
    elif not value.isprintable():
        faults.append(Refusal("name", "characters", "name must not contain control characters."))
    else:
        return value
    return ""


def _entries(
    field: str,
    value: object,
    parse: Callable[[str, object], Entry | Refusal],
    faults: list[Refusal],
    *,
    most: int,
) -> Sequence[Entry] | None:
    """What stands in an array; None where there is none."""
    if value is None:
        return None
    if not isinstance(value, list):
        faults.append(Refusal(field, "not_array", f"{field} must be an array of strings."))
        return None
    if len(value) > most:
        faults.append(Refusal(field, "too_many", f"{field} has at most {most} entries."))
        return None
    found = [parse(f"{field}[{index}]", each) for index, each in enumerate(value)]
    faults += [each for each in found if isinstance(each, Refusal)]
    return [each for each in found if not isinstance(each, Refusal)]


def _scope(field: str, value: object) -> KeyScope | Refusal:
    scope = parse_scope(value) if isinstance(value, str) else None
    return Refusal(field, "unknown", UNKNOWN_SCOPE) if scope is None else scope


def _network(field: str, value: object) -> Network | Refusal:
    if not isinstance(value, str):
        return Refusal(field, "not_text", "A network must be a string, such as 192.0.2.0/24.")
    try:
        return parse_network(value)
    except NotANetwork as error:
        return Refusal(field, "invalid", str(error))


def _flag(field: str, value: object, faults: list[Refusal]) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    faults.append(Refusal(field, "invalid", f"{field} must be true or false."))
    return None


def _end(value: object, now: datetime, faults: list[Refusal]) -> datetime | None:
    if value is None:
        return None
    moment = parse_time(value) if isinstance(value, str) else None
    if moment is None:
        faults.append(
            Refusal("expires", "not_a_time", "expires must be a time such as 2027-01-31T12:00:00Z.")
        )
    elif moment <= now:
        faults.append(Refusal("expires", "past", "expires is over already."))
    return moment
