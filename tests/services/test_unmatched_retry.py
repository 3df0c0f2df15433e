"""Receipts that found no segment, while another dispatcher's late answer brings it."""

import asyncio
import os

from heliograph.carriers.sent_segments import SentSegments
from heliograph.carriers.translate import recipient_tail, smsc_hash
from heliograph.domain.flight import DoubtfulSegment, SentSegment
from heliograph.domain.ids import IdSource
from heliograph.domain.message_change import RANK_DELIVERED
from heliograph.domain.status import Code
from heliograph.services.record_receipts.unmatched_retry import UnmatchedRetry
from heliograph.storage.database import Connection, Database, Purpose, connect
from heliograph.storage.in_doubt import insert_in_doubt, resolve_in_doubt
from heliograph.storage.receipts import UnmatchedReceipt, insert_unmatched_receipts
from heliograph.storage.segments import insert_segments
from tests.support.dispatching import all_codes, now, queue, until
from tests.support.rows import insert_account

CARRIER = 1
PHONE = "46700000001"
SMSC_ID = "1a2b"
_WAITING = """
SELECT EXISTS (SELECT FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%in_doubt%')
"""


async def a_doubt_and_its_receipt(connection: Connection, pools: Database) -> bytes:
    """A message that is in doubt, and a receipt of an id that nobody knows yet."""
    await insert_account(connection)
    (message,) = await queue(connection, [PHONE])
    account_id = await connection.fetchval("SELECT account_id FROM message")
    at = now()
    doubtful = DoubtfulSegment(message, 0, 1, account_id, PHONE, at, at)
    receipt = UnmatchedReceipt(
        os.urandom(12), smsc_hash(SMSC_ID), SMSC_ID, PHONE, RANK_DELIVERED, Code.DELIVERED, at
    )
    async with pools.transaction(Purpose.HOT) as tx:
        await insert_in_doubt(tx, CARRIER, [doubtful], now=at)
        await insert_unmatched_receipts(tx, CARRIER, [receipt], next_try_at=at)
    return message


async def test_a_late_answer_committed_meanwhile_is_seen_at_once(database: str) -> None:
    connection = await connect(database)
    async with Database(database) as pools:
        message = await a_doubt_and_its_receipt(connection, pools)
        account_id = await connection.fetchval("SELECT account_id FROM message")
        sent = SentSegment(smsc_hash(SMSC_ID), 0, 1, recipient_tail(PHONE), account_id, message, SMSC_ID)
        retry = UnmatchedRetry(CARRIER, pools, IdSource(os.urandom(5)), SentSegments())
        async with pools.transaction(Purpose.HOT) as answer:
            await resolve_in_doubt(answer, CARRIER, [(message, 0)])
            await insert_segments(answer, CARRIER, [sent], day=now().date())
            looking = asyncio.create_task(retry.retry_due(now()))

            async def waits() -> bool:
                return bool(await connection.fetchval(_WAITING))

            await until(waits)
        assert await looking == (1, {smsc_hash(SMSC_ID)})
    assert await connection.fetchval("SELECT count(*) FROM unmatched_receipt") == 0
    assert await all_codes(connection, [message]) == {201}
    await connection.close()
