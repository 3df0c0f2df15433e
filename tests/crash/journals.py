"""What the three outside parties wrote down: the client, the carrier, the receiver of reports.

The checker believes only them and the database.
"""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

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
