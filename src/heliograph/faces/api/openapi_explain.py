"""The dry run of a send in the API document: its parameter, its answer, and what its fields say."""

from typing import Final

from heliograph.faces.api.openapi_operations import Json, answer, reference
from heliograph.faces.api.openapi_texts import FieldText

_WINDOW: Final = {"opens": "2026-11-22T17:00:19Z", "closes": "2026-11-25T17:00:19Z"}
_CHARACTER: Final = {
    "character": "’",
    "codePoint": "U+2019",
    "count": 1,
    "positions": [3],
    "replacement": "'",
}
_RECIPIENT: Final = {
    "recipient": "46701740605",
    "code": 103,
    "encoding": "UCS",
    "segments": 1,
    "segmentsAsGsm": 1,
    "forcingCharacters": [_CHARACTER],
    "body": None,
    "price": 0.35,
    "carrier": "simulator",
    "window": _WINDOW,
}

FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "ExplanationDocument": {
        "messages": ("How many messages the batch would have.", 1),
        "segments": ("How many SMS they would take, those of refused messages included.", 1),
        "priceSummary": ("What the batch would cost.", None),
        "balance": ("What the account has just now; null for a key without the scope `billing`.", 1000.0),
        "balanceSuffices": (
            "Whether the balance pays for the batch. If not, or beyond the daily cap, all that would be sent "
            "gets status 402.",
            True,
        ),
        "messageSummary": (
            "All messages by the status they would get.",
            {"103": {"messages": 1, "sms": 1}},
        ),
        "deliveryWindows": ("When it might be sent.", [_WINDOW]),
        "warnings": ("The hints that the answer to a send would have.", []),
        "listed": (
            "How many recipients are listed: the first 1,000, fewer where their texts are very long.",
            1,
        ),
        "recipients": ("What would become of each message, in your order.", [_RECIPIENT]),
    },
    "ExplainedRecipient": {
        "recipient": ("The number.", "46701740605"),
        "code": ("The status it would get: 103 if it would be sent, else why not.", 103),
        "encoding": ("`GSM` or `UCS`.", "UCS"),
        "segments": ("How many SMS it would take; 0 if it cannot be encoded.", 1),
        "segmentsAsGsm": (
            "How many SMS it would take as `gsm` with every replacement made; null if one is lacking.",
            1,
        ),
        "forcingCharacters": (
            "The characters that `gsm` lacks, the first 20 different ones.",
            [_CHARACTER],
        ),
        "body": ("The text with placeholders filled in; null if the batch has none.", None),
        "price": ("What it would cost; 0 if it is refused.", 0.35),
        "carrier": ("The carrier it would be sent through; null if it is refused.", "simulator"),
        "window": ("The first delivery window.", _WINDOW),
    },
    "CharacterDocument": {
        "character": ("The character.", "’"),
        "codePoint": ("Its Unicode number.", "U+2019"),
        "count": ("How often it stands in the text.", 1),
        "positions": ("Where it stands, counted from 1; the first ten.", [3]),
        "replacement": (
            "What may be written instead: empty if it is invisible and may go, null if nothing fits.",
            "'",
        ),
    },
}

_DRY_RUN: Final = {
    "name": "dryRun",
    "in": "query",
    "description": (
        "`true`, `1` or `yes`: tell what would become of each message, store nothing, charge nothing, send "
        "nothing. `false`, `0` or `no`: send, as without it. With a label among the recipients the key needs "
        "the scope `read` as well. An addition of ours."
    ),
    "schema": {"type": "string", "enum": ["true", "1", "yes", "false", "0", "no"]},
}


def with_dry_run(send: Json) -> Json:
    """The operation of a send with its dry run."""
    price = {"total": 0.35, "currency": "SEK", "average": 0.35}
    example = {name: value for name, (_, value) in FIELD_TEXTS["ExplanationDocument"].items()}
    explained = answer(
        "With `dryRun`: what would become of it. Nothing was stored.",
        reference("ExplanationDocument"),
        example | {"priceSummary": price},
    )
    return send | {
        "parameters": [*send["parameters"], _DRY_RUN],
        "responses": {"200": explained, **send["responses"]},
    }
