"""/v2/blacklist in the API document: its operations, and what there is to say of its fields."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from heliograph.faces.api.blacklist_endpoints import BLACKLIST_PATH
from heliograph.faces.api.openapi_collections import document_answers, list_operation
from heliograph.faces.api.openapi_operations import (
    IDEMPOTENCY_KEY,
    Json,
    operation,
    reference,
)
from heliograph.faces.api.openapi_texts import FieldText

TAG: Final = {
    "name": "Blacklist",
    "description": (
        "Numbers that nothing is sent to. A batch that names one is accepted; that message has the status "
        "405 and costs nothing. An entry counts for every send after the answer that made it. The event feed "
        "tells when a handset added or removed itself, with `optOut`; what is done here, in the portal or by "
        "the operator is no event."
    ),
}
_NUMBER: Final = "46701740605"
_DOCUMENT: Final[dict[str, FieldText]] = {
    "msisdn": ("The number.", _NUMBER),
    "created": (
        "When it was added, in UTC: with milliseconds and without a zone, as iP.1 shows it.",
        "2026-11-22T17:00:19.253",
    ),
}
FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "BlacklistDocument": _DOCUMENT,
    "BlacklistRequest": {"msisdn": ("The number, at most 15 digits.", _NUMBER)},
}
FIELD_RULES: Final[dict[str, dict[str, Any]]] = {
    "BlacklistDocument.created": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$"},
}
_EXAMPLE: Final = {name: value for name, (_, value) in _DOCUMENT.items()}


class BlacklistRequest(Struct):
    """A number to be added. Names of fields may be written in any letter case."""

    msisdn: Annotated[str, Meta(pattern="^[0-9]{1,15}$")]


def blacklist_paths() -> Json:
    """The paths of the blacklist with their operations."""
    number = {
        "name": "msisdn",
        "in": "path",
        "required": True,
        "description": "The number.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,15}$"},
        "example": _NUMBER,
    }
    return {
        BLACKLIST_PATH: {"get": _list(), "post": _add()},
        f"{BLACKLIST_PATH}/{{msisdn}}": {
            "parameters": [number],
            "get": _on_entry("readBlacklistEntry", "Read an entry", "One entry.", {"200": "The entry."}),
            "put": _on_entry(
                "putBlacklistEntry",
                "Add the number in the path",
                "Needs no body; one that names another number is refused. A number that is there already "
                "stays as it is; one that no recipient can have is refused.",
                {"200": "It is there already.", "201": "Added."},
            ),
            "delete": _on_entry(
                "removeBlacklistEntry",
                "Remove an entry",
                "The number can be sent to again at once.",
                {"200": "The entry that was removed."},
            ),
        },
    }


def _list() -> Json:
    return list_operation(
        "Blacklist",
        "listBlacklist",
        "List the blacklist",
        "The account's entries, oldest first.",
        answered="A page of entries.",
        of="BlacklistDocument",
        example=_EXAMPLE,
    )


def _add() -> Json:
    return operation(
        "Blacklist",
        "addBlacklistEntry",
        "Add a number",
        "A number that is there already stays as it is; one that no recipient can have is refused.",
        document_answers({"200": "It is there already.", "201": "Added."}, "BlacklistDocument", _EXAMPLE),
        parameters=(IDEMPOTENCY_KEY,),
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": reference("BlacklistRequest"),
                    "examples": {"one": {"summary": "A number", "value": {"msisdn": _NUMBER}}},
                }
            },
        },
    )


def _on_entry(operation_id: str, summary: str, description: str, answers: dict[str, str]) -> Json:
    return operation(
        "Blacklist",
        operation_id,
        summary,
        description,
        document_answers(answers, "BlacklistDocument", _EXAMPLE),
    )
