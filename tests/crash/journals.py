"""What the outside parties wrote down: client, handsets, carrier, and the receiver of reports.

The checker believes only them and the database.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from heliograph.simulator.deliveries import INCOMING
from heliograph.simulator.journal import SubmitRecord
from tests.support.smsc_journal import read_journal

_UDHI = 0x40


class Accepted(NamedTuple):
    """A request that was answered with 201, as the client wrote it down."""

    batch_id: str
    recipients: tuple[str, ...]


class Submitted(NamedTuple):
    """A submit_sm that the carrier accepted, or may have."""

    recipient: str
    segment: int
    smsc_message_id: str
    number: int
    at: datetime


class CarrierTestimony(NamedTuple):
    """The carrier's journal."""

    submitted: list[Submitted]
    answered_receipts: set[int]
    """Numbers of submits whose receipt was answered with success."""


class Reported(NamedTuple):
    """A report that the customer's server took: it answered 2xx."""

    message_id: str
    webhook_id: str
    code: int


class WrittenMessage(NamedTuple):
    """A message that a handset sent."""

    phone: str
    text: str
    """What the account is to get."""
    numbers: Sequence[int]
    """The carrier's numbers of its segments."""
    is_incomplete: bool
    """Whether the carrier never got one of its segments."""


class IncomingTestimony(NamedTuple):
    """What the carrier says about messages from handsets."""

    answered: set[int]
    """Numbers of segments that were answered with success: it forgot them."""
    repeated: set[int]
    """Numbers of those that it sent more than once."""


class PostedMessage(NamedTuple):
    """A message from a handset as it came to the customer's server."""

    webhook_id: str
    phone: str
    text: str
    is_incomplete: bool
    body: bytes
    """All that was POSTed."""
    is_taken: bool
    """Whether it was answered with 2xx."""


def read_incoming_journal(path: Path) -> IncomingTestimony:
    """What the simulated carrier wrote down so far about messages from handsets."""
    journal = read_journal(path)
    return IncomingTestimony(
        {number for number, state in journal.acknowledged() if state == INCOMING},
        {each.number for each in journal.deliveries if each.state == INCOMING and each.sends > 1},
    )


def read_carrier_journal(path: Path) -> CarrierTestimony:
    """What the simulated carrier wrote down so far."""
    journal = read_journal(path)
    submitted = [
        Submitted(submit.recipient, _segment_of(submit), submit.smsc_message_id, submit.number, submit.at)
        for submit in journal.submits
        if submit.number is not None
    ]
    return CarrierTestimony(submitted, {number for number, _ in journal.acknowledged()})


def _segment_of(submit: SubmitRecord) -> int:
    """Its number in the message, from 0: the last octet of the concatenation header (3GPP TS 23.040)."""
    return submit.octets[5] - 1 if submit.esm_class & _UDHI else 0
