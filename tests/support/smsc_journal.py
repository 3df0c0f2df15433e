"""Reads the journal of the simulated carrier: its testimony about what was accepted and reported."""

from collections import Counter
from pathlib import Path

import msgspec

from heliograph.simulator.handsets import HandsetMessage, assemble
from heliograph.simulator.journal import (
    AnswerRecord,
    DeliverRecord,
    JournalRecord,
    LinkRecord,
    SubmitRecord,
)
from heliograph.simulator.smpp_wire import Submit


class SmscJournal(msgspec.Struct):
    """Every record of a journal by its kind, each in order."""

    submits: list[SubmitRecord] = []
    deliveries: list[DeliverRecord] = []
    answers: list[AnswerRecord] = []
    links: list[LinkRecord] = []

    @property
    def accepted(self) -> list[SubmitRecord]:
        """Submits that the carrier took, whether it said so or not."""
        return [submit for submit in self.submits if submit.number is not None]

    def tries(self) -> Counter[tuple[str, bytes]]:
        """How often the carrier accepted the same octets for the same recipient.

        More than one is a double submit, if the sender's texts or references differ for different messages.
        """
        return Counter((submit.recipient, submit.octets) for submit in self.accepted)

    def messages(self) -> list[HandsetMessage]:
        """What was accepted, joined and decoded as a handset would."""
        return assemble((submit.at, _as_submit(submit)) for submit in self.accepted)

    def acknowledged(self) -> set[tuple[int, str]]:
        """Number and state of the receipts that were answered OK: the sender must have stored them."""
        return {(answer.number, answer.state) for answer in self.answers if answer.status == 0}

    def sent(self) -> set[tuple[int, str]]:
        """Number and state of the receipts that were written to a link, answered or not."""
        return {(delivery.number, delivery.state) for delivery in self.deliveries}


def read_journal(path: Path | str) -> SmscJournal:
    """The journal so far. A last line that is not whole is left out: its writer was killed over it."""
    journal = SmscJournal()
    decode = msgspec.json.Decoder(JournalRecord).decode
    octets = Path(path).read_bytes()
    for line in octets[: octets.rfind(b"\n") + 1].splitlines():
        record: JournalRecord = decode(line)
        match record:
            case SubmitRecord():
                journal.submits.append(record)
            case DeliverRecord():
                journal.deliveries.append(record)
            case AnswerRecord():
                journal.answers.append(record)
            case LinkRecord():
                journal.links.append(record)
    return journal


def _as_submit(record: SubmitRecord) -> Submit:
    return Submit(
        b"\0\0" + record.sender.encode("latin-1"),
        b"\0\0" + record.recipient.encode("latin-1"),
        record.esm_class,
        1,
        record.data_coding,
        record.octets,
    )
