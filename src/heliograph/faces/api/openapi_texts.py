"""What the API document says in words: fields, status codes, examples. openapi.py puts them in place."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.domain.status import BatchStatus

BATCH_ID: Final = "5bc86b6e85c7209830f96936"
MESSAGE_ID: Final = "5bc86b6e85c7209830f96937"

INTRODUCTION: Final = """\
Send text messages and follow them to the handset. The API speaks iP.1's SMS API, version 2: the same paths, \
fields and codes, so a client of theirs works here once its base address is changed.

Requests and answers are JSON in UTF-8. Times are ISO 8601 in UTC, to the second. Phone numbers are digits \
with the country code first, without `+` or `00`. Ids are 24 hexadecimal digits. Every path may end in `/`. \
New fields may be added to answers at any time; a documented one never changes. A path that does not exist \
is answered with 404, a method that a path does not know with 405, and `Allow` names those it knows.

An answer of 201 means that the batch is stored safely, on disk, and will be sent: nothing is lost by a \
crash after it. If no answer arrives, send the same request again with the same `Idempotency-Key`."""

KEY_TEXT: Final = "Send your API key in the header `Authorization: Bearer <API key>`. Keep it secret."

REPORT_TEXT: Final = """\
Sent to the batch's `deliveryReportUrl` at every change of a message's status. Any answer of 2xx means \
received; anything else, or none within 15 seconds, is tried again later. Reports are signed as the Standard \
Webhooks specification says: check `webhook-signature`, and use `webhook-id` to notice a repeated report."""

FieldText = tuple[str, Any]
"""A description and an example."""

_WINDOW_TEXTS: Final[dict[str, FieldText]] = {
    "opens": ("From when on it may be sent.", "2026-11-22T17:00:19Z"),
    "closes": ("Until when it may be sent.", "2026-11-25T17:00:19Z"),
}

FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "BatchDocument": {
        "id": ("The batch's id.", BATCH_ID),
        "sender": ("What the handset shows as the sender.", "46101606060"),
        "body": ("The text as sent in, before templating.", "Hi my name is {name}"),
        "owner": ("The account number of the account that owns it.", "ip1-10001"),
        "direction": ("`MT` was sent to handsets, `MO` came from one.", "MT"),
        "type": ("`sms` is an ordinary message; `flash` is shown at once and not kept.", "sms"),
        "datacoding": (
            "`GSM` (160 characters in an SMS), `UCS` (70, all characters), or `BINARY`: an incoming message"
            " of no text, shown as hexadecimal digits.",
            "GSM",
        ),
        "priority": ("1 is normal, 2 is high.", 1),
        "templated": ("Whether the text has placeholders that are filled in for each recipient.", True),
        "priceSummary": ("The cost. Not in the list of batches.", None),
        "messageSummary": (
            "The messages by latest status; the keys are status codes. Not in the list of batches.",
            {"102": {"messages": 3, "sms": 6}, "201": {"messages": 142, "sms": 284}},
        ),
        "deliveryWindows": ("When it may be sent.", None),
        "status": (
            "101 planned, 111 ongoing, 112 sent, 201 incoming, 203 canceled.",
            int(BatchStatus.SENT),
        ),
        "deliveryReportUrl": (
            "Where delivery reports go, or null.",
            "https://api.example.com/sms/deliveryreport",
        ),
        "reference": ("Your own mark on the batch, or null.", "custom-id-123"),
        "tags": ("The batch's tags.", ["marketing", "auth"]),
        "created": ("When the batch was accepted. An addition of ours.", "2026-11-22T17:00:19Z"),
        "test": (
            "`true` where a test key sent it: nothing was charged, and the simulated carrier took it. An "
            "addition of ours.",
            True,
        ),
        "paused": ("`true` while it is paused. An addition of ours.", True),
        "warnings": (
            "Hints about what was accepted, such as a text that costs more than it must. Only in the "
            "answer to a send, and only if there are any. An addition of ours.",
            [
                "The text needs 2 segments as ucs but only 1 as gsm: set datacoding to gsm or auto to pay for"
                " fewer."
            ],
        ),
    },
    "PriceSummary": {
        "total": ("What was charged for all messages, less what was returned.", 0.125),
        "currency": ("The account's currency, ISO 4217, upper case.", "SEK"),
        "average": ("For one message, cut (not rounded) to 4 decimals.", 0.0416),
    },
    "SummaryCount": {
        "messages": ("Messages with this status.", 142),
        "sms": ("The SMS (segments) of these messages.", 284),
    },
    "DeliveryWindowDocument": _WINDOW_TEXTS,
    "RequestedWindow": {
        "opens": ("From when on it may be sent. Null or left out: now.", "2026-11-22T17:00:19Z"),
        "closes": (
            "Until when it may be sent. Null or left out: 72 hours after it opens.",
            "2026-11-25T17:00:19Z",
        ),
    },
    "MessageDocument": {
        "id": ("The message's id.", MESSAGE_ID),
        "batchId": ("The id of its batch.", BATCH_ID),
        "owner": ("The account number of the account that owns it.", "ip1-10001"),
        "sender": ("What the handset shows as the sender.", "46101606060"),
        "recipient": ("The number it goes to.", "46701740605"),
        "body": ("The text as sent, placeholders filled in.", "Hi my name is Bob"),
        "direction": ("`mt` was sent to a handset, `mo` came from one.", "mt"),
        "segments": ("How many SMS it takes.", 1),
        "type": ("`SMS` or `Flash`.", "SMS"),
        "datacoding": (
            "`GSM`, `UCS`, or for an incoming message of no text `BINARY`: what this message really uses.",
            "GSM",
        ),
        "priority": ("1 is normal, 2 is high.", 1),
        "price": ("Of the whole message; 0 if it was refused when the batch was accepted.", 0.35),
        "currency": ("The account's currency, ISO 4217, upper case.", "SEK"),
        "statuses": ("Its statuses, oldest first. The list of messages shows only the latest.", None),
        "modified": ("When it last changed.", "2026-11-22T17:00:21Z"),
        "reference": ("The reference of its batch, or null.", "custom-id-123"),
        "mcc": ("Mobile country code of the recipient, if known.", "240"),
        "mnc": ("Mobile network code of the recipient, if known.", "01"),
        "incomplete": (
            "True for an incoming message of which a segment never came; `…` stands in its place.",
            True,
        ),
        "optOut": (
            "`stop` or `start` where an incoming message was such a word: it changed the blacklist.",
            "stop",
        ),
    },
    "MessageStatus": {
        "code": ("See the status codes.", 201),
        "duration": ("0: another status will follow. 1: final.", 1),
        "created": ("When it was reached.", "2026-11-22T17:00:21Z"),
    },
    "ProblemDetails": {
        "type": (
            "Names the kind of problem, for programs. It never changes.",
            "urn:heliograph:problem:invalid_request",
        ),
        "title": ("The kind of problem, for people.", "The request is not valid"),
        "status": ("The HTTP status.", 400),
        "detail": ("What went wrong this time.", "One or more fields of the request are not valid."),
        "instance": ("The path that was asked for.", "/v2/batches"),
        "errors": (
            "Where fields or parameters are at fault: the sentences for each of them.",
            {"sender": ["sender is not registered on the account."]},
        ),
    },
    "BatchRequest": {
        "sender": (
            "What the handset shows: 3 to 11 of `A-Z`, `a-z`, `0-9`, or a number of at most 15 digits. It "
            "must be registered on the account.",
            "iP1",
        ),
        "recipients": (
            "The numbers, at most 15 digits each, 1 to 100,000 of them; a number given twice gets one "
            "message. `label:NAME` among them (an addition of ours) stands for the phone numbers of the "
            "contacts with that label. To fill in placeholders, an object instead: each number with its own "
            "values, and the reserved name `default` for the values of those that have none of their own.",
            ["46701740605", "46701740606"],
        ),
        "body": (
            "The text, at most 2000 characters, not blank. `{name}` is replaced if anybody has a value for "
            "it.",
            "A very nice message",
        ),
        "type": ("`sms`, or `flash` to show it at once without keeping it.", "sms"),
        "datacoding": (
            "`gsm` (160 characters in an SMS; texts it cannot carry are refused), `ucs` (70, all "
            "characters) or `auto` (an addition of ours: `gsm` for each message that fits).",
            "gsm",
        ),
        "priority": ("1 is normal. 2 is sent first and costs 0.10 SEK or 0.01 EUR more for each SMS.", 1),
        "deliveryWindows": ("When it may be sent. They must not overlap. Left out: now, for 72 hours.", None),
        "deliveryReportUrl": (
            "Status changes are POSTed there, one message and status at a time.",
            "https://api.example.com/sms/deliveryreport",
        ),
        "reference": ("Your own mark, at most 40 characters, not blank.", "custom-id-123"),
        "tags": ("Labels by which batches can be listed.", ["marketing", "auth"]),
    },
    "DeliveryReport": {
        "messageId": ("The message's id.", MESSAGE_ID),
        "id": ("The same id, under the name that newer clients of iP.1 read.", MESSAGE_ID),
        "batchId": ("The id of its batch.", BATCH_ID),
        "recipient": ("The number it went to.", "46701740605"),
        "code": ("The new status. See the status codes.", 201),
        "duration": ("0: another status will follow. 1: final.", 1),
        "created": ("When the status was reached.", "2026-11-22T17:00:21Z"),
        "segments": ("How many SMS the message takes.", 1),
        "price": ("Of the whole message.", 0.35),
        "currency": ("The account's currency, in lower case here.", "sek"),
        "reference": ("The reference of the batch, or null.", "custom-id-123"),
    },
}

_BATCH_CODES: Final = [int(status) for status in BatchStatus]

FIELD_RULES: Final[dict[str, dict[str, Any]]] = {
    "BatchDocument.direction": {"enum": ["MT", "MO"]},
    "BatchDocument.type": {"enum": ["sms", "flash"]},
    "BatchDocument.datacoding": {"enum": ["GSM", "UCS", "BINARY"]},
    "BatchDocument.priority": {"enum": [1, 2]},
    "BatchDocument.status": {"enum": _BATCH_CODES},
    "MessageDocument.direction": {"enum": ["mt", "mo"]},
    "MessageDocument.type": {"enum": ["SMS", "Flash"]},
    "MessageDocument.datacoding": {"enum": ["GSM", "UCS", "BINARY"]},
    "MessageDocument.priority": {"enum": [1, 2]},
    "MessageDocument.optOut": {"enum": ["stop", "start"]},
    "MessageStatus.duration": {"enum": [0, 1]},
    "DeliveryReport.duration": {"enum": [0, 1]},
}
"""What JSON Schema can say of a field beyond its type."""

TIME_FIELDS: Final = frozenset({"opens", "closes", "created", "modified"})


class RequestedWindow(msgspec.Struct):
    """A time in which a batch may be sent, as asked for."""

    opens: str | UnsetType | None = UNSET
    closes: str | UnsetType | None = UNSET


Number = Annotated[str, Meta(pattern="^([0-9]{1,15}|label:.+)$")]


class BatchRequest(msgspec.Struct, rename="camel"):
    """One text for many recipients. Names of fields may be written in any letter case."""

    sender: Annotated[str, Meta(pattern="^([0-9]{1,15}|[0-9A-Za-z]{3,11})$")]
    recipients: (
        Annotated[list[Number], Meta(min_length=1, max_length=100_000)] | dict[str, dict[str, str] | None]
    )
    body: Annotated[str, Meta(min_length=1, max_length=2000)]
    type: Annotated[str, Meta(extra_json_schema={"enum": ["sms", "flash"], "default": "sms"})] | UnsetType = (
        UNSET
    )
    datacoding: (
        Annotated[str, Meta(extra_json_schema={"enum": ["gsm", "ucs", "auto"], "default": "ucs"})] | UnsetType
    ) = UNSET
    priority: Annotated[int, Meta(ge=1, le=2, extra_json_schema={"default": 1})] | UnsetType = UNSET
    delivery_windows: list[RequestedWindow] | UnsetType = UNSET
    delivery_report_url: Annotated[str, Meta(extra_json_schema={"format": "uri"})] | UnsetType | None = UNSET
    reference: Annotated[str, Meta(min_length=1, max_length=40)] | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET


class DeliveryReport(msgspec.Struct, rename="camel"):
    """A message's new status, POSTed to your server."""

    message_id: str
    id: str
    batch_id: str
    recipient: str
    code: int
    duration: int
    created: str
    segments: int
    price: float
    currency: str
    reference: str | None
