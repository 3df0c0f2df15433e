"""What an answer leads to: the links of the API document, from what was made or told to its operations."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from heliograph.faces.api.openapi_operations import Json

_BATCH: Final = (
    "readBatch",
    "rescheduleBatch",
    "cancelBatch",
    "pauseBatch",
    "resumeBatch",
    "listMessages",
)
_CONTACT: Final = ("readContact", "replaceContact", "changeContact", "deleteContact")
_CHILD: Final = ("readChild", "renameChild", "giveCredit")
_SENDER: Final = ("readSender", "removeSender")
_NUMBER: Final = ("readBlacklistEntry", "removeBlacklistEntry")


class _Lead(NamedTuple):
    """From where a parameter is known, and the operations that take it."""

    names: Mapping[str, str]
    """Where in the request or its answer each parameter stands."""
    operations: Sequence[str]


_OF_BATCH: Final = _Lead({"batchId": "$response.body#/id"}, _BATCH)
_OF_SENDER: Final = _Lead({"sender": "$response.body#/sender"}, _SENDER)
_OF_NUMBER: Final = _Lead({"msisdn": "$response.body#/msisdn"}, _NUMBER)
_OF_CONTACT: Final = _Lead({"contactId": "$response.body#/id"}, _CONTACT)

LINKS: Final[Mapping[tuple[str, str], _Lead]] = {
    ("sendBatch", "201"): _OF_BATCH,
    ("pauseBatch", "200"): _OF_BATCH,
    ("listBatches", "200"): _Lead({"batchId": "$response.body#/0/id"}, _BATCH),
    ("listMessages", "200"): _Lead(
        {"batchId": "$request.path.batchId", "messageId": "$response.body#/0/id"},
        ("readMessage", "readTimeline"),
    ),
    ("addContacts", "200"): _Lead({"contactId": "$response.body#/0/id"}, _CONTACT),
    ("listContacts", "200"): _Lead({"contactId": "$response.body#/0/id"}, _CONTACT),
    ("replaceContact", "200"): _OF_CONTACT,
    ("addLabel", "200"): _Lead({"label": "$response.body#/labelName"}, ("deleteLabel",)),
    ("registerSender", "201"): _OF_SENDER,
    ("putSender", "201"): _OF_SENDER,
    ("listSenders", "200"): _Lead({"sender": "$response.body#/0/sender"}, ("readSender",)),
    ("addBlacklistEntry", "201"): _OF_NUMBER,
    ("putBlacklistEntry", "201"): _OF_NUMBER,
    ("addChild", "201"): _Lead({"child": "$response.body#/Account"}, _CHILD),
    ("createKey", "201"): _Lead({"keyId": "$response.body#/id"}, ("revokeKey",)),
    ("rotateWebhookSecret", "201"): _Lead({"secretId": "$response.body#/id"}, ("removeWebhookSecret",)),
}


def with_links(paths: Json) -> Json:
    """The paths, with links in their answers."""
    for item in paths.values():
        for operation in item.values():
            if isinstance(operation, dict):
                _add_links(operation)
    return paths


def _add_links(operation: dict[str, Any]) -> None:
    # Operations may share their answers, hence new ones.
    answers: Json = {}
    for status, answered in operation["responses"].items():
        lead = LINKS.get((operation["operationId"], status))
        answers[status] = answered | _links(lead) if lead else answered
    operation["responses"] = answers


def _links(lead: _Lead) -> Json:
    return {
        "links": {name: {"operationId": name, "parameters": dict(lead.names)} for name in lead.operations}
    }
