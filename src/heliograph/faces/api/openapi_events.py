"""/v2/events in the API document: its operation, and what there is to say of its fields."""

from datetime import datetime
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from heliograph.domain.incoming_report import IncomingStatus
from heliograph.domain.webhook_event import event_id
from heliograph.faces.api.event_endpoints import DEFAULT_EVENTS, EVENT_TYPE, EVENTS_PATH, INCOMING_TYPE
from heliograph.faces.api.openapi_incoming import FIELD_TEXTS as INCOMING_TEXTS
from heliograph.faces.api.openapi_operations import Json, answer, operation, reference
from heliograph.faces.api.openapi_texts import BATCH_ID, MESSAGE_ID, DeliveryReport, FieldText
from heliograph.faces.api.openapi_texts import FIELD_TEXTS as USUAL_TEXTS
from heliograph.faces.api.paging import LARGEST_LIMIT

TAG: Final = {
    "name": "Events",
    "description": (
        "What happened to the account's messages, to be read at your own pace: after an outage of your "
        "server, or instead of delivery reports. An addition of ours."
    ),
}
_CURSOR: Final = "AWoDXwAAAAAAAAAwOWoDXr8vAQIDBAUAACoAAAAD3Wkqpw"
_EVENT: Final[dict[str, FieldText]] = {
    "eventId": ("Names the event: the `webhook-id` of its report.", event_id(MESSAGE_ID, 3, 201)),
    "type": (
        f"What happened. `{EVENT_TYPE}` is a new status, `{INCOMING_TYPE}` a message from a handset; "
        "skip types you do not know.",
        EVENT_TYPE,
    ),
    "number": ("Its place in the message's history: of two events of a message, the higher is newer.", 3),
    **USUAL_TEXTS["DeliveryReport"],
}
_AS_POSTED: Final = frozenset(
    {
        *("owner", "type", "datacoding", "priority", "statuses", "modified", "mcc", "mnc"),
        *("incomplete", "optOut"),
    }
)
_INCOMING: Final[dict[str, FieldText]] = {
    "direction": ("`MO`: a message from a handset; absent else.", "MO"),
    "sender": ("The number of the handset; absent where it is not from one.", "46701740605"),
    "body": ("The text from the handset; absent where it is not from one.", "Yes, please"),
    **{
        {"type": "messageType"}.get(name, name): (f"{text} As POSTed; absent in other events.", example)
        for name, (text, example) in INCOMING_TEXTS["IncomingDocument"].items()
        if name in _AS_POSTED
    },
}
FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "EventDocument": {**_EVENT, **_INCOMING},
    "EventPage": {
        "events": ("The next events. With a filter there may be few, even none, while `hasMore`.", None),
        "cursor": ("Give it as `after` to go on from here. Opaque; keep it with what you stored.", _CURSOR),
        "hasMore": ("Whether more events are there already.", False),
    },
}
FIELD_RULES: Final[dict[str, dict[str, Any]]] = {
    "EventDocument.duration": {"enum": [0, 1]},
    "EventDocument.direction": {"const": "MO"},
    "EventDocument.messageType": {"enum": ["SMS", "Flash"]},
    "EventDocument.datacoding": {"enum": ["GSM", "UCS", "BINARY"]},
    "EventDocument.optOut": {"enum": ["stop", "start"]},
}


class EventDocument(DeliveryReport, kw_only=True, rename="camel"):
    """An event: the body of its delivery report, and what its headers would say."""

    event_id: str
    type: str
    number: int
    direction: str | UnsetType = UNSET
    sender: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    message_type: str | UnsetType = UNSET
    datacoding: str | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    statuses: list[IncomingStatus] | UnsetType = UNSET
    modified: datetime | UnsetType = UNSET
    mcc: str | UnsetType | None = UNSET
    mnc: str | UnsetType | None = UNSET
    incomplete: bool | UnsetType = UNSET
    opt_out: str | UnsetType = UNSET


class EventPage(Struct, rename="camel"):
    """A page of the feed."""

    events: list[EventDocument]
    cursor: str
    has_more: bool


def event_paths() -> Json:
    """The path of the feed with its operation."""
    event = {name: value for name, (_, value) in _EVENT.items()}
    example = {"events": [event], "cursor": _CURSOR, "hasMore": False}
    text = {"type": "string"}
    parameters = (
        _parameter("after", "The `cursor` of the last answer. Left out: the oldest event kept.", text),
        _parameter(
            "limit",
            "How many events to answer at most.",
            {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_EVENTS},
        ),
        _parameter("codes", "Only these statuses, separated by commas.", text | {"example": "201,202"}),
        _parameter("batchId", "Only messages of this batch.", text | {"example": BATCH_ID}),
    )
    return {
        EVENTS_PATH: {
            "get": operation(
                "Events",
                "listEvents",
                "Read the event feed",
                "Every status change that a delivery report would tell, whether or not its batch has a "
                "`deliveryReportUrl`, and every message from a handset. Who always goes on from the "
                "last `cursor` gets every event once: none is skipped. A key with the scope `receive` and "
                "not `read` is told of messages from handsets alone. Events are kept for a week (a "
                "setting).",
                {"200": answer("The next events.", reference("EventPage"), example)},
                parameters=parameters,
            )
        }
    }


def _parameter(name: str, text: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": text, "schema": schema}
