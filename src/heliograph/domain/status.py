"""Every status of a message and of a batch, with its public code and the table of legal transitions.

The codes are iP.1's (its page of status codes; the names of 404, 408, 409 and the 5xx are ours). The first
digit is the group: 1 on its way, 2 ended as the sender wished, 4 refused, 5 failed.
"""

import re
from enum import IntEnum, unique
from typing import Final


@unique
class Code(IntEnum):
    """The public status code of a message. Only the number appears on the wire."""

    ACCEPTED = 101
    """Accepted for processing: committed to the database."""
    QUEUED = 102
    """In the queue of its carrier, or waiting for its delivery window."""
    FUNDED = 103
    """Its price was drawn from the balance."""
    REFUNDED = 104
    """Its price was returned; stands in the history beside a final code, never alone."""
    SENDING = 110
    """The intent to submit it is recorded; it may be on the wire, or in doubt."""
    AT_GATEWAY = 111
    """Every segment was accepted by the carrier."""
    AT_CARRIER = 112
    """The carrier reports it on its way (ACCEPTD, ENROUTE)."""
    AT_NETWORK = 113
    """Put on the radio network; known to readers, not written by us today."""
    RETRYING = 114
    """The carrier refused it for now; another try is planned."""
    DELIVERED = 201
    """Delivered to the handset; also the status of every incoming message."""
    EXPIRED = 202
    """Its last window closed before it was sent, or the carrier gave up on it."""
    CANCELED = 203
    """Canceled by its owner before it was sent."""
    INSUFFICIENT_FUNDS = 402
    """The balance could not pay for the batch; nothing was charged."""
    SENDER_REJECTED = 403
    """The sender is considered fraudulent, or its ownership is not verified."""
    BODY_REJECTED = 404
    """The text is not allowed."""
    RECIPIENT_REJECTED = 405
    """The recipient is on the account's blacklist."""
    REJECTED = 406
    """Refused for good by the carrier."""
    INVALID_SENDER = 407
    """The carrier does not accept this sender."""
    INVALID_RECIPIENT = 408
    """No possible phone number, or refused as one by the carrier."""
    INVALID_BODY = 409
    """The text does not fit the chosen character set, or needs more than 255 segments."""
    FAILED = 500
    """The carrier deleted it."""
    UNDELIVERABLE = 501
    """The carrier could not deliver it and gave no closer reason."""
    UNROUTABLE = 502
    """No route leads to the recipient, or its carrier was never reached."""
    GATEWAY_TIMEOUT = 503
    """Kept for readers; never written, since a caller who reads it would send again."""
    ABSENT = 511
    """Handset absent or switched off."""
    UNKNOWN_SUBSCRIBER = 512
    """The number is not in use."""
    BARRED = 513
    """The subscriber may not receive it."""
    HANDSET_ERROR = 514
    """The handset could not store it."""
    NOT_SUPPORTED = 515
    """The handset or network cannot take SMS of this kind."""
    NETWORK_FAILURE = 516
    """The mobile network failed."""
    UNKNOWN = 599
    """No final word came: it may have been delivered. Do not send again by itself."""


@unique
class BatchStatus(IntEnum):
    """The public status of a batch, derived from its direction and its messages."""

    PLANNED = 101
    """Its first delivery window has not opened yet."""
    ONGOING = 111
    """Some message has no final status yet."""
    SENT = 112
    """Every message has its final status."""
    INCOMING = 201
    """It holds an incoming message."""
    CANCELED = 203
    """It was canceled."""


def is_final(code: int) -> bool:
    """Whether a code ends a message (groups 2, 4 and 5); the ``duration`` of a report is 1 then."""
    return code >= 200


REFUNDABLE: Final = frozenset(
    {
        Code.EXPIRED,
        Code.CANCELED,
        Code.RECIPIENT_REJECTED,
        Code.REJECTED,
        Code.INVALID_SENDER,
        Code.INVALID_RECIPIENT,
        Code.UNROUTABLE,
    }
)
"""Codes that return the price when *we* write them: the carrier certainly never accepted a segment."""

_UNSENT: Final = frozenset({Code.ACCEPTED, Code.QUEUED, Code.FUNDED, Code.RETRYING})
_FAILED: Final = frozenset(
    {
        Code.FAILED,
        Code.UNDELIVERABLE,
        Code.ABSENT,
        Code.UNKNOWN_SUBSCRIBER,
        Code.BARRED,
        Code.HANDSET_ERROR,
        Code.NOT_SUPPORTED,
        Code.NETWORK_FAILURE,
    }
)
_REFUSED: Final = frozenset({Code.REJECTED, Code.INVALID_SENDER, Code.INVALID_RECIPIENT})
_BY_RECEIPT: Final = _FAILED | {Code.DELIVERED, Code.EXPIRED, Code.REJECTED, Code.UNKNOWN}

TRANSITIONS: Final[dict[int, frozenset[Code]]] = {
    Code.ACCEPTED: frozenset({Code.QUEUED}),
    Code.QUEUED: frozenset({Code.FUNDED}),
    Code.FUNDED: _REFUSED
    | {Code.SENDING, Code.RECIPIENT_REJECTED, Code.CANCELED, Code.EXPIRED, Code.UNROUTABLE},
    Code.SENDING: _REFUSED | _BY_RECEIPT | {Code.AT_GATEWAY, Code.AT_CARRIER, Code.RETRYING},
    Code.RETRYING: _REFUSED
    | _BY_RECEIPT
    | {Code.SENDING, Code.AT_GATEWAY, Code.AT_CARRIER, Code.RECIPIENT_REJECTED}
    | {Code.CANCELED, Code.EXPIRED, Code.UNROUTABLE},
    Code.AT_GATEWAY: _BY_RECEIPT | {Code.AT_CARRIER},
    Code.AT_CARRIER: _BY_RECEIPT,
    Code.EXPIRED: _FAILED | {Code.DELIVERED, Code.REJECTED},
    Code.FAILED: _FAILED | {Code.DELIVERED, Code.REJECTED},
    Code.UNKNOWN: _BY_RECEIPT,
    **{code: frozenset({Code.DELIVERED, Code.REJECTED}) for code in _FAILED - {Code.FAILED}},
    Code.REJECTED: frozenset({Code.DELIVERED}),
}
"""Which code may follow which. Codes that are not keys end a message for ever."""


def may_follow(before: int, after: int) -> bool:
    """Whether the table of transitions lets ``after`` come directly after ``before``."""
    return after in TRANSITIONS.get(before, frozenset())


def batch_status(codes: dict[int, int], *, canceled: bool, opened: bool) -> BatchStatus:
    """The status of an outgoing batch from the count of its messages by code.

    ``opened`` tells whether its first delivery window has opened.
    """
    if canceled:
        return BatchStatus.CANCELED
    if all(is_final(code) for code, count in codes.items() if count):
        return BatchStatus.SENT
    return BatchStatus.ONGOING if opened else BatchStatus.PLANNED


_GROUP: Final = re.compile("([1245])([xX]{2})?")
_CODES: Final = {str(int(code)): [int(code)] for code in Code}


def codes_of(text: str) -> list[int] | None:
    """The codes that a text names: ``201``, or a group, ``2`` or ``2xx``; None for any other text."""
    if group := _GROUP.fullmatch(text):
        return [int(code) for code in Code if str(int(code)).startswith(group[1])]
    return _CODES.get(text)
