"""The answers of the API, field by field: what iP.1 documents for batches and messages, and nothing less.

Letter cases follow the example of each resource: a batch says ``MT``, ``sms`` and ``GSM``, a message says
``mt``, ``SMS`` and ``GSM``. The OpenAPI document is made from these same types.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from heliograph.domain.encoding import Encoding
from heliograph.domain.history import Entry, milliseconds, moment_of, whole_history
from heliograph.domain.pricing import as_number, average
from heliograph.domain.status import BatchStatus, Code, batch_status, is_final
from heliograph.storage.batch_reading import MessageCount, StoredBatch
from heliograph.storage.message_reading import StoredMessage

Identifier = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{24}$",
        description="24 lower-case hexadecimal digits.",
        examples=["5bc86b6e85c7209830f96936"],
    ),
]
Moment = Annotated[
    str,
    Meta(
        description="A time in UTC, to the second.",
        examples=["2026-11-22T17:00:19Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Currency = Annotated[
    str, Meta(pattern="^[A-Z]{3}$", description="The account's currency, ISO 4217.", examples=["SEK"])
]
Owner = Annotated[
    str, Meta(description="The account number of the account that owns it.", examples=["ip1-10001"])
]
Sender = Annotated[
    str,
    Meta(description="What the handset shows as the sender.", examples=["46101606060"]),
]
Priority = Annotated[int, Meta(ge=1, le=2, description="1 is normal, 2 is high.", examples=[1])]
Reference = Annotated[
    str | None, Meta(description="Your own mark on the batch, or null.", examples=["custom-id-123"])
]


class PriceSummary(msgspec.Struct, frozen=True):
    """What the batch costs: what was charged for it, less what was returned."""

    total: Annotated[float, Meta(description="For all messages.", examples=[0.125])]
    currency: Currency
    average: Annotated[
        float, Meta(description="For one message, cut (not rounded) to 4 decimals.", examples=[0.0416])
    ]


class CodeCount(msgspec.Struct, frozen=True):
    """How many messages have one status, and how many SMS (segments) they take."""

    messages: Annotated[int, Meta(ge=0, description="Messages with this status.", examples=[43])]
    sms: Annotated[int, Meta(ge=0, description="Segments of these messages.", examples=[86])]


class DeliveryWindow(msgspec.Struct, frozen=True):
    """A time in which the batch may be sent."""

    opens: Moment
    closes: Moment


BatchText = Annotated[
    str, Meta(description="The text as sent in, before templating.", examples=["Hi my name is {name}"])
]
BatchDirection = Annotated[
    str,
    Meta(
        description="`MT` was sent to handsets, `MO` came from one.",
        extra_json_schema={"enum": ["MT", "MO"]},
    ),
]
BatchType = Annotated[
    str,
    Meta(
        description="`sms` is an ordinary message; `flash` is shown at once and not kept.",
        extra_json_schema={"enum": ["sms", "flash"]},
    ),
]
BatchDatacoding = Annotated[
    str,
    Meta(
        description="The character set asked for. `AUTO` chooses for each message (our extension).",
        extra_json_schema={"enum": ["GSM", "UCS", "AUTO"]},
    ),
]
Templated = Annotated[bool, Meta(description="Whether the text has placeholders that are filled in.")]
DeliveryWindows = Annotated[list[DeliveryWindow], Meta(description="When it may be sent, earliest first.")]
BatchStatusCode = Annotated[
    int,
    Meta(
        description="101 planned, 111 ongoing, 112 sent, 201 incoming, 203 canceled.",
        extra_json_schema={"enum": [int(status) for status in BatchStatus]},
        examples=[112],
    ),
]
DeliveryReportUrl = Annotated[
    str | None,
    Meta(
        description="Where delivery reports go, or null.",
        examples=["https://api.example.com/sms/deliveryreport"],
    ),
]
Tags = Annotated[list[str], Meta(description="The batch's tags.", examples=[["marketing", "auth"]])]


class BatchListItem(msgspec.Struct, frozen=True, rename="camel"):
    """A batch as the list shows it: without its two summaries."""

    id: Identifier
    sender: Sender
    body: BatchText
    owner: Owner
    direction: BatchDirection
    type: BatchType
    datacoding: BatchDatacoding
    priority: Priority
    templated: Templated
    delivery_windows: DeliveryWindows
    status: BatchStatusCode
    delivery_report_url: DeliveryReportUrl
    reference: Reference
    tags: Tags


class BatchDocument(msgspec.Struct, frozen=True, rename="camel"):
    """A batch with its price and the count of its messages by status."""

    id: Identifier
    sender: Sender
    body: BatchText
    owner: Owner
    direction: BatchDirection
    type: BatchType
    datacoding: BatchDatacoding
    priority: Priority
    templated: Templated
    price_summary: PriceSummary
    message_summary: Annotated[
        dict[str, CodeCount],
        Meta(
            description="Messages by their latest status; the keys are status codes.",
            examples=[{"102": {"messages": 3, "sms": 6}, "201": {"messages": 142, "sms": 284}}],
        ),
    ]
    delivery_windows: DeliveryWindows
    status: BatchStatusCode
    delivery_report_url: DeliveryReportUrl
    reference: Reference
    tags: Tags


class MessageStatus(msgspec.Struct, frozen=True):
    """One status of a message."""

    code: Annotated[int, Meta(description="See the table of status codes.", ge=100, le=599, examples=[201])]
    duration: Annotated[
        int,
        Meta(
            description="0: another status will follow. 1: final.",
            extra_json_schema={"enum": [0, 1]},
        ),
    ]
    created: Moment


class MessageDocument(msgspec.Struct, frozen=True, rename="camel"):
    """A message: one text to one number."""

    id: Identifier
    batch_id: Identifier
    owner: Owner
    sender: Sender
    recipient: Annotated[
        str,
        Meta(
            pattern="^[0-9]{1,15}$", description="The number, country code first.", examples=["46701740605"]
        ),
    ]
    body: Annotated[
        str, Meta(description="The text as sent, placeholders filled in.", examples=["Hi my name is Bob"])
    ]
    direction: Annotated[
        str,
        Meta(
            description="`mt` was sent to a handset, `mo` came from one.",
            extra_json_schema={"enum": ["mt", "mo"]},
        ),
    ]
    segments: Annotated[int, Meta(ge=0, le=255, description="How many SMS it takes.", examples=[1])]
    type: Annotated[str, Meta(description="Kind of message.", extra_json_schema={"enum": ["SMS", "Flash"]})]
    datacoding: Annotated[
        str, Meta(description="The character set used.", extra_json_schema={"enum": ["GSM", "UCS"]})
    ]
    priority: Priority
    price: Annotated[float, Meta(description="Of the whole message.", examples=[0.35])]
    currency: Currency
    statuses: Annotated[
        list[MessageStatus],
        Meta(description="Oldest first; the list of messages shows only the latest."),
    ]
    modified: Annotated[Moment, Meta(description="When it last changed.")]
    reference: Reference
    mcc: Annotated[str | None, Meta(description="Mobile country code, if known.", examples=["240"])]
    mnc: Annotated[str | None, Meta(description="Mobile network code, if known.", examples=["01"])]


class Holder(msgspec.Struct, frozen=True):
    """What documents say of the account that asks."""

    owner: str
    """Its public number."""
    currency: str


def shown_time(moment: datetime) -> str:
    """A time as answers show it: UTC, ``Z``, cut to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def shown_datacoding(coding: str) -> str:
    """The batch's character set as answers show it: upper case."""
    return coding.upper()


