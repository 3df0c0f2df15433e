"""/v2/conversations in the API document: its operations, and what there is to say of its fields."""

from typing import Any, Final

from heliograph.faces.api.openapi_lists import AFTER
from heliograph.faces.api.openapi_operations import (
    LINK_HEADER,
    Json,
    answer,
    example_of,
    operation,
    page_parameters,
    reference,
)
from heliograph.faces.api.openapi_texts import FieldText

TAG: Final = {
    "name": "Conversations",
    "description": (
        "What went to a number and what came from it, or all that went out from a sender. A participant that "
        "nothing is known of has an empty conversation."
    ),
}
_NUMBER: Final = "46701740605"
_SUMMARY: Final[dict[str, FieldText]] = {
    "participant": ("The number or the sender.", _NUMBER),
    "totalMessageCount": ("All messages of the conversation.", 3),
    "totalSmsCount": ("The SMS (segments) of all these messages.", 4),
    "mobileTerminatedMessages": (
        "The messages that went out, by latest status; the keys are status codes.",
        {"201": {"messages": 2, "sms": 3}},
    ),
    "mobileOriginatedMessages": (
        "The messages that came in, by latest status.",
        {"201": {"messages": 1, "sms": 1}},
    ),
    "partial": (
        "`true` where only the newest messages were counted: 100,000, or those of a sender's 10,000 batches. "
        "An addition of ours.",
        True,
    ),
}
FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {"ConversationSummary": _SUMMARY}
_PATH: Final = "/v2/conversations/{participant}"


def conversation_paths() -> Json:
    """The paths of conversations with their operations."""
    participant = {
        "name": "participant",
        "in": "path",
        "required": True,
        "description": "A number without `+`, or a sender.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 21, "pattern": "^[0-9A-Za-z]{1,21}$"},
        "example": _NUMBER,
    }
    pages = (
        ("", "readConversation", "List a conversation", "All messages to and from the participant"),
        ("/mt", "readOutgoing", "List what went out", "The messages that went out"),
        ("/mo", "readIncoming", "List what came in", "The messages that came in"),
    )
    return {
        **{
            f"{_PATH}{end}": {"parameters": [participant], "get": _list(name, summary, text)}
            for end, name, summary, text in pages
        },
        f"{_PATH}/summary": {"parameters": [participant], "get": _summary()},
    }


def _list(name: str, summary: str, text: str) -> Json:
    schema: dict[str, Any] = {"type": "array", "items": reference("MessageDocument")}
    return operation(
        "Conversations",
        name,
        summary,
        f"{text}, in the order in which they were accepted, each with only its latest status.",
        {"200": answer("A page of messages.", schema, [example_of("MessageDocument")], headers=LINK_HEADER)},
        parameters=(*page_parameters(), AFTER),
    )


def _summary() -> Json:
    example = {name: value for name, (_, value) in _SUMMARY.items() if name != "partial"}
    return operation(
        "Conversations",
        "readConversationSummary",
        "Count a conversation",
        "How many messages went out and came in, by latest status.",
        {"200": answer("The counts.", reference("ConversationSummary"), example)},
    )
