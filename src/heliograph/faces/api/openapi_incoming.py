"""The POST of a message from a handset in the API document."""

from typing import Any, Final

from heliograph.faces.api.openapi_operations import Json, webhook_operation
from heliograph.faces.api.openapi_texts import BATCH_ID, MESSAGE_ID, FieldText

_TEXT: Final = """\
Sent to the account's URL for incoming messages when a handset writes to one of its numbers. An answer of \
2xx means received; anything else, or none within 15 seconds, is tried again later with the same bytes. It \
is signed like delivery reports: check `webhook-signature`, and use `webhook-id` to notice a repetition."""

_STATUS: Final[dict[str, FieldText]] = {
    "created": ("When the message came.", "2026-11-22T17:00:21Z"),
    "code": ("Always 201.", 201),
    "duration": ("Always 1: final.", 1),
}
_MESSAGE: Final[dict[str, FieldText]] = {
    "id": ("The message's id.", MESSAGE_ID),
    "batchId": ("The id of its batch, which has no other message.", BATCH_ID),
    "owner": ("The account number of the account that got it.", "ip1-10001"),
    "sender": ("The number of the handset.", "46701740605"),
    "recipient": ("The number that it wrote to.", "46701740699"),
    "body": ("The text; `…` stands where a segment never came.", "Yes, please"),
    "direction": ("Always `mo`.", "mo"),
    "segments": ("How many SMS it took.", 1),
    "type": ("`SMS` or `Flash`.", "SMS"),
    "datacoding": ("`GSM`, `UCS`, or `BINARY`: no text, shown as hexadecimal digits.", "GSM"),
    "priority": ("Always 1.", 1),
    "statuses": ("Its one status.", None),
    "modified": ("When it came.", "2026-11-22T17:00:21Z"),
    "mcc": ("Mobile country code of the handset's network, if known.", None),
    "mnc": ("Mobile network code of the handset's network, if known.", None),
    "incomplete": ("True where a segment never came; absent else.", True),
    "optOut": ("`stop` or `start` where the text was such a word; absent else.", "stop"),
}
FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "IncomingDocument": _MESSAGE,
    "IncomingStatus": _STATUS,
}
FIELD_RULES: Final[dict[str, dict[str, Any]]] = {
    "IncomingDocument.direction": {"const": "mo"},
    "IncomingDocument.type": {"enum": ["SMS", "Flash"]},
    "IncomingDocument.datacoding": {"enum": ["GSM", "UCS", "BINARY"]},
    "IncomingDocument.optOut": {"enum": ["stop", "start"]},
}
_SAID_SELDOM: Final = frozenset({"incomplete", "optOut"})


def incoming_operation() -> Json:
    """What we POST to a customer of each message from a handset."""
    shown: Json = {name: example for name, (_, example) in _MESSAGE.items() if name not in _SAID_SELDOM}
    shown["statuses"] = [{name: example for name, (_, example) in _STATUS.items()}]
    return webhook_operation("incomingMessage", "Incoming message", _TEXT, "IncomingDocument", shown)
