"""What the API answers, as types. Fields that a newer server adds are passed over."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec


class Price(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a batch cost, less what was returned; ``average`` is for one message."""

    total: float
    currency: str
    average: float


class Count(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many messages have a status, and how many SMS they are."""

    messages: int
    sms: int


class DeliveryWindow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A time in which a batch may be sent. None opens now, or closes 72 hours after it opens."""

    opens: datetime | None = None
    closes: datetime | None = None


class Batch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One text for one or many recipients. Lists of batches leave the two summaries out."""

    id: str
    sender: str
    body: str
    owner: str
    direction: str
    type: str
    datacoding: str
    priority: int
    templated: bool
    delivery_windows: list[DeliveryWindow]
    status: int
    delivery_report_url: str | None = None
    reference: str | None = None
    tags: list[str] = []
    created: datetime
    price_summary: Price | None = None
    message_summary: dict[int, Count] | None = None
    """By status code."""
    warnings: list[str] = []
    test: bool = False
    """Whether a test key sent it."""
    paused: bool = False

    @property
    def is_finished(self) -> bool:
        """Whether every message has its final status."""
        return self.status in _FINISHED


_FINISHED = frozenset({112, 201, 203})


class Status(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One status of a message."""

    code: int
    duration: int
    created: datetime

    @property
    def is_final(self) -> bool:
        """Whether no other status will follow."""
        return self.duration == 1


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One text to or from one number. Lists of messages have only the latest of its statuses."""

    id: str
    batch_id: str
    owner: str
    sender: str
    recipient: str
    body: str
    direction: str
    segments: int
    type: str
    datacoding: str
    priority: int
    statuses: list[Status]
    modified: datetime
    price: float | None = None
    currency: str | None = None
    reference: str | None = None
    mcc: str | None = None
    mnc: str | None = None
    incomplete: bool = False
    """Whether a segment of it never came; only incoming ones."""
    opt_out: str | None = None
    """``stop`` or ``start``, where a handset sent such a word: the account's blacklist changed."""

    @property
    def code(self) -> int:
        """Its latest status code; 104, a refund, only stands beside another."""
        return next(status.code for status in reversed(self.statuses) if status.code != _REFUNDED)


_REFUNDED = 104


class ConversationSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many messages a conversation has: those to the participant and those from it, by status code."""

    participant: str
    total_message_count: int
    total_sms_count: int
    mobile_terminated_messages: dict[int, Count]
    mobile_originated_messages: dict[int, Count]
    partial: bool = False
    """Whether only the newest messages were counted."""


class DeliveryReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is POSTed to your server when the status of a message changes."""

    message_id: str
    batch_id: str
    recipient: str
    code: int
    duration: int
    created: datetime
    segments: int
    price: float
    currency: str
    reference: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether no other status will follow."""
        return self.duration == 1


class Event(DeliveryReport, frozen=True, kw_only=True, rename="camel"):
    """A status change with all that its report says, or a message from a handset, in the feed of events."""

    event_id: str
    """The ``webhook-id`` of the report."""
    number: int
    """Of two events of a message, the higher one is newer."""
    type: str = "deliveryReport"
    """``incomingMessage`` for a message from a handset."""
    direction: str | None = None
    """``MO`` for a message from a handset."""
    sender: str | None = None
    """The handset that wrote the message."""
    body: str | None = None
    """What it wrote."""
    message_type: str | None = None
    """``SMS`` or ``Flash``."""
    datacoding: str | None = None
    incomplete: bool = False
    """Whether a segment of it never came."""
    opt_out: str | None = None
    """``stop`` or ``start``, where the handset sent such a word: the account's blacklist changed."""
    owner: str | None = None
    """The number of the account that the handset wrote to; this and the rest only of its messages."""
    priority: int | None = None
    statuses: list[Status] = []
    modified: datetime | None = None
    mcc: str | None = None
    mnc: str | None = None


class EventPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some events, and the cursor to go on from."""

    events: list[Event]
    cursor: str
    has_more: bool


class NewContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact to store. ``properties`` may have a ``phoneNumber``, which begins with ``+``."""

    properties: Mapping[str, str]
    labels: Sequence[str] = ()
    metadata: Mapping[str, Mapping[str, str]] = {}


class Contact(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom an account writes to: texts by name, and labels. It has metadata only where that was asked for."""

    id: str
    owner_id: str
    properties: dict[str, str]
    labels: list[str]
    metadata: dict[str, dict[str, str]] = {}


class LabelUsage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A label, and how many contacts have it."""

    label_name: str
    usage_count: int


class PropertyUsage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many contacts have a property, and how many characters its values have."""

    property_name: str
    usage_count: int
    average_length: int
    max_length: int
    min_length: int


class ContactSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All contacts of an account in numbers."""

    total_count: int
    labels: list[LabelUsage]
    properties: list[PropertyUsage]


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """How many contacts were added."""

    count: int


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of an error; everything has a default, since a proxy may have answered."""

    type: str = ""
    title: str = ""
    detail: str = ""
    errors: dict[str, list[str]] = {}
