"""Judges a crash run by the journals of the outside parties and the database, and by nothing else."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from typing import NamedTuple, TypeVar

from heliograph.domain.history import entries
from heliograph.domain.status import Code, is_final
from heliograph.storage.database import Connection
from tests.crash.doubt_witness import most_in_doubt
from tests.crash.journals import Accepted, CarrierTestimony, Reported

Named = TypeVar("Named", bound=Hashable)
Segment = tuple[str, int]
"""Recipient, and number of the segment."""

_FIGURES = frozenset({"accepted", "submitted", "most_in_doubt", "held"})


class Verdict(NamedTuple):
    """What came out of one run: first figures, then faults, each of which must be empty or zero."""

    accepted: int
    """Messages of requests that were answered with 201."""
    submitted: int
    most_in_doubt: int
    """Segments put in doubt by one crash or lost link."""
    held: int
    """Segments in doubt at the end that the carrier never accepted."""

    lost: list[str]
    """Recipients of accepted requests without a message, or whose message has no final status."""
    accepted_twice: list[str]
    """Recipients with more than one message: each stood in one request."""
    unasked: list[str]
    """Recipients of messages whose request was never answered with 201, though it was repeated until then."""
    submitted_twice: list[Segment]
    """What the carrier accepted more than once."""
    unresolved: list[Segment]
    """What is still in doubt although the carrier has accepted it."""
    wrong_status: list[str]
    """Recipients whose status is not what the carrier's journal says."""
    receipts_missing: list[int]
    """Carrier's numbers of answered receipts that are not stored."""
    ledger_error: int
    charge_error: int
    """What the batches were charged less what the ledger says."""
    reports_wrong: list[str]
    """Messages whose reports are missing, unknown or out of order."""

    @property
    def faults(self) -> dict[str, object]:
        """What is wrong, by name; empty for a good run."""
        return {name: value for name, value in self._asdict().items() if value and name not in _FIGURES}


class Row(NamedTuple):
    """A message of the database."""

    recipient: str
    message_id: str
    segments: int
    code: int
    codes: list[int]
    """Those after acceptance, in their order."""


async def judge(
    connection: Connection,
    accepted: Iterable[Accepted],
    carrier: CarrierTestimony,
    reported: Iterable[Reported],
) -> Verdict:
    """Compare what everybody says."""
    rows = await _messages(connection)
    by_recipient = {row.recipient: row for row in rows}
    doubtful = await segments_in_doubt(connection)
    open_ones = {recipient for recipient, _ in doubtful}
    recipients = [recipient for batch in accepted for recipient in batch.recipients]
    submits = Counter((submit.recipient, submit.segment) for submit in carrier.submitted)
    whole = Counter(recipient for recipient, _ in submits)
    return Verdict(
        accepted=len(recipients),
        submitted=len(carrier.submitted),
        most_in_doubt=await most_in_doubt(connection),
        held=len(doubtful - submits.keys()),
        lost=[number for number in recipients if _is_lost(number, by_recipient, open_ones)],
        accepted_twice=_repeated(row.recipient for row in rows),
        unasked=sorted(by_recipient.keys() - set(recipients)),
        submitted_twice=_repeated(submits.elements()),
        unresolved=sorted(doubtful & submits.keys()),
        wrong_status=[
            row.recipient
            for row in rows
            if row.recipient not in open_ones
            and (row.code == Code.DELIVERED) != (whole[row.recipient] == row.segments)
        ],
        receipts_missing=await _missing_receipts(connection, carrier),
        ledger_error=await connection.fetchval(
            "SELECT ((SELECT sum(amount) FROM ledger) - (SELECT sum(amount) FROM balance))::bigint"
        ),
        charge_error=await connection.fetchval(
            "SELECT ((SELECT coalesce(sum(charged - refunded), 0) FROM batch)"
            " + (SELECT coalesce(sum(amount), 0) FROM ledger WHERE kind IN (2, 3)))::bigint"
        ),
        reports_wrong=_wrong_reports(rows, reported),
    )


async def segments_in_doubt(connection: Connection) -> set[Segment]:
    """Those that the database says are in doubt now."""
    rows = await connection.fetch("SELECT recipient, segment FROM in_doubt")
    return {(row["recipient"], row["segment"]) for row in rows}


async def _messages(connection: Connection) -> list[Row]:
    return [
        Row(
            row["recipient"],
            row["message_id"].hex(),
            row["segments"],
            row["code"],
            [entry.code for entry in entries(row["history"])],
        )
        for row in await connection.fetch(
            "SELECT recipient, message_id, segments, code, history FROM message"
        )
    ]


def _is_lost(number: str, rows: dict[str, Row], doubtful: Collection[str]) -> bool:
    row = rows.get(number)
    return row is None or (not is_final(row.code) and number not in doubtful)


def _repeated(them: Iterable[Named]) -> list[Named]:
    return [one for one, count in Counter(them).items() if count > 1]


async def _missing_receipts(connection: Connection, carrier: CarrierTestimony) -> list[int]:
    stored = b"".join(row["pdus"] for row in await connection.fetch("SELECT pdus FROM receipt_block")).lower()
    return [
        submit.number
        for submit in carrier.submitted
        if submit.number in carrier.answered_receipts
        and submit.smsc_message_id.encode().lower() not in stored
    ]


def _wrong_reports(rows: Iterable[Row], reported: Iterable[Reported]) -> list[str]:
    """Each code must have been taken, first deliveries in the order of the history."""
    seen: dict[str, list[int]] = {}
    ids: set[str] = set()
    for report in reported:
        if report.webhook_id not in ids:
            ids.add(report.webhook_id)
            seen.setdefault(report.message_id, []).append(report.code)
    expected = {row.message_id: row.codes for row in rows if row.codes}
    return sorted(
        message_id
        for message_id in expected.keys() | seen.keys()
        if seen.get(message_id) != expected.get(message_id)
    )
