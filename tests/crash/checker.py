"""Judges a crash run by the journals of the outside parties and the database, and by nothing else."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from heliograph.domain.history import entries
from heliograph.domain.status import is_final
from heliograph.storage.database import Connection
from tests.crash.journals import Accepted, CarrierTestimony, Reported


class Verdict(NamedTuple):
    """The figures of one run; everything but the counts of work must be empty or zero."""

    accepted: int
    submitted: int
    lost: list[str]
    """Recipients of accepted requests without a message, or whose message has no final status."""
    submitted_twice: list[str]
    unresolved: list[str]
    """Recipients still in doubt although the carrier has accepted them."""
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
        counts = ("accepted", "submitted")
        return {name: value for name, value in self._asdict().items() if value and name not in counts}


class Row(NamedTuple):
    """A message of the database."""

    recipient: str
    message_id: str
    code: int
    codes: list[int]


async def judge(
    connection: Connection,
    accepted: Iterable[Accepted],
    carrier: CarrierTestimony,
    reported: Iterable[Reported],
) -> Verdict:
    """Compare what everybody says."""
    rows = await _rows(connection)
    doubtful = {row["recipient"] for row in await connection.fetch("SELECT recipient FROM in_doubt")}
    recipients = [recipient for batch in accepted for recipient in batch.recipients]
    submits = Counter(submit.recipient for submit in carrier.submitted)
    return Verdict(
        accepted=len(recipients),
        submitted=len(carrier.submitted),
        lost=[number for number in recipients if _is_lost(number, rows, doubtful)],
        submitted_twice=[number for number, count in submits.items() if count > 1],
        unresolved=sorted(number for number in doubtful if number in submits),
        wrong_status=[
            number
            for number, row in rows.items()
            if number not in doubtful and (row.code == 201) != (number in submits)
        ],
        receipts_missing=await _missing_receipts(connection, carrier),
        ledger_error=await connection.fetchval(
            "SELECT (SELECT sum(amount) FROM ledger) - (SELECT sum(amount) FROM balance)"
        ),
        charge_error=await connection.fetchval(
            "SELECT (SELECT coalesce(sum(charged - refunded), 0) FROM batch)"
            " + (SELECT coalesce(sum(amount), 0) FROM ledger WHERE kind IN (2, 3))"
        ),
        reports_wrong=_wrong_reports(rows.values(), reported),
    )


async def _rows(connection: Connection) -> dict[str, Row]:
    """Messages by recipient; a recipient with two messages is a batch accepted twice, and fails here."""
    found = await connection.fetch("SELECT recipient, message_id, code, history FROM message")
    rows = {
        row["recipient"]: Row(
            row["recipient"],
            row["message_id"].hex(),
            row["code"],
            [entry.code for entry in entries(row["history"])],
        )
        for row in found
    }
    assert len(rows) == len(found), "a request was accepted twice"
    return rows


def _is_lost(number: str, rows: dict[str, Row], doubtful: set[str]) -> bool:
    row = rows.get(number)
    return row is None or (not is_final(row.code) and number not in doubtful)


async def _missing_receipts(connection: Connection, carrier: CarrierTestimony) -> list[int]:
    stored = b"".join(row["pdus"] for row in await connection.fetch("SELECT pdus FROM receipt_block"))
    return [
        submit.number
        for submit in carrier.submitted
        if submit.number in carrier.answered_receipts
        and submit.smsc_message_id.encode().lower() not in stored.lower()
        and str(int(submit.smsc_message_id, 16)).encode() not in stored
    ]


def _wrong_reports(rows: Iterable[Row], reported: Iterable[Reported]) -> list[str]:
    """Each code must have been reported, first deliveries in the order of the history."""
    seen: dict[str, list[int]] = {}
    ids: set[str] = set()
    for report in reported:
        if report.webhook_id not in ids:
            ids.add(report.webhook_id)
            seen.setdefault(report.message_id, []).append(report.code)
    return [row.message_id for row in rows if seen.get(row.message_id, []) != row.codes]
