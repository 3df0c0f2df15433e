"""Take a bind slot, and settle what its last holder left: what may be with the carrier is in doubt."""

from datetime import datetime, timedelta

import msgspec
import structlog

from heliograph.domain.flight import (
    RECEIPT_WAIT,
    DoubtfulSegment,
    FinishedLot,
    HeldLot,
    given_up_at,
    left_in_doubt,
    may_get_receipts,
    stored_bits,
)
from heliograph.domain.history import milliseconds
from heliograph.domain.ids import IdSource
from heliograph.domain.lot import LotContents, decode_contents
from heliograph.domain.message_change import RANK_IN_DOUBT, MessageChange
from heliograph.domain.status import Code
from heliograph.storage.bind_leases import release_bind_slot, take_bind_slot
from heliograph.storage.database import Database, Purpose, Transaction
from heliograph.storage.in_doubt import insert_in_doubt
from heliograph.storage.lots import Owner, finish_lots, free_lots, lock_lots_of_dead_owners
from heliograph.storage.message_changes import apply_changes

log = structlog.get_logger()


async def take_slot(
    database: Database,
    carrier_id: int,
    slot: int,
    *,
    holder: str,
    lease: timedelta,
    ids: IdSource,
    now: datetime,
) -> Owner | None:
    """Become the owner of a slot whose lease is over; None while somebody holds it.

    In the same transaction everything that earlier owners left is settled.
    """
    async with database.transaction(Purpose.HOT) as tx:
        epoch = await take_bind_slot(tx, carrier_id, slot, holder=holder, lease=lease)
        if epoch is None:
            return None
        owner = Owner(carrier_id, slot, epoch)
        await settle_dead_owners(tx, owner, ids=ids, now=now)
    return owner


async def release_slot(database: Database, owner: Owner, *, ids: IdSource, now: datetime) -> None:
    """Give a slot back, its lots free for anybody; nothing happens if it is another's already."""
    async with database.transaction(Purpose.HOT) as tx:
        epoch = await release_bind_slot(tx, *owner)
        if epoch is not None:
            await settle_dead_owners(tx, owner._replace(epoch=epoch), ids=ids, now=now)


async def rescue_slot(
    database: Database,
    carrier_id: int,
    slot: int,
    *,
    holder: str,
    lease: timedelta,
    ids: IdSource,
    now: datetime,
) -> bool:
    """Settle what a vanished holder left and leave the slot free; False if somebody holds it."""
    owner = await take_slot(database, carrier_id, slot, holder=holder, lease=lease, ids=ids, now=now)
    if owner is None:
        return False
    await release_slot(database, owner, ids=ids, now=now)
    return True


async def settle_dead_owners(tx: Transaction, owner: Owner, *, ids: IdSource, now: datetime) -> int:
    """Settle the lots of earlier epochs of the owner's slot; how many segments are in doubt now."""
    finished: list[FinishedLot] = []
    freed: dict[bytes, bytes] = {}
    doubtful: list[DoubtfulSegment] = []
    changes: list[MessageChange] = []
    for lot in await lock_lots_of_dead_owners(tx, owner):
        try:
            contents = decode_contents(lot.payload)
        except msgspec.MsgspecError:
            # One lot that cannot be read must not keep the slot from being taken.
            log.error("carrier.alarm", alarm="lot_unreadable", lot_id=lot.lot_id.hex())
            continue
        if lot.has_rest:
            freed[lot.lot_id] = stored_bits((1 << lot.next_segment) - 1, lot.segment_count)
        else:
            finished.append(
                FinishedLot(lot.lot_id, lot.account_id, may_get_receipts(contents, frozenset(lot.skipped)))
            )
        noted = _doubtful_segments(lot, contents, now)
        doubtful += noted
        changes += [_in_doubt(segment, now) for segment in noted]
    if finished:
        await finish_lots(tx, owner.carrier_id, finished, now + RECEIPT_WAIT)
    if freed:
        await free_lots(tx, owner.carrier_id, freed)
    if doubtful:
        await insert_in_doubt(tx, owner.carrier_id, doubtful, now=now)
        await apply_changes(tx, changes, now=now, ids=ids)
    return len(doubtful)


def _doubtful_segments(lot: HeldLot, contents: LotContents, now: datetime) -> list[DoubtfulSegment]:
    found = []
    for position, segment in left_in_doubt(lot, contents):
        message = contents.messages[position]
        found.append(
            DoubtfulSegment(
                message.message_id,
                segment,
                message.segments,
                lot.account_id,
                message.recipient,
                lot.intent_at,
                given_up_at(message.last_close, lot.intent_at, now),
                message.second_try,
            )
        )
    return found


def _in_doubt(segment: DoubtfulSegment, now: datetime) -> MessageChange:
    return MessageChange(
        segment.account_id,
        segment.message_id,
        segment.segment,
        segment.segments,
        RANK_IN_DOUBT,
        Code.SENDING,
        milliseconds(now),
        milliseconds(segment.submitted_at),
    )
