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
from heliograph.storage.in_doubt import find_in_doubt, list_delivered, resolve_in_doubt
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
    """For each receipt without a segment the one in doubt that it counts for, which is resolved."""
    recipients = {told.recipient for told in orphans if told.recipient}
    candidates = await find_in_doubt(tx, carrier_id, recipients) if recipients else []
    if any(segment.second_accepted for segment in candidates):
        candidates = await _without_delivered(tx, candidates)
    resolved: list[DoubtfulSegment | None] = []
    noted: dict[str, SentSegment] = {}
    for told in orphans:
        segment = None if told.smsc_id in noted else segment_in_doubt_of(told, candidates)
        if segment is None or not await resolve_in_doubt(
            tx, carrier_id, [(segment.message_id, segment.segment)]
        ):
            resolved.append(None)
            continue
        resolved.append(segment)
        candidates.remove(segment)
        if told.smsc_id:
            # From now on the id is known: the next receipt with it finds its segment.
            noted[told.smsc_id] = _as_sent(told, segment)
    if noted:
        await insert_segments(tx, carrier_id, list(noted.values()), day=now.date())
    return resolved


async def _without_delivered(tx: Transaction, candidates: Sequence[DoubtfulSegment]) -> list[DoubtfulSegment]:
    """The candidates but for first tries of messages that were delivered: no receipt changes those."""
    accepted: dict[int, set[bytes]] = {}
    for segment in candidates:
        if segment.second_accepted:
            accepted.setdefault(segment.account_id, set()).add(segment.message_id)
    delivered: set[bytes] = set()
    for account_id, message_ids in accepted.items():
        delivered |= await list_delivered(tx, account_id, message_ids)
    return [segment for segment in candidates if segment.message_id not in delivered]


def segment_in_doubt_of(told: Told, candidates: Sequence[DoubtfulSegment]) -> DoubtfulSegment | None:
    """The segment in doubt that a receipt without a segment counts for; None unless it is certain.

    Between messages nobody guesses. The segments of one message are as good as each other, since it ends
    alike whichever of them a receipt was for, but for those whose second try was accepted: others need it
    more. Each receipt must name an id, or one that comes twice would count for two of them.
    """
    fitting = [
        segment
        for segment in candidates
        if segment.recipient == told.recipient and segment.submitted_at <= told.received_at
    ]
    if len({segment.message_id for segment in fitting}) != 1 or (len(fitting) > 1 and not told.smsc_id):
        return None
    return min(fitting, key=lambda segment: (segment.second_accepted, segment.segment))


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
