"""What lists take beside the page, in the API document: the cursor and the filters."""

from typing import Any, Final

from heliograph.domain.status import BatchStatus, Code

Json = dict[str, Any]

_ID: Final = "5bc86b6e85c7209830f96936"

AFTER: Final[Json] = {
    "name": "after",
    "in": "query",
    "description": (
        "Reads with a cursor instead of `start`: the id of the last entry of the page before, or empty to "
        "begin. Such a page costs the same wherever it lies; its `Link` has `self`, `first` and `next`. An "
        "addition of ours."
    ),
    "schema": {"type": "string", "pattern": "^([0-9a-f]{24})?$"},
    "allowEmptyValue": True,
    "example": _ID,
}


def batch_filters() -> tuple[Json, ...]:
    """What narrows down a list of batches."""
    text: Json = {"type": "string", "minLength": 1}
    moment: Json = {"type": "string", "format": "date-time"}
    codes: Json = {"type": "integer", "enum": [int(status) for status in BatchStatus]}
    return (
        _several(
            "tags",
            "Only batches with any of these tags; a comma within a tag is written with a backslash before it",
            {"type": "string"},
        ),
        _several("status", "Only batches with any of these statuses", codes),
        _one("reference", "Only batches with this reference.", {**text, "maxLength": 40}, "custom-id-123"),
        _one("sender", "Only batches from this sender.", {**text, "maxLength": 11}, "iP1"),
        _one("direction", "`MT`: only sent ones. `MO`: only incoming ones.", {"enum": ["MT", "MO"]}, "MT"),
        _one("createdFrom", "Only batches created then or later.", moment, "2026-11-22T00:00:00Z"),
        _one("createdTo", "Only batches created before then.", moment, "2026-11-29T00:00:00Z"),
    )


def message_filters() -> tuple[Json, ...]:
    """What narrows down a list of the messages of a batch."""
    groups = ["1", "2", "4", "5", "1xx", "2xx", "4xx", "5xx"]
    codes: Json = {"type": "string", "enum": [*groups, *(str(int(code)) for code in Code)]}
    number: Json = {"type": "string", "pattern": "^[0-9]{1,15}$"}
    return (
        _several(
            "status", "Only messages whose latest status is one of these codes or groups of codes", codes
        ),
        _one("recipient", "Only messages to this number.", number, "46701740605"),
    )


def _one(name: str, text: str, schema: Json, example: object) -> Json:
    return {"name": name, "in": "query", "description": text, "schema": schema, "example": example}


def _several(name: str, text: str, items: Json) -> Json:
    return {
        "name": name,
        "in": "query",
        "description": f"{text}; repeat it, or separate them by commas.",
        "schema": {"type": "array", "items": items},
        "style": "form",
        "explode": True,
    }
