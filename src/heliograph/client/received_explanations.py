"""What the API explains: what would become of a batch, and what became of a message. As types."""

from datetime import datetime

import msgspec

from heliograph.client.received_documents import Count, DeliveryWindow, Price


class ForcingCharacter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A character that GSM-7 lacks, so that the text holds fewer characters."""

    character: str
    code_point: str
    count: int
    positions: list[int]
    """Counted from 1; the first ten."""
    replacement: str | None
    """What to write instead: empty if it may go, None if nothing fits."""


class ExplainedRecipient(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What would become of the message to one recipient."""

    recipient: str
    code: int
    """The status it would get: 103 if it would be sent, else why not."""
    encoding: str
    """``GSM`` or ``UCS``."""
    segments: int
    segments_as_gsm: int | None
    """How many they were with every replacement made; None if one is lacking."""
    forcing_characters: list[ForcingCharacter]
    body: str | None
    """The text with placeholders filled in; None if the batch has none."""
    price: float
    carrier: str | None
    window: DeliveryWindow


class Explanation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What would become of a batch."""

    messages: int
    segments: int
    price_summary: Price
    balance: float | None
    """None for a key without the scope ``billing``."""
    balance_suffices: bool
    """Whether balance and daily cap pay for it."""
    message_summary: dict[int, Count]
    """By the status code they would get."""
    delivery_windows: list[DeliveryWindow]
    warnings: list[str]
    listed: int
    """How many ``recipients`` are listed: the first 1,000, fewer where their texts are very long."""
    recipients: list[ExplainedRecipient]


class TimelineSegment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A segment that the carrier accepted; they count from 1."""

    segment: int
    smsc_id: str


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that happened to a message: ``kind`` says what, and which of the other fields it has."""

    at: datetime
    kind: str
    code: int | None = None
    price: float | None = None
    segment: int | None = None
    smsc_id: str | None = None
    text: str | None = None
    """The receipt as the carrier wrote it."""
    attempt: int | None = None
    answer: int | None = None
    """What your server answered; 0 where nothing came, which ``reason`` explains."""
    milliseconds: int | None = None
    reason: str | None = None
    carrier: str | None = None
    bind: int | None = None
    command_status: int | None = None
    command_status_name: str | None = None
    tried_again: bool = False
    replay: bool = False


class TimelineWait(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a message waits for: its ``window``, the end of a ``pause``, its ``carrier``, or its ``turn``."""

    reason: str
    not_before: datetime | None = None


class Timeline(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The way of a message, from the request to the last report."""

    message_id: str
    batch_id: str
    recipient: str
    carrier: str | None
    segments: int
    submitted: list[TimelineSegment]
    code: int
    final: bool
    waiting: TimelineWait | None = None
    """None once its carrier was given it."""
    next_report: datetime | None
    """When a report is tried again."""
    entries: list[TimelineEntry]
    """Oldest first."""
