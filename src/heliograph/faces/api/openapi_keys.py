"""/v2/me/keys in the API document: its operations, and what there is to say of its fields."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from heliograph.domain.key_request import MAX_NAME, MAX_NETWORKS, MOST_KEYS
from heliograph.domain.key_rights import KeyScope
from heliograph.faces.api.key_endpoints import KEYS_PATH
from heliograph.faces.api.openapi_collections import list_operation
from heliograph.faces.api.openapi_operations import (
    IDEMPOTENCY_KEY,
    Json,
    answer,
    operation,
    reference,
)
from heliograph.faces.api.openapi_texts import FieldText

TAG: Final = {
    "name": "Keys",
    "description": (
        "The account's API keys. What a key may do is said by its scopes: "
        f"{', '.join(f'`{scope}`' for scope in KeyScope)}. These calls need `keys`. A change is seen "
        "everywhere within 5 seconds."
    ),
}
_ID: Final = "kq3v7m2xw5o4b6na"
_TIME: Final = "2026-11-22T17:00:19Z"
_GIVEN: Final[dict[str, FieldText]] = {
    "name": ("What you call it: which program holds it.", "web shop"),
    "scopes": ("What it may do; null for everything.", ["read", "send"]),
    "networks": (
        "Where it may be used from; an empty array for anywhere.",
        ["192.0.2.0/24", "2001:db8::/32"],
    ),
    "test": ("Whether what it sends goes to the simulated carrier and costs nothing.", False),
    "expires": ("When it ends, or null.", "2099-01-31T00:00:00Z"),
}
_KEY: Final[FieldText] = (
    "The key itself. Only in the answer that made it: keep it.",
    f"hg_{_ID}_...",
)
_DOCUMENT: Final[dict[str, FieldText]] = {
    "id": ("The key's id.", _ID),
    **{name: _GIVEN[name] for name in ("name", "scopes", "networks", "test")},
    "created": ("When it was made.", _TIME),
    "expires": _GIVEN["expires"],
    "lastUsed": ("When it was last used, to the minute or so, or null.", _TIME),
    "revoked": ("When it was revoked, or null.", None),
}
FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "KeyDocument": {**_DOCUMENT, "key": _KEY},
    "KeyRequest": {
        name: (f"{text} Left out: as of the key that this is called with.", example)
        if name != "name"
        else (text, example)
        for name, (text, example) in _GIVEN.items()
    },
}
_MOMENT: Final = {"format": "date-time"}
FIELD_RULES: Final[dict[str, dict[str, Any]]] = {
    "KeyRequest.expires": _MOMENT,
}
_EXAMPLE: Final = {name: value for name, (_, value) in _DOCUMENT.items()}


class KeyRequest(Struct):
    """A key to be made. Names of fields may be written in any letter case."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    scopes: Annotated[list[str], Meta(max_length=len(KeyScope))] | None = None
    networks: Annotated[list[str], Meta(max_length=MAX_NETWORKS)] | None = None
    test: bool | None = None
    expires: str | None = None


def key_paths() -> Json:
    """The paths of keys with their operations."""
    key_id = {
        "name": "keyId",
        "in": "path",
        "required": True,
        "description": "The key's id: the part between the first two `_` of the key.",
        "schema": {"type": "string", "pattern": "^[a-z2-7]{16}$"},
        "example": _ID,
    }
    return {
        KEYS_PATH: {"get": _list(), "post": _create()},
        f"{KEYS_PATH}/{{keyId}}": {"parameters": [key_id], "delete": _revoke()},
    }


def _list() -> Json:
    return list_operation(
        "Keys",
        "listKeys",
        "List the keys",
        "The account's keys, oldest first, revoked ones included. Secrets are never shown.",
        answered="A page of keys.",
        of="KeyDocument",
        example=_EXAMPLE,
    )


def _create() -> Json:
    request = {name: value for name, (_, value) in _GIVEN.items()}
    made = _EXAMPLE | {"lastUsed": None, "key": _KEY[1]}
    location = {"Location": {"description": "The path of the new key.", "schema": {"type": "string"}}}
    return operation(
        "Keys",
        "createKey",
        "Make a key",
        "The new key may do no more than the one that this is called with, from nowhere else, and no longer: "
        "more than that is refused with 403. A test key makes none. An account has at most "
        f"{MOST_KEYS} keys that are not revoked.",
        {"201": answer("The key, shown once.", reference("KeyDocument"), made, headers=location)},
        parameters=(IDEMPOTENCY_KEY,),
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": reference("KeyRequest"),
                    "examples": {
                        "usual": {"summary": "As mighty as this one", "value": {"name": "web shop"}},
                        "everything": {"summary": "Every field", "value": request},
                    },
                }
            },
        },
    )


def _revoke() -> Json:
    return operation(
        "Keys",
        "revokeKey",
        "Revoke a key",
        "Nobody is let in with it any more, in every process within 5 seconds. One that was revoked before "
        "stays as it is.",
        {"200": answer("The key.", reference("KeyDocument"), _EXAMPLE | {"revoked": _TIME})},
    )
