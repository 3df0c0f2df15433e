"""The carrier's journal: one JSON line for every submit, delivery and answer, written before the answer is.

It is the carrier's testimony in crash tests: what stands in it was, or may have been, accepted.
"""

import os
from datetime import datetime

import msgspec


class SubmitRecord(msgspec.Struct, frozen=True, tag="submit", tag_field="event"):
    """A submit_sm came."""

    at: datetime
    session: int
    sequence: int
    sender: str
    recipient: str
    esm_class: int
    data_coding: int
    octets: bytes
    """The user data with its header, in base64."""
    number: int | None
    """The carrier's number of the message; None when it was refused or lost."""
    smsc_message_id: str
    """The id of the answer; empty when it was refused or lost."""
    status: int | None
    """command_status of the answer; None when there is none."""


class DeliverRecord(msgspec.Struct, frozen=True, tag="deliver", tag_field="event"):
    """A deliver_sm was sent: a receipt, or a message from a handset."""

    at: datetime
    session: int
    sequence: int
    number: int
    state: str
    """``stat`` of the receipt, or ``INCOMING``."""
    sends: int
    """How often it was sent, this time included."""


class AnswerRecord(msgspec.Struct, frozen=True, tag="answer", tag_field="event"):
    """A deliver_sm was answered."""

    at: datetime
    session: int
    sequence: int
    number: int
    state: str
    status: int


class LinkRecord(msgspec.Struct, frozen=True, tag="link", tag_field="event"):
    """A link changed: ``bound`` or ``closed``."""

    at: datetime
    session: int
    change: str


JournalRecord = SubmitRecord | DeliverRecord | AnswerRecord | LinkRecord


class Journal:
    """An append-only file. ``flush`` hands what was added to the operating system in one write."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._encode = msgspec.json.Encoder().encode
        self._lines: list[bytes] = []

    def add(self, record: JournalRecord) -> None:
        """Note one record; it is written by the next ``flush``."""
        self._lines.append(self._encode(record))

    def flush(self) -> None:
        """Write what was added. Survives the death of this process, not that of the machine."""
        if not self._lines:
            return
        octets = memoryview(b"\n".join(self._lines) + b"\n")
        self._lines.clear()
        while octets:
            octets = octets[os.write(self._descriptor, octets) :]

    def close(self) -> None:
        self.flush()
        os.close(self._descriptor)
