"""Deliveries as they came, and receipts that wait for their segment."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.storage.database import Connection, Purpose, connect, transaction_on
from heliograph.storage.receipts import (
    UnmatchedReceipt,
    insert_receipt_block,
    insert_unmatched_receipts,
    list_unmatched_hashes,
    lock_due_unmatched_receipts,
    lock_unmatched_receipts,
    settle_unmatched_receipts,
)
from tests.support.rows import NOW

SOON = NOW + timedelta(seconds=10)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database, Purpose.HOT)
    yield opened
    await opened.close()


def receipt(name: bytes, smsc_hash: int = 5) -> UnmatchedReceipt:
    return UnmatchedReceipt(name.ljust(12), smsc_hash, f"id{smsc_hash}", "46700000001", 9, 201, NOW)


async def test_a_block_holds_the_pdus_one_behind_the_other(connection: Connection) -> None:
    for _ in range(2):  # the same block again is the same block
        await insert_receipt_block(connection, 1, b"block", [b"one", b"two"], received_at=NOW)
    (row,) = await connection.fetch("SELECT * FROM receipt_block")
    assert (row["pdu_count"], row["pdus"], row["day"]) == (2, b"onetwo", NOW.date())


async def test_receipts_wait_until_they_are_due(connection: Connection) -> None:
    await insert_unmatched_receipts(connection, 1, [receipt(b"a"), receipt(b"b", 6)], next_try_at=SOON)
    assert await lock_due_unmatched_receipts(connection, 1, NOW, limit=10) == []
    due = await lock_due_unmatched_receipts(connection, 1, SOON, limit=10)
    assert sorted(due) == [receipt(b"a"), receipt(b"b", 6)]
    assert await lock_due_unmatched_receipts(connection, 2, SOON, limit=10) == []
    assert len(await lock_due_unmatched_receipts(connection, 1, SOON, limit=1)) == 1


async def test_receipts_are_found_by_the_hash_of_their_id(connection: Connection) -> None:
    await insert_unmatched_receipts(connection, 1, [receipt(b"a"), receipt(b"b", 6)], next_try_at=SOON)
    assert await lock_unmatched_receipts(connection, 1, [6, 7]) == [receipt(b"b", 6)]
    assert sorted(await list_unmatched_hashes(connection, 1, limit=10)) == [5, 6]


async def test_two_recorders_do_not_wait_for_each_other(connection: Connection, database: str) -> None:
    await insert_unmatched_receipts(connection, 1, [receipt(b"a")], next_try_at=SOON)
    other = await connect(database, Purpose.HOT)
    try:
        async with transaction_on(other) as tx:
            assert len(await lock_due_unmatched_receipts(tx, 1, SOON, limit=10)) == 1
            assert await lock_due_unmatched_receipts(connection, 1, SOON, limit=10) == []
            assert await lock_unmatched_receipts(connection, 1, [5]) == []
    finally:
        await other.close()


async def test_matched_receipts_leave_and_the_others_are_put_off(connection: Connection) -> None:
    await insert_unmatched_receipts(connection, 1, [receipt(b"a"), receipt(b"b", 6)], next_try_at=SOON)
    later = NOW + timedelta(hours=1)
    await settle_unmatched_receipts(
        connection, 1, matched=[receipt(b"a").receipt_id], again=[(receipt(b"b").receipt_id, later)]
    )
    assert await lock_due_unmatched_receipts(connection, 1, SOON, limit=10) == []
    (waiting,) = await lock_due_unmatched_receipts(connection, 1, later, limit=10)
    assert (waiting.receipt_id, waiting.tries) == (receipt(b"b").receipt_id, 1)
