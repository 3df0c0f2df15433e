"""The timeline of a message in the API document."""

from typing import Any, Final

from heliograph.faces.api.openapi_operations import Json, answer, id_parameter, operation, reference
from heliograph.faces.api.openapi_texts import BATCH_ID, MESSAGE_ID, FieldText

_TEXT: Final = (
    "id:7f3a sub:001 dlvrd:001 submit date:2611221700 done date:2611221700 stat:DELIVRD err:000 text:"
)
_ENTRIES: Final = [
    {"at": "2026-11-22T17:00:19.120Z", "kind": "accepted", "price": 0.35},
    {"at": "2026-11-22T17:00:19.120Z", "kind": "route", "carrier": "simulator"},
    {"at": "2026-11-22T17:00:19.140Z", "kind": "status", "code": 110},
    {"at": "2026-11-22T17:00:19.190Z", "kind": "status", "code": 111},
    {
        "at": "2026-11-22T17:00:21.004Z",
        "kind": "receipt",
        "code": 201,
        "segment": 1,
        "smscId": "7f3a",
        "text": _TEXT,
    },
    {"at": "2026-11-22T17:00:21.004Z", "kind": "status", "code": 201},
    {
        "at": "2026-11-22T17:00:21.050Z",
        "kind": "report",
        "code": 201,
        "attempt": 1,
        "answer": 204,
        "milliseconds": 31,
    },
]

FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "TimelineDocument": {
        "messageId": ("The message's id.", MESSAGE_ID),
        "batchId": ("The id of its batch.", BATCH_ID),
        "recipient": ("The number it goes to.", "46701740605"),
        "carrier": (
            "The carrier that it goes to, or came from; null if none saw it, or longer ago than we keep it.",
            "simulator",
        ),
        "segments": ("How many SMS it takes.", 1),
        "submitted": ("The SMS that the carrier accepted.", [{"segment": 1, "smscId": "7f3a"}]),
        "code": ("Its status.", 201),
        "final": ("Whether no other status will follow.", True),
        "waiting": ("What it waits for before its carrier is given it; null from then on.", None),
        "nextReport": ("When the next delivery report is tried; null if none waits.", None),
        "entries": ("What happened, oldest first.", _ENTRIES),
    },
    "TimelineWait": {
        "reason": (
            "`window`: a delivery window that is not open yet, or the time of its next try. `pause`: its "
            "batch is paused. `carrier`: it cannot be reached just now. `turn`: others are before it.",
            "window",
        ),
        "notBefore": ("When the window opens; null for other reasons.", "2026-11-23T07:00:00Z"),
    },
    "TimelineSegment": {
        "segment": ("Which SMS of the message, counted from 1.", 1),
        "smscId": ("What the carrier calls it.", "7f3a"),
    },
    "TimelineEntry": {
        "at": ("When, to the millisecond or finer.", "2026-11-22T17:00:21.004Z"),
        "kind": (
            "`accepted`: the request was stored. `status`: the message got a status. `receipt`: the carrier "
            "told something. `report`: we told you. `refunded`: the price was returned. "
            "`inDoubt`: no answer came, so the carrier may or may not have it. `sentAgain`: it was sent once "
            "more, as the account chose. `route`: the carrier that it goes to. `answer`: what the carrier "
            "said to an SMS. `received`: an SMS came from a handset.",
            "receipt",
        ),
        "code": ("The status; of a receipt what it means, of a report what was reported.", 201),
        "price": ("What was charged or returned.", 0.35),
        "segment": ("The SMS that a receipt or a doubt is about, counted from 1.", 1),
        "smscId": ("What the carrier calls it.", "7f3a"),
        "text": ("The receipt's text as the carrier wrote it.", _TEXT),
        "attempt": ("Which try of this report, counted from 1.", 1),
        "answer": ("The HTTP status of your server's answer; 0 if none came.", 204),
        "milliseconds": ("How long the answer took.", 31),
        "reason": ("Why a report failed.", "timeout"),
        "carrier": ("Which carrier.", "simulator"),
        "bind": ("Which of its binds, counted from 1.", 1),
        "commandStatus": ("The carrier's answer, SMPP 3.4 5.1.3; 0 for yes.", 20),
        "commandStatusName": ("Its name; absent where only the carrier knows it.", "ESME_RMSGQFUL"),
        "triedAgain": ("Whether the SMS is tried again after that answer.", True),
        "replay": ("Whether the report was asked for again; absent if not.", True),
    },
}
FIELD_RULES: Final[dict[str, dict[str, Any]]] = {
    "TimelineWait.reason": {"enum": ["window", "pause", "carrier", "turn"]},
    "TimelineEntry.kind": {
        "enum": [
            "accepted",
            "route",
            "status",
            "answer",
            "receipt",
            "report",
            "refunded",
            "inDoubt",
            "sentAgain",
            "received",
        ]
    },
}


def timeline_paths() -> Json:
    """The path of the timeline."""
    example = {name: value for name, (_, value) in FIELD_TEXTS["TimelineDocument"].items()}
    return {
        "/v2/batches/{batchId}/messages/{messageId}/timeline": {
            "parameters": [id_parameter("batchId"), id_parameter("messageId")],
            "get": operation(
                "Messages",
                "readTimeline",
                "Follow a message",
                "The way of a message: every status, what its carrier called and told of it, every delivery "
                "report that was tried. Carriers' words are kept for 10 to 30 days. An addition of ours.",
                {"200": answer("Its way.", reference("TimelineDocument"), example)},
            ),
        }
    }
