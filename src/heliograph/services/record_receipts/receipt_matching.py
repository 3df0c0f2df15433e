"""Which segment a receipt tells of, and what it makes of the message."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from heliograph.carriers.sent_segments import SentSegments
from heliograph.carriers.translate import Delivery, fits, recipient_tail
from heliograph.domain.flight import DoubtfulSegment, SentSegment
from heliograph.domain.history import milliseconds
from heliograph.domain.message_change import MessageChange
from heliograph.storage.database import Transaction
from heliograph.storage.in_doubt import find_in_doubt, resolve_in_doubt
from heliograph.storage.receipts import UnmatchedReceipt
from heliograph.storage.segments import find_segments, insert_segments

LOOK_BACK: Final = (timedelta(days=1), timedelta(days=8))
"""Where a segment is looked for: since yesterday first, then in everything that is kept."""
_ONE_DAY: Final = timedelta(days=1)


class Told(NamedTuple):
    """What a receipt says."""

    smsc_hash: int
    smsc_id: str
    recipient: str
    tails: tuple[int, int]
    rank: int
    code: int
    received_at: datetime


def told_by(delivery: Delivery, received_at: datetime) -> Told:
    """What a receipt that just came says."""
    return Told(
        delivery.smsc_hash,
        delivery.smsc_id,
        delivery.recipient,
        delivery.tails,
        delivery.rank,
        delivery.code,
        received_at,
    )


def told_before(receipt: UnmatchedReceipt) -> Told:
    """What a receipt says that found no segment before."""
    return Told(
        receipt.smsc_hash,
        receipt.smsc_id,
        receipt.recipient,
        (recipient_tail(receipt.recipient), -1),
        receipt.rank,
        receipt.code,
        receipt.received_at,
    )


def tells_of(told: Told, segment: SentSegment | None) -> bool:
    """Whether a receipt is of this segment: the same id, and no other recipient."""
    return (
        segment is not None and segment.smsc_id == told.smsc_id and fits(told.tails, segment.recipient_tail)
    )


def change_of(told: Told, segment: SentSegment | DoubtfulSegment) -> MessageChange:
    """What a receipt makes of its message."""
    return MessageChange(
        segment.account_id,
        segment.message_id,
        segment.segment,
        segment.segments,
        told.rank,
        told.code,
        milliseconds(told.received_at),
    )


async def match_segments(
    tx: Transaction, carrier_id: int, receipts: Sequence[Told], sent: SentSegments, *, now: datetime
) -> list[SentSegment | None]:
    """The segment of each receipt, from memory or from the database."""
    remembered = sent.committed
    found: list[SentSegment | None] = []
    missing = set()
    for told in receipts:
        segment = remembered.get(told.smsc_hash)
        if tells_of(told, segment):
            found.append(segment)
        else:
            found.append(None)
            if told.smsc_id:
                missing.add(told.smsc_hash)
    for back in LOOK_BACK if missing else ():
        rows = await find_segments(
            tx, carrier_id, sorted(missing), since=(now - back).date(), until=(now + _ONE_DAY).date()
        )
        _fill(found, receipts, rows)
        missing = {
            told.smsc_hash
            for told, segment in zip(receipts, found, strict=True)
            if segment is None and told.smsc_id
        }
        if not missing:
            break
    return found


def _fill(found: list[SentSegment | None], receipts: Sequence[Told], rows: Sequence[SentSegment]) -> None:
    by_hash: dict[int, list[SentSegment]] = {}
    for row in rows:
        by_hash.setdefault(row.smsc_hash, []).append(row)
    for number, told in enumerate(receipts):
        if found[number] is None:
            candidates = by_hash.get(told.smsc_hash, ())
            found[number] = next((row for row in candidates if tells_of(told, row)), None)


async def resolve_orphans(
    tx: Transaction, carrier_id: int, orphans: Sequence[Told], *, now: datetime
) -> list[DoubtfulSegment | None]:
    """For each receipt without a segment the one segment in doubt that it must be of, which is resolved.

    Two or more candidates are no proof: then nobody guesses.
    """
    recipients = {told.recipient for told in orphans if told.recipient}
    candidates = await find_in_doubt(tx, carrier_id, recipients) if recipients else []
    resolved: list[DoubtfulSegment | None] = []
    noted: list[SentSegment] = []
    for told in orphans:
        fitting = [
            segment
            for segment in candidates
            if segment.recipient == told.recipient and segment.submitted_at <= told.received_at
        ]
        only = fitting[0] if len(fitting) == 1 else None
        if only is not None and await resolve_in_doubt(tx, carrier_id, [(only.message_id, only.segment)]):
            resolved.append(only)
            if told.smsc_id:
                # From now on the id is known: the next receipt with it finds its segment.
                noted.append(_as_sent(told, only))
        else:
            resolved.append(None)
    if noted:
        await insert_segments(tx, carrier_id, noted, day=now.date())
    return resolved


def _as_sent(told: Told, segment: DoubtfulSegment) -> SentSegment:
    return SentSegment(
        told.smsc_hash,
        segment.segment,
        segment.segments,
        recipient_tail(segment.recipient),
        segment.account_id,
        segment.message_id,
        told.smsc_id,
    )
