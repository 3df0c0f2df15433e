"""Send once more what is in doubt, where its account wants that and no receipt came in time.

The wait is one in which a receipt could have come: a link of the carrier was bound all along.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from heliograph.domain.ids import IdSource
from heliograph.domain.second_try import (
    DoubtfulMessage,
    SecondTry,
    Undecided,
    Verdict,
    decide_second_try,
    second_lots,
)
from heliograph.failpoints import failpoint
from heliograph.storage.database import Database, Purpose, Transaction
from heliograph.storage.lots import insert_queued_lots
from heliograph.storage.second_tries import (
    decide_second_tries,
    had_receipts_time_to_come,
    list_carriers_with_undecided_doubt,
    lock_undecided_doubts,
    put_off_some,
    read_doubtful_messages,
)

SEGMENTS_AT_ONCE: Final = 500
PUT_OFF_BY: Final = timedelta(minutes=1)
"""How much later the question is asked anew while a batch is paused."""


class ResendDoubtful:
    """One step decides for every carrier what of its doubts is due."""

    def __init__(self, database: Database, ids: IdSource) -> None:
        self._database = database
        self._ids = ids

    async def step(self, now: datetime) -> int:
        """Decide what is due; the number of segments that are sent once more."""
        async with self._database.transaction() as tx:
            carriers = await list_carriers_with_undecided_doubt(tx)
        sent = 0
        for carrier_id in carriers:
            async with self._database.transaction(Purpose.HOT) as tx:
                sent += await self._decide(tx, carrier_id, now)
            failpoint("second_tries.post_commit")
        return sent

    async def _decide(self, tx: Transaction, carrier_id: int, now: datetime) -> int:
        if not await had_receipts_time_to_come(tx, carrier_id):
            return 0
        due = await lock_undecided_doubts(tx, carrier_id, now, SEGMENTS_AT_ONCE)
        messages = await self._messages(tx, due)
        held: list[Undecided] = []
        put_off: list[Undecided] = []
        sent: list[SecondTry] = []
        for one in due:
            match decide_second_try(one, messages.get(one.message_id), now):
                case Verdict.HELD:
                    held.append(one)
                case Verdict.PUT_OFF:
                    put_off.append(one)
                case SecondTry() as second:
                    sent.append(second)
        if put_off:
            await put_off_some(tx, carrier_id, put_off, until=now + PUT_OFF_BY)
        if held or sent:
            # Noted in the transaction that queues it: a crash leaves both or neither, and never a third try.
            await decide_second_tries(tx, carrier_id, held=held, sent=sent, now=now)
        if sent:
            seconds = int(now.timestamp())
            await insert_queued_lots(tx, carrier_id, second_lots(sent, lambda: self._ids.new(seconds)))
            failpoint("second_tries.pre_commit")
        return len(sent)

    async def _messages(self, tx: Transaction, due: list[Undecided]) -> dict[bytes, DoubtfulMessage]:
        wanted: dict[int, set[bytes]] = defaultdict(set)
        for one in due:
            if one.is_wanted:
                wanted[one.account_id].add(one.message_id)
        found: dict[bytes, DoubtfulMessage] = {}
        for account_id, message_ids in wanted.items():
            found |= await read_doubtful_messages(tx, account_id, message_ids)
        return found
