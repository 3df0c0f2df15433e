"""/v2/me/senders in the API document: its operations, and what there is to say of its fields."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from heliograph.faces.api.openapi_collections import document_answers, list_operation
from heliograph.faces.api.openapi_operations import (
    Json,
    operation,
    reference,
)
from heliograph.faces.api.openapi_texts import FieldText
from heliograph.faces.api.sender_endpoints import SENDERS_PATH

TAG: Final = {
    "name": "Senders",
    "description": (
        "What handsets show as the sender: 3 to 11 letters and digits, or a number of at most 15 digits. A "
        "sender must be registered before it is used. An account without the optional-sender service may "
        "only use the default senders, and names that look like a protected one are refused; the operator "
        "can register them."
    ),
}
_PATTERN: Final = "^([0-9]{1,15}|[0-9A-Za-z]{3,11})$"
_DOCUMENT: Final[dict[str, FieldText]] = {
    "sender": ("The sender.", "Acme"),
    "created": ("When it was registered first.", "2026-11-22T17:00:19Z"),
}
FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "SenderDocument": _DOCUMENT,
    "SenderRequest": {"sender": ("The sender; letter case matters.", "Acme")},
}
_EXAMPLE: Final = {name: value for name, (_, value) in _DOCUMENT.items()}
_REGISTERED: Final = {"200": "It is registered already.", "201": "Registered."}


class SenderRequest(Struct):
    """A sender to be registered. Names of fields may be written in any letter case."""

    sender: Annotated[str, Meta(pattern=_PATTERN)]


def sender_paths() -> Json:
    """The paths of the senders with their operations."""
    sender = {
        "name": "sender",
        "in": "path",
        "required": True,
        "description": "The sender; letter case matters.",
        "schema": {"type": "string", "pattern": _PATTERN},
        "example": "Acme",
    }
    return {
        SENDERS_PATH: {"get": _list(), "put": _register()},
        f"{SENDERS_PATH}/{{sender}}": {
            "parameters": [sender],
            "get": _on_sender("readSender", "Read a sender", "One sender.", {"200": "The sender."}),
            "put": _on_sender(
                "putSender",
                "Register the sender in the path",
                "Needs no body; one that names another sender is refused. A sender that is registered stays "
                "as it is. Nobody registers what looks like a default sender or a protected name, nor a "
                "number that handsets reach another account by.",
                _REGISTERED,
            ),
            "delete": _on_sender(
                "removeSender",
                "Unregister a sender",
                "What was accepted before is still sent.",
                {"200": "The sender that was unregistered."},
            ),
        },
    }


def _list() -> Json:
    return list_operation(
        "Senders",
        "listSenders",
        "List the senders",
        "The account's senders in alphabetical order.",
        answered="A page of senders.",
        of="SenderDocument",
        example=_EXAMPLE,
    )


def _register() -> Json:
    return operation(
        "Senders",
        "registerSender",
        "Register a sender",
        "The same as with the sender in the path.",
        document_answers(_REGISTERED, "SenderDocument", _EXAMPLE),
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": reference("SenderRequest"),
                    "examples": {"one": {"summary": "A sender", "value": {"sender": "Acme"}}},
                }
            },
        },
    )


def _on_sender(operation_id: str, summary: str, description: str, answers: dict[str, str]) -> Json:
    return operation(
        "Senders",
        operation_id,
        summary,
        description,
        document_answers(answers, "SenderDocument", _EXAMPLE),
    )
