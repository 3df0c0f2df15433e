"""What a customer is told about an incoming message, byte for byte (ip1-v2-api.md section 10)."""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.domain.encoding import Encoding
from heliograph.domain.incoming import IncomingText, Wish
from heliograph.domain.status import Code

SHOWN_ENCODING = {Encoding.GSM7: "GSM", Encoding.UCS2: "UCS", Encoding.BINARY: "BINARY"}
"""How a message shows its coding; BINARY, whose body is hexadecimal digits, is ours."""


class IncomingStatus(msgspec.Struct, frozen=True):
    """The one status of an incoming message."""

    created: datetime
    code: int = int(Code.DELIVERED)
    duration: int = 1


class IncomingDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An incoming message: the message document without price, currency and reference."""

    id: str
    batch_id: str
    owner: str
    sender: str
    """The phone's MSISDN."""
    recipient: str
    """The inbound number."""
    body: str
    direction: str = "mo"
    segments: int
    type: str
    datacoding: str
    priority: int = 1
    statuses: list[IncomingStatus]
    modified: datetime
    mcc: str | None = None
    mnc: str | None = None
    incomplete: bool | UnsetType = UNSET
    """True where a segment never came; absent else."""
    opt_out: str | UnsetType = UNSET
    """``stop`` or ``start`` where the text was such a word; absent else."""


_encode = msgspec.json.Encoder().encode


def incoming_document(
    *,
    message_id: bytes,
    batch_id: bytes,
    owner: str,
    sender: str,
    recipient: str,
    text: IncomingText,
    segments: int,
    received_at: datetime,
    incomplete: bool = False,
    wish: Wish | None = None,
) -> IncomingDocument:
    """An incoming message as its account is told of it, in a webhook and in the event feed."""
    moment = received_at.replace(microsecond=0)
    return IncomingDocument(
        id=message_id.hex(),
        batch_id=batch_id.hex(),
        owner=owner,
        sender=sender,
        recipient=recipient,
        body=text.body,
        segments=segments,
        type="Flash" if text.flash else "SMS",
        datacoding=SHOWN_ENCODING[text.encoding],
        statuses=[IncomingStatus(moment)],
        modified=moment,
        incomplete=True if incomplete else UNSET,
        opt_out=UNSET if wish is None else wish.value,
    )


def incoming_body(document: IncomingDocument) -> bytes:
    """What is POSTed of an incoming message; the same bytes at every try."""
    return _encode(document)
