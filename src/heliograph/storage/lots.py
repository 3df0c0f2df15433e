"""The queue as a dispatcher sees it: claim lots with an intent, record outcomes, take over from the dead."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from heliograph.domain.flight import ClaimedLot, FinishedLot, HeldLot, LotProgress, QueuedLot, SentSegment
from heliograph.domain.lot import encode_contents
from heliograph.storage.database import Row, Transaction, load_query
from heliograph.storage.segments import segment_columns


class Owner(NamedTuple):
    """Who owns lots: a slot of a carrier in one epoch."""

    carrier_id: int
    slot: int
    epoch: int


class OwnedLot(NamedTuple):
    """How far a lot of an owner has come in the database."""

    lot_id: bytes
    next_segment: int
    answered: bytes


class LotsTakenOver(Exception):
    """Lots are another's by now: the owner's epoch is over."""

    def __init__(self, lot_ids: Collection[bytes]) -> None:
        super().__init__(f"{len(lot_ids)} lots were taken over")
        self.lot_ids = frozenset(lot_ids)


CLAIM = "claim_lots"


def claim_arguments(
    owner: Owner, *, segments: int, lots: int, first_priority: int, at_hand: Sequence[bytes]
) -> tuple[object, ...]:
    """The arguments of the statement ``CLAIM``."""
    return (*owner, segments, lots, first_priority, at_hand)


async def claim_lots(
    tx: Transaction,
    owner: Owner,
    *,
    segments: int,
    lots: int,
    first_priority: int,
    at_hand: Sequence[bytes] = (),
) -> list[ClaimedLot]:
    """Claim up to ``segments`` segments of the fairest ready lots and record the intent to submit them.

    Lots of ``first_priority`` come first. The payload of lots ``at_hand`` is not read again. Nothing is
    claimed when the lease is over. ``lots`` bounds how many rows are locked, not how much is claimed.
    """
    rows = await tx.fetch(
        load_query(CLAIM),
        *claim_arguments(owner, segments=segments, lots=lots, first_priority=first_priority, at_hand=at_hand),
    )
    return claimed_lots(rows)


def claimed_lots(rows: Sequence[Row]) -> list[ClaimedLot]:
    """The lots of the rows of ``CLAIM``, the fairest first."""
    lots = [ClaimedLot(*row) for row in rows]
    lots.sort(key=lambda lot: (-lot.priority, lot.fair_position, lot.lot_id))
    return lots


async def record_outcomes(
    tx: Transaction,
    owner: Owner,
    *,
    finished: Sequence[FinishedLot],
    progressed: Sequence[LotProgress],
    accepted: Sequence[SentSegment],
    now: datetime,
    due_at: datetime,
) -> None:
    """Write what the carrier answered. ``due_at``: until when the finished lots' receipts may come.

    Raises LotsTakenOver, and must then be rolled back, if lots are no longer the owner's.
    """
    finished = sorted(finished)
    progressed = sorted(progressed)
    rows = await tx.fetch(
        load_query("record_outcomes"),
        *owner,
        [lot.lot_id for lot in finished],
        [lot.account_id for lot in finished],
        [lot.message_ids for lot in finished],
        due_at,
        [lot.lot_id for lot in progressed],
        [lot.before for lot in progressed],
        [lot.answered for lot in progressed],
        [",".join(map(str, lot.taken_out)) for lot in progressed],
        now.date(),
        *segment_columns(accepted),
    )
    if len(rows) < len(finished) + len(progressed):
        missing = {lot.lot_id for lot in finished} | {lot.lot_id for lot in progressed}
        raise LotsTakenOver(missing - {row[0] for row in rows})


async def insert_queued_lots(tx: Transaction, carrier_id: int, lots: Sequence[QueuedLot]) -> None:
    """Queue lots of messages that are to be tried again."""
    identifiers = [[message.message_id for message in lot.contents.messages] for lot in lots]
    await tx.execute(
        load_query("insert_queued_lots"),
        carrier_id,
        [lot.lot_id for lot in lots],
        [lot.account_id for lot in lots],
        [lot.priority for lot in lots],
        [lot.state for lot in lots],
        [lot.fair_position for lot in lots],
        [lot.opens_at for lot in lots],
        [lot.closes_at for lot in lots],
        [_array_literal(lot.later_opens) for lot in lots],
        [_array_literal(lot.later_closes) for lot in lots],
        [lot.segment_count for lot in lots],
        [min(messages) for messages in identifiers],
        [max(messages) for messages in identifiers],
        [encode_contents(lot.contents) for lot in lots],
    )


def _array_literal(moments: Sequence[datetime]) -> str:
    # The driver has no arrays of arrays of different lengths.
    return "{" + ",".join(moment.isoformat() for moment in moments) + "}"


async def list_lots_of_owner(tx: Transaction, owner: Owner) -> list[OwnedLot]:
    """Every lot that the database says is the owner's."""
    return [OwnedLot(*row) for row in await tx.fetch(load_query("list_lots_of_owner"), *owner)]


async def rewind_lots(tx: Transaction, owner: Owner, next_segments: Mapping[bytes, int]) -> None:
    """Take back the intent of segments that the owner certainly never wrote."""
    await tx.execute(load_query("rewind_lots"), *owner, list(next_segments), list(next_segments.values()))


async def lock_lots_of_dead_owners(tx: Transaction, owner: Owner) -> list[HeldLot]:
    """The lots that earlier epochs of the owner's slot left behind, locked."""
    return [HeldLot(*row) for row in await tx.fetch(load_query("lock_lots_of_dead_owners"), *owner)]


async def free_lots(tx: Transaction, carrier_id: int, answered: dict[bytes, bytes]) -> None:
    """Let anybody go on with locked lots; the values are their answered bits."""
    await tx.execute(load_query("free_lots"), carrier_id, list(answered), list(answered.values()))


async def finish_lots(
    tx: Transaction, carrier_id: int, lots: Sequence[FinishedLot], due_at: datetime
) -> None:
    """Take locked lots from the queue; until ``due_at`` their receipts may come."""
    await tx.execute(
        load_query("finish_lots"),
        carrier_id,
        [lot.lot_id for lot in lots],
        [lot.account_id for lot in lots],
        [lot.message_ids for lot in lots],
        due_at,
    )
