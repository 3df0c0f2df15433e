"""What codes are called on pages, in English; the pages translate it. And which belong together."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from heliograph.domain.status import BatchStatus, Code
from heliograph.storage.batch_reading import MessageCount

CODE_TEXTS: Final[Mapping[int, str]] = {
    Code.ACCEPTED: "Accepted",
    Code.QUEUED: "In the queue",
    Code.FUNDED: "Waiting to be sent",
    Code.REFUNDED: "Price returned",
    Code.SENDING: "Being sent",
    Code.AT_GATEWAY: "With the carrier",
    Code.AT_CARRIER: "On its way",
    Code.AT_NETWORK: "On the radio network",
    Code.RETRYING: "Will be tried again",
    Code.DELIVERED: "Delivered",
    Code.EXPIRED: "Too late",
    Code.CANCELED: "Canceled",
    Code.INSUFFICIENT_FUNDS: "Not paid: balance or daily cap too low",
    Code.SENDER_REJECTED: "Sender not allowed",
    Code.BODY_REJECTED: "Text not allowed",
    Code.RECIPIENT_REJECTED: "Number is blocked",
    Code.REJECTED: "Refused by the carrier",
    Code.INVALID_SENDER: "Sender not accepted",
    Code.INVALID_RECIPIENT: "Not a telephone number",
    Code.INVALID_BODY: "Text does not fit",
    Code.FAILED: "Deleted by the carrier",
    Code.UNDELIVERABLE: "Could not be delivered",
    Code.UNROUTABLE: "No route to the number",
    Code.GATEWAY_TIMEOUT: "No answer in time",
    Code.ABSENT: "Telephone off or out of reach",
    Code.UNKNOWN_SUBSCRIBER: "Number not in use",
    Code.BARRED: "Subscriber is barred",
    Code.HANDSET_ERROR: "Telephone could not store it",
    Code.NOT_SUPPORTED: "Not supported there",
    Code.NETWORK_FAILURE: "Mobile network failed",
    Code.UNKNOWN: "Unknown: no final word came",
}
RECEIVED: Final = "Received"

BATCH_TEXTS: Final[Mapping[BatchStatus, tuple[str, str]]] = {
    BatchStatus.PLANNED: ("Planned", "accent"),
    BatchStatus.ONGOING: ("Under way", "wait"),
    BatchStatus.SENT: ("Finished", "good"),
    BatchStatus.INCOMING: (RECEIVED, "neutral"),
    BatchStatus.CANCELED: ("Canceled", "neutral"),
}
PAUSED: Final = ("Paused", "warn")
"""Name and tone of each status of a batch."""


class Group(NamedTuple):
    """Codes that a page shows together."""

    name: str
    text: str
    tone: str
    codes: tuple[int, ...]


GROUPS: Final = (
    Group("delivered", "Delivered", "good", (Code.DELIVERED,)),
    Group(
        "way",
        "On their way",
        "accent",
        (Code.SENDING, Code.AT_GATEWAY, Code.AT_CARRIER, Code.AT_NETWORK),
    ),
    Group("waiting", "Waiting", "wait", (Code.ACCEPTED, Code.QUEUED, Code.FUNDED, Code.RETRYING)),
    Group("ended", "Canceled or too late", "neutral", (Code.EXPIRED, Code.CANCELED)),
    Group("refused", "Refused", "warn", tuple(code for code in Code if code // 100 == 4)),
    Group("failed", "Failed", "bad", tuple(code for code in Code if code // 100 == 5)),
)
GROUP_BY_NAME: Final = {group.name: group for group in GROUPS}


def tone_of(code: int) -> str:
    """The tone of a code's group."""
    return next((group.tone for group in GROUPS if code in group.codes), "neutral")


def count_by_group(counts: Mapping[int, MessageCount]) -> list[tuple[Group, int]]:
    """How many messages each group has, those without any included."""
    return [(group, sum(counts[code].messages for code in group.codes if code in counts)) for group in GROUPS]
