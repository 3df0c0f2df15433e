"""Reports that are chosen to be sent again reach the customer as they did at first."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from heliograph.domain.history import entry
from heliograph.domain.replay_filter import ReplayFilter
from heliograph.services.replay_chosen import ReplayAccount, replay_chosen
from heliograph.storage.database import Connection, connect, transaction_on
from tests.services.test_deliver_webhooks import (
    SECRET,
    event,
    insert_block,
    queue_is_empty,
    reporter,
    run_until,
    settle,
)
from tests.support.report_receiver import ReportReceiver
from tests.support.rows import IDS, NOW_MS, insert_account, insert_batch

CODES = (110, 111, 201)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_account(opened)
    await opened.execute(
        "INSERT INTO webhook_secret (account_id, secret_id, sealed) VALUES (1, 'a', $1)", SECRET.encode()
    )
    yield opened
    await opened.close()


@pytest.mark.parametrize("first_answer", [200, 503, 410])
async def test_a_receiver_that_lost_its_data_gets_the_same_reports_in_the_same_order(
    database: str, connection: Connection, first_answer: int
) -> None:
    """Whether they were delivered, wait for another try, or were given up."""
    answers = [first_answer]
    async with ReportReceiver(lambda _: answers[0]) as receiver, reporter(database) as service:
        batch_id, (message_id,) = await insert_batch(connection, url=receiver.url, segments=2, price=700_000)
        history = b"".join(entry(code, NOW_MS) for code in CODES)
        await connection.execute("UPDATE message SET history = $1, code = 201", history)
        told = [event(message_id, number, code) for number, code in enumerate(CODES, 1)]
        await insert_block(connection, receiver.url, *[replace(each, batch_id=batch_id) for each in told])
        await run_until(service, lambda: len(receiver.received) == (3 if first_answer == 200 else 1))
        await settle(service)
        before = len(receiver.received)
        # Nothing but the replay hastens what waits.
        await connection.execute("UPDATE report_retry SET due_at = now() + interval '1 hour'")
        answers[0] = 200
        async with transaction_on(connection) as tx:
            whose, wanted = ReplayAccount(1, "SEK", "all"), ReplayFilter(batch_ids=(batch_id,))
            done = await replay_chosen(tx, whose, wanted, now=datetime.now(UTC), ids=IDS)
        assert (done.queued, done.next_after) == (3, None)
        await service.lease()
        await run_until(service, lambda: len(receiver.received) >= before + 3)
        await asyncio.sleep(0.1)
        await settle(service)
        await settle(service)
    again = receiver.received[-3:]
    assert [received.headers["webhook-id"] for received in again] == [
        f"{message_id.hex()}-{number}-{code}" for number, code in enumerate(CODES, 1)
    ]
    if first_answer == 200:
        assert [each.body for each in again] == [each.body for each in receiver.received[:3]]
    assert await queue_is_empty(connection)
