"""The transaction of a flight: outcomes of the flight before, changes of messages, then the next intent."""

from datetime import datetime, timedelta
from typing import NamedTuple

from heliograph.carriers.harvest import Harvest
from heliograph.carriers.outcome_book import OutcomeBook
from heliograph.domain.flight import RECEIPT_WAIT, ClaimedLot, lots_again
from heliograph.domain.ids import IdSource
from heliograph.domain.second_try import KEPT_AFTER_ACCEPTANCE
from heliograph.failpoints import failpoint
from heliograph.storage.bind_leases import renew_bind_lease
from heliograph.storage.database import Database, Purpose, Transaction, load_query
from heliograph.storage.in_doubt import (
    insert_in_doubt,
    keep_accepted_second_tries,
    list_second_tries,
    resolve_in_doubt,
)
from heliograph.storage.lots import (
    CLAIM,
    Owner,
    claim_arguments,
    claim_lots,
    claimed_lots,
    insert_queued_lots,
    list_lots_of_owner,
    record_outcomes,
    rewind_lots,
)
from heliograph.storage.message_changes import apply_changes
from heliograph.storage.refused_segments import insert_refused_block


class Claim(NamedTuple):
    """What a flight asks of the queue."""

    segments: int
    lots: int
    first_priority: int
    at_hand: list[bytes]


async def commit_flight(
    database: Database,
    owner: Owner,
    harvest: Harvest,
    claim: Claim | None,
    *,
    ids: IdSource,
    now: datetime,
) -> list[ClaimedLot]:
    """Commit outcomes together with the next intent; the lots that were claimed.

    Raises LotsTakenOver if lots of the harvest are another's; then nothing was committed.
    """
    if not harvest and claim is not None:
        failpoint("dispatch.pre_commit")
        arguments = claim_arguments(owner, **claim._asdict())
        return claimed_lots(await database.fetch(Purpose.HOT, load_query(CLAIM), *arguments))
    async with database.transaction(Purpose.HOT) as tx:
        await _record(tx, owner, harvest, ids=ids, now=now)
        claimed = await claim_lots(tx, owner, **claim._asdict()) if claim is not None else []
        failpoint("dispatch.pre_commit")
    return claimed


async def _record(tx: Transaction, owner: Owner, harvest: Harvest, *, ids: IdSource, now: datetime) -> None:
    await record_outcomes(
        tx,
        owner,
        finished=harvest.finished,
        progressed=list(harvest.progress.values()),
        accepted=harvest.accepted,
        now=now,
        due_at=now + RECEIPT_WAIT,
    )
    if doubtful := harvest.doubtful:
        await insert_in_doubt(tx, owner.carrier_id, doubtful, now=now)
    again = harvest.again
    if sent_again := await list_second_tries(tx, owner.carrier_id, harvest.refused_late):
        harvest.drop_late(sent_again)
    if resolved := harvest.resolved:
        # A late answer allows another try only if the segment was in doubt until now: else somebody has
        # given its message an end already, or this is the repetition of a commit whose answer was lost.
        until_now = await resolve_in_doubt(tx, owner.carrier_id, resolved)
        again += [one for one in harvest.late.again if one.key in until_now]
    if refused := harvest.refused:
        block_id = ids.new(int(now.timestamp()))
        await insert_refused_block(tx, owner.carrier_id, owner.slot, block_id, refused, now=now)
    if accepted_again := harvest.accepted_again:
        await keep_accepted_second_tries(
            tx, owner.carrier_id, accepted_again, now=now, until=now + KEPT_AFTER_ACCEPTANCE
        )
    if again:
        seconds = int(now.timestamp())
        await insert_queued_lots(tx, owner.carrier_id, lots_again(again, lambda: ids.new(seconds)))
    if changes := harvest.changes:
        await apply_changes(tx, changes, now=now, ids=ids)


async def reconcile(
    database: Database, owner: Owner, book: OutcomeBook, harvest: Harvest, *, lease: timedelta
) -> bool:
    """Find out what became of a commit whose answer was lost; False if the slot is another's by now.

    Renewing the lease waits until the transaction in question, which holds a lock on it, has ended.
    """

    async with database.transaction(Purpose.HOT) as tx:
        is_mine = await renew_bind_lease(tx, *owner, lease=lease, bound=None)
        lots = await list_lots_of_owner(tx, owner) if is_mine else []
        owned = {lot.lot_id: (lot.next_segment, lot.answered) for lot in lots}
        rewind = book.reconcile(harvest, owned)
        if rewind:
            await rewind_lots(tx, owner, rewind)
    return is_mine
