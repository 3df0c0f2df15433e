"""Claims in fair order, intents with them, outcomes once, and what the dead leave to the next owner."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.domain.flight import ClaimedLot, FinishedLot, LotProgress, QueuedLot, SentSegment
from heliograph.domain.lot import LotContents, LotMessage, LotState, LotText, decode_contents
from heliograph.storage.bind_leases import take_bind_slot
from heliograph.storage.database import Connection, Purpose, connect, transaction_on
from heliograph.storage.lots import (
    LotsTakenOver,
    Owner,
    claim_lots,
    finish_lots,
    free_lots,
    insert_queued_lots,
    list_lots_of_owner,
    lock_lots_of_dead_owners,
    record_outcomes,
)
from tests.support.rows import IDS, NOW, insert_lot

CARRIER = 1
LATER = NOW + timedelta(hours=72)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database, Purpose.HOT)
    yield opened
    await opened.close()


async def owner(connection: Connection, slot: int = 0) -> Owner:
    async with transaction_on(connection) as tx:
        epoch = await take_bind_slot(tx, CARRIER, slot, holder="test", lease=timedelta(seconds=15))
    assert epoch is not None
    return Owner(CARRIER, slot, epoch)


async def lot(
    connection: Connection,
    count: int,
    *,
    position: int,
    account_id: int = 1,
    priority: int = 1,
    state: int = 1,
    closes_in: timedelta = timedelta(hours=1),
) -> bytes:
    first = IDS.reserve(count, int(NOW.timestamp()))
    return await insert_lot(
        connection,
        [(first + number).to_bytes(12, "big") for number in range(count)],
        account_id=account_id,
        priority=priority,
        state=state,
        position=position,
        opens_at=NOW - timedelta(days=1),
        closes_at=NOW + closes_in,
    )


async def claim(
    connection: Connection,
    mine: Owner,
    segments: int,
    *,
    lots: int = 100,
    first: int = 2,
    at_hand: tuple[bytes, ...] = (),
) -> list[ClaimedLot]:
    async with transaction_on(connection) as tx:
        return await claim_lots(tx, mine, segments=segments, lots=lots, first_priority=first, at_hand=at_hand)


def ranges(claimed: list[ClaimedLot]) -> list[tuple[bytes, int, int]]:
    return [(one.lot_id, one.start, one.end) for one in claimed]


async def test_the_fairest_lots_are_claimed_up_to_the_capacity(connection: Connection) -> None:
    mine = await owner(connection)
    third = await lot(connection, 3, position=3000)
    first = await lot(connection, 3, position=1000)
    second = await lot(connection, 3, position=2000)
    assert ranges(await claim(connection, mine, 7)) == [(first, 0, 3), (second, 0, 3), (third, 0, 1)]
    states = {
        row["lot_id"]: (row["state"], row["slot"], row["epoch"], row["next_segment"])
        for row in await connection.fetch("SELECT * FROM lot")
    }
    assert states == {first: (2, 0, 1, 3), second: (2, 0, 1, 3), third: (1, 0, 1, 1)}


async def test_a_newcomer_stands_before_the_rest_of_a_large_lot(connection: Connection) -> None:
    mine = await owner(connection)
    large = await lot(connection, 50, position=50_000, account_id=1)
    await claim(connection, mine, 10)
    virtual_time = await connection.fetchval(
        "SELECT position FROM fair_position WHERE carrier_id = 1 AND account_id = 0 AND priority = 1"
    )
    single = await lot(connection, 1, position=virtual_time + 1000, account_id=2)
    assert ranges(await claim(connection, mine, 10)) == [(single, 0, 1), (large, 10, 19)]


async def test_virtual_time_never_steps_back(connection: Connection) -> None:
    mine = await owner(connection)
    for position in (9000, 2000):
        await lot(connection, 1, position=position)
        await claim(connection, mine, 1)
    assert (
        await connection.fetchval(
            "SELECT position FROM fair_position WHERE carrier_id = 1 AND account_id = 0 AND priority = 1"
        )
        == 8000
    )


@pytest.mark.parametrize(("first", "expected"), [(2, [2, 2]), (1, [1, 2])])
async def test_the_priority_that_goes_first_is_the_callers(
    connection: Connection, first: int, expected: list[int]
) -> None:
    mine = await owner(connection)
    await lot(connection, 1, position=1, priority=1)
    await lot(connection, 1, position=8, priority=2)
    await lot(connection, 1, position=9, priority=2)
    claimed = await claim(connection, mine, 2, first=first)
    assert sorted(one.priority for one in claimed) == sorted(expected)


async def test_lots_that_may_not_be_claimed(connection: Connection) -> None:
    mine = await owner(connection)
    await lot(connection, 1, position=1, state=LotState.SCHEDULED)
    await lot(connection, 1, position=2, state=LotState.PAUSED)
    await lot(connection, 1, position=3, closes_in=timedelta(seconds=-1))
    foreign = await lot(connection, 2, position=4)
    await connection.execute("UPDATE lot SET slot = 5, epoch = 1 WHERE lot_id = $1", foreign)
    assert await claim(connection, mine, 10) == []


async def test_who_lost_the_lease_claims_nothing(connection: Connection) -> None:
    mine = await owner(connection)
    await lot(connection, 1, position=1)
    assert await claim(connection, mine._replace(epoch=mine.epoch - 1), 10) == []
    await connection.execute("UPDATE bind_lease SET leased_until = now() - interval '1 second'")
    assert await claim(connection, mine, 10) == []


async def test_two_lanes_claim_different_lots(database: str, connection: Connection) -> None:
    mine, yours = await owner(connection, 0), await owner(connection, 1)
    first = await lot(connection, 2, position=1)
    second = await lot(connection, 2, position=2)
    other = await connect(database, Purpose.HOT)
    try:
        async with transaction_on(connection) as tx:
            got = await claim_lots(tx, mine, segments=2, lots=1, first_priority=2)
            theirs = await claim(other, yours, 2, lots=1)
        assert (ranges(got), ranges(theirs)) == ([(first, 0, 2)], [(second, 0, 2)])
    finally:
        await other.close()


async def test_the_contents_come_unless_they_are_at_hand(connection: Connection) -> None:
    mine = await owner(connection)
    large = await lot(connection, 4, position=1)
    (whole,) = await claim(connection, mine, 2)
    (rest,) = await claim(connection, mine, 2, at_hand=(large,))
    assert whole.payload is not None
    assert len(decode_contents(whole.payload).messages) == 4
    assert rest.payload is None
    assert rest.intent_at >= whole.intent_at


def sent(message_id: bytes, number: int = 1) -> SentSegment:
    return SentSegment(number, 0, 1, 46_740_605, 1, message_id, f"id{number}")


async def test_outcomes_move_lots_on_or_out(connection: Connection) -> None:
    mine = await owner(connection)
    done = await lot(connection, 2, position=1)
    going = await lot(connection, 9, position=2)
    await claim(connection, mine, 4)
    message_id = IDS.new(int(NOW.timestamp()))
    async with transaction_on(connection) as tx:
        await record_outcomes(
            tx,
            mine,
            finished=[FinishedLot(done, 1, message_id)],
            progressed=[LotProgress(going, b"", b"\x03\x00", (7,))],
            accepted=[sent(message_id)],
            now=NOW,
            due_at=LATER,
        )
    (left,) = await connection.fetch("SELECT * FROM lot")
    assert (left["lot_id"], left["answered"], left["skipped"]) == (going, b"\x03\x00", [7])
    (waiting,) = await connection.fetch("SELECT * FROM finished_lot")
    assert (waiting["lot_id"], waiting["due_at"], waiting["message_ids"]) == (done, LATER, message_id)
    (segment,) = await connection.fetch("SELECT * FROM segment")
    assert (segment["smsc_hash"], segment["smsc_id"], segment["day"]) == (1, "id1", NOW.date())
    assert await list_lots_of_owner(connection, mine) == [(going, 2, b"\x03\x00")]


async def test_outcomes_of_lots_that_were_taken_over_are_refused(connection: Connection) -> None:
    mine = await owner(connection)
    taken = await lot(connection, 1, position=1)
    kept = await lot(connection, 1, position=2)
    await claim(connection, mine, 2)
    await connection.execute("UPDATE lot SET epoch = 9 WHERE lot_id = $1", taken)
    with pytest.raises(LotsTakenOver) as refused:
        async with transaction_on(connection) as tx:
            await record_outcomes(
                tx,
                mine,
                finished=[FinishedLot(taken, 1, b""), FinishedLot(kept, 1, b"")],
                progressed=[],
                accepted=[],
                now=NOW,
                due_at=LATER,
            )
    assert refused.value.lot_ids == {taken}
    assert await connection.fetchval("SELECT count(*) FROM lot") == 2


async def test_outcomes_of_a_lot_that_its_next_owner_finished_are_refused(connection: Connection) -> None:
    mine = await owner(connection)
    taken = await lot(connection, 1, position=1)
    await claim(connection, mine, 1)
    finished = [FinishedLot(taken, 1, b"123456789012")]
    async with transaction_on(connection) as tx:
        await finish_lots(tx, CARRIER, finished, LATER)
    with pytest.raises(LotsTakenOver) as refused:
        async with transaction_on(connection) as tx:
            await record_outcomes(
                tx, mine, finished=finished, progressed=[], accepted=[], now=NOW, due_at=LATER
            )
    assert refused.value.lot_ids == {taken}


async def test_a_queued_lot_is_claimed_like_any_other(connection: Connection) -> None:
    mine = await owner(connection)
    message = LotMessage(IDS.new(int(NOW.timestamp())), "46701740605", 0, 3, (0, 2), 1, 0)
    again = QueuedLot(
        IDS.new(int(NOW.timestamp())),
        account_id=7,
        priority=1,
        state=LotState.READY,
        fair_position=5,
        opens_at=NOW,
        closes_at=NOW + timedelta(hours=1),
        later_opens=(NOW + timedelta(days=1),),
        later_closes=(NOW + timedelta(days=2),),
        contents=LotContents([LotText("iP1", "Hello", 0, False)], [message]),
    )
    await insert_queued_lots(connection, CARRIER, [again])
    (claimed,) = await claim(connection, mine, 10)
    assert (claimed.lot_id, claimed.account_id, claimed.segment_count) == (again.lot_id, 7, 2)
    assert (claimed.later_opens, claimed.later_closes) == (
        [NOW + timedelta(days=1)],
        [NOW + timedelta(days=2)],
    )
    assert claimed.payload is not None
    assert decode_contents(claimed.payload) == again.contents


async def test_the_next_owner_finds_what_the_dead_one_left(connection: Connection) -> None:
    dead = await owner(connection)
    whole = await lot(connection, 2, position=1)
    part = await lot(connection, 9, position=2)
    await claim(connection, dead, 5)
    await connection.execute("UPDATE bind_lease SET leased_until = now() - interval '1 second'")
    mine = await owner(connection)
    assert mine.epoch == dead.epoch + 1
    async with transaction_on(connection) as tx:
        left = await lock_lots_of_dead_owners(tx, mine)
        assert sorted((one.lot_id, one.next_segment) for one in left) == sorted([(whole, 2), (part, 3)])
        await finish_lots(tx, CARRIER, [FinishedLot(whole, 1, b"123456789012")], LATER)
        await free_lots(tx, CARRIER, {part: b"\x07\x00"})
    assert ranges(await claim(connection, mine, 100)) == [(part, 3, 9)]
    assert await connection.fetchval("SELECT message_ids FROM finished_lot") == b"123456789012"