def batch_item(
    batch: StoredBatch, codes: Mapping[int, int], *, holder: Holder, now: datetime
) -> BatchListItem:
    """A batch for the list; ``codes`` counts its messages by code, at least well enough for its status."""
    return BatchListItem(
        id=batch.batch_id.hex(),
        sender=batch.sender,
        body=batch.body,
        owner=holder.owner,
        direction="MO" if batch.incoming else "MT",
        type="flash" if batch.flash else "sms",
        datacoding=batch.coding.upper(),
        priority=batch.priority,
        templated=batch.templated,
        delivery_windows=[
            DeliveryWindow(shown_time(opens), shown_time(closes))
            for opens, closes in zip(batch.opens, batch.closes, strict=True)
        ],
        status=int(status_of(batch, codes, now)),
        delivery_report_url=batch.delivery_report_url,
        reference=batch.reference,
        tags=batch.tags,
    )


def batch_document(
    batch: StoredBatch, counts: Mapping[int, MessageCount], *, holder: Holder, now: datetime
) -> BatchDocument:
    """A batch with both summaries, from the count of its messages by code."""
    codes = {code: count.messages for code, count in counts.items()}
    total = batch.charged - batch.refunded
    return BatchDocument(
        **msgspec.structs.asdict(batch_item(batch, codes, holder=holder, now=now)),
        price_summary=PriceSummary(as_number(total), holder.currency, average(total, batch.message_count)),
        message_summary={
            str(code): CodeCount(counts[code].messages, counts[code].segments) for code in sorted(counts)
        },
    )


def status_of(batch: StoredBatch, codes: Mapping[int, int], now: datetime) -> BatchStatus:
    """The public status of a batch; an incoming one is always 201."""
    if batch.incoming:
        return BatchStatus.INCOMING
    return batch_status(dict(codes), canceled=batch.canceled_at is not None, opened=min(batch.opens) <= now)


def message_document(
    message: StoredMessage, batch: StoredBatch, *, holder: Holder, whole: bool
) -> MessageDocument:
    """A message of a batch with its whole history, or with only its latest status."""
    history = history_of(message, batch)
    shown = history if whole else [status for status in history if status.code != Code.REFUNDED][-1:]
    return MessageDocument(
        id=message.message_id.hex(),
        batch_id=batch.batch_id.hex(),
        owner=holder.owner,
        sender=batch.sender,
        recipient=message.recipient,
        body=batch.body if message.body is None else message.body,
        direction="mo" if batch.incoming else "mt",
        segments=message.segments,
        type="Flash" if batch.flash else "SMS",
        datacoding="GSM" if message.encoding == Encoding.GSM7 else "UCS",
        priority=batch.priority,
        price=as_number(message.price),
        currency=holder.currency,
        statuses=shown,
        modified=history[-1].created,
        reference=batch.reference,
        mcc=None,
        mnc=None,
    )


def history_of(message: StoredMessage, batch: StoredBatch) -> list[MessageStatus]:
    """Every status of a message, oldest first.

    A refund (104) stands directly after the final status that caused it, as a final status itself: nothing
    but a receipt that comes late can follow.
    """
    accepted_ms = milliseconds(batch.created_at)
    if batch.incoming:
        return [_shown_status(Entry(message.code, accepted_ms))]
    history: list[MessageStatus] = []
    refund_due = message.refunded
    for entry in whole_history(message.history, code=message.code, accepted_ms=accepted_ms):
        history.append(_shown_status(entry))
        if refund_due and is_final(entry.code):
            history.append(MessageStatus(int(Code.REFUNDED), 1, history[-1].created))
            refund_due = False
    return history


def _shown_status(entry: Entry) -> MessageStatus:
    return MessageStatus(entry.code, int(is_final(entry.code)), shown_time(moment_of(entry.at_ms)))
