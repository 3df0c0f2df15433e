"""Cancel what of a batch was not yet submitted, with its price returned; hide a batch that is finished.

A message can be canceled while it lies outside every intent and no carrier has, or may have, any of its
segments. The lots of the batch are locked first, so a dispatcher either claimed a message before, and then
it is sent, or finds it taken out.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from heliograph.domain.history import milliseconds
from heliograph.domain.ids import IdSource, message_range
from heliograph.domain.lot import LotMessage
from heliograph.domain.message_change import RANK_CLOSED, MessageChange
from heliograph.domain.refusals import Conflict, NotFound
from heliograph.domain.status import Code, is_final
from heliograph.storage.batch_lots import Share, lock_lots, read_shares, take_waiting_out
from heliograph.storage.batch_reading import MessageCount, StoredBatch, count_messages, find_batch
from heliograph.storage.cancel import (
    hide_batch,
    lock_submitted,
    mark_canceled,
)
from heliograph.storage.database import Database, Purpose, Transaction, is_connection_failure, is_retryable
from heliograph.storage.message_changes import apply_changes
from heliograph.storage.second_tries import withdraw_second_tries

UNKNOWN_BATCH: Final = "There is no such batch."
FINISHED: Final = "Every message of the batch has its final status: there is nothing left to cancel."
TOO_LATE: Final = (
    "The batch can no longer be canceled: every message without a final status was handed to its carrier."
)
MESSAGES_AT_ONCE: Final = 2000
TRIES: Final = 4
ASKED_AGAIN_WITHIN: Final = timedelta(minutes=10)
"""For how long a second call for a canceled batch is taken for the first one, repeated."""

NEVER_SENT: Final = frozenset(
    {
        Code.CANCELED,
        Code.INSUFFICIENT_FUNDS,
        Code.RECIPIENT_REJECTED,
        Code.INVALID_RECIPIENT,
        Code.INVALID_BODY,
        Code.UNROUTABLE,
    }
)
"""Codes of messages that were canceled, or that accept refused. A batch of nothing else is canceled."""


class LastState(NamedTuple):
    """A batch after the call, and its messages by code."""

    batch: StoredBatch
    counts: dict[int, MessageCount]


class CancelBatch:
    """Answers DELETE on a batch."""

    def __init__(self, database: Database, ids: IdSource) -> None:
        self._database = database
        self._ids = ids

    async def cancel(
        self,
        account_id: int,
        batch_id: bytes,
        now: datetime,
        *,
        hide_finished: bool = True,
        may_be_repeated: bool = False,
    ) -> LastState:
        """Cancel the messages of a batch that were not yet submitted; a finished batch is hidden.

        Raises NotFound for a batch that the account does not have, Conflict when no message could be
        canceled and some are not final, or all are and ``hide_finished`` is off. With ``may_be_repeated`` a
        batch that was canceled a moment ago is not hidden: the caller may not have got the answer of then.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                async with self._database.transaction(Purpose.HOT, account_id=account_id) as tx:
                    batch = await find_batch(tx, account_id, batch_id)
                    if may_be_repeated and batch is not None and _was_canceled_just_now(batch, now):
                        counts = await count_messages(tx, account_id, batch_id, batch.message_count)
                        return LastState(batch, counts)
                    after = await self._cancel(tx, account_id, batch_id, now, hide_finished=hide_finished)
                break
            except Exception as failure:
                # After a lost connection nobody knows whether it was committed, and a second call would
                # hide what the first one canceled.
                if not tries_left or is_connection_failure(failure) or not is_retryable(failure):
                    raise
        if after is None:
            raise Conflict(TOO_LATE)
        return after

    async def _cancel(
        self, tx: Transaction, account_id: int, batch_id: bytes, now: datetime, *, hide_finished: bool
    ) -> LastState | None:
        """The batch afterwards; None if nothing could be canceled but second tries, which are withdrawn."""
        batch = await find_batch(tx, account_id, batch_id)
        if batch is None:
            raise NotFound(UNKNOWN_BATCH)
        counts = await count_messages(tx, account_id, batch_id, batch.message_count)
        if all(map(is_final, counts)):
            if not hide_finished:
                raise Conflict(FINISHED)
            await hide_batch(tx, account_id, batch_id, now)
            return LastState(batch, counts)
        messages = await self._take_out(tx, account_id, batch)
        if not messages:
            return None
        await self._close(tx, account_id, messages, now)
        counts = await count_messages(tx, account_id, batch_id, batch.message_count)
        if NEVER_SENT.issuperset(counts):
            await mark_canceled(tx, account_id, batch_id, now)
        after = await find_batch(tx, account_id, batch_id)
        return LastState(after or batch, counts)

    async def _take_out(self, tx: Transaction, account_id: int, batch: StoredBatch) -> list[LotMessage]:
        """Take everything that can be canceled out of the queue, and say what it was."""
        first, last = message_range(batch.batch_id, batch.message_count)
        # Whoever decides about second tries just now is waited for; what they queued, the second look finds.
        await lock_lots(tx, account_id, first, last)
        await withdraw_second_tries(tx, account_id, first, last)
        shares: list[Share] = []
        for carrier_id, lots in groupby(
            await lock_lots(tx, account_id, first, last), key=lambda lot: lot.carrier_id
        ):
            shares += await read_shares(tx, account_id, carrier_id, list(lots), first, last)
        kept = await lock_submitted(tx, account_id, first, last)
        kept.update(message_id for share in shares for message_id in share.submitting)
        for carrier_id, of_carrier in groupby(shares, key=lambda share: share.lot.carrier_id):
            await take_waiting_out(tx, account_id, carrier_id, list(of_carrier), kept)
        canceled = {
            message.message_id: message
            for share in shares
            for _, message in share.waiting
            if message.message_id not in kept and not message.second_try
        }
        return [canceled[message_id] for message_id in sorted(canceled)]

    async def _close(
        self, tx: Transaction, account_id: int, messages: Sequence[LotMessage], now: datetime
    ) -> None:
        """Close the messages taken out, their prices returned."""
        at_ms = milliseconds(now)
        closed = 0
        for start in range(0, len(messages), MESSAGES_AT_ONCE):
            changes = [
                MessageChange(
                    account_id,
                    message.message_id,
                    segment=0,
                    segments=message.segments,
                    rank=RANK_CLOSED,
                    code=Code.CANCELED,
                    at_ms=at_ms,
                    refund=True,
                )
                for message in messages[start : start + MESSAGES_AT_ONCE]
            ]
            closed += len(await apply_changes(tx, changes, now=now, ids=self._ids))
        if closed != len(messages):
            raise RuntimeError("messages taken out of the queue did not all become canceled")


def _was_canceled_just_now(batch: StoredBatch, now: datetime) -> bool:
    return batch.canceled_at is not None and now - batch.canceled_at < ASKED_AGAIN_WITHIN
