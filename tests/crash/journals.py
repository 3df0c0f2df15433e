"""What the three outside parties wrote down: the client, the carrier, the receiver of reports.

The checker believes only them and the database.
"""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec


class Accepted(NamedTuple):
    """A request that was answered with 201, as the client wrote it down."""

    batch_id: str
    recipients: tuple[str, ...]


class Submitted(NamedTuple):
    """A submit_sm that the carrier accepted, or may have."""

    recipient: str
    smsc_message_id: str
    number: int


class CarrierTestimony(NamedTuple):
    """The carrier's journal."""

    submitted: list[Submitted]
    answered_receipts: set[int]
    """Numbers of submits whose receipt was answered with success."""


class Reported(NamedTuple):
    """A report as it came."""

    message_id: str
    webhook_id: str
    code: int


def read_carrier_journal(path: Path) -> CarrierTestimony:
    """The journal of the simulated carrier, a JSON line for each event; a torn last line is left out."""
    submitted: list[Submitted] = []
    answered: set[int] = set()
    for line in path.read_bytes().split(b"\n"):
        record = _decoded(line)
        if record.get("event") == "submit" and record["number"] is not None:
            submitted.append(Submitted(record["recipient"], record["smsc_message_id"], int(record["number"])))
        elif record.get("event") == "answer" and record["status"] == 0:
            answered.add(int(record["number"]))
    return CarrierTestimony(submitted, answered)


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return {}
    return found
