"""Messages from handsets: stored once, for whom they belong to, reported, and STOP obeyed."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import permutations

import pytest

from heliograph.domain.incoming import IncomingSegment
from heliograph.domain.report_events import decode_block
from heliograph.domain.segmentation import Concatenation
from heliograph.services.take_incoming import ReleaseIncomplete
from heliograph.smpp import DeliverSm, Tlv
from heliograph.smpp.constants import EsmClass, Tag
from heliograph.storage.batch_listing import list_batches
from heliograph.storage.batch_reading import find_batch
from heliograph.storage.blacklist import list_blacklist_events
from heliograph.storage.blacklist_reading import find_in_blacklist
from heliograph.storage.database import Connection, Database, Purpose, connect
from heliograph.storage.inbound_numbers import add_keyword, add_number, set_incoming_url
from heliograph.storage.message_reading import list_messages
from tests.support.dispatching import carrier, dispatch_service, running, take_incoming, until
from tests.support.rows import NOW, insert_account
from tests.support.scripted_smsc import scripted_smsc

PHONE, OURS, SHARED = "46700000001", "46701740699", "46555"
URL = "http://127.0.0.1:8099/incoming"


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    """Account 1 has a number of its own; 1 and 2 share another one, which nobody else gets."""
    opened = await connect(database)
    for account_id in (1, 2):
        await insert_account(opened, account_id)
    await add_number(opened, OURS, account_id=1, shared=False, now=NOW)
    await add_number(opened, SHARED, account_id=None, shared=True, now=NOW)
    await add_keyword(opened, SHARED, "acme", 1)
    await add_keyword(opened, SHARED, "åre", 2)
    await set_incoming_url(opened, 1, URL)
    yield opened
    await opened.close()


@pytest.fixture
async def pools(database: str) -> AsyncIterator[Database]:
    async with Database(database) as opened:
        yield opened


def segment(
    text: str, sequence: int = 1, total: int = 1, *, recipient: str = OURS, sender: str = PHONE
) -> IncomingSegment:
    return IncomingSegment(sender, recipient, Concatenation(7, total, sequence), 0, text.encode())


async def take(pools: Database, segments: Sequence[IncomingSegment], *, later: float = 0.0) -> int:
    """Take segments in one transaction; how many messages belong to somebody."""
    incoming, now = take_incoming(), NOW + timedelta(seconds=later)
    async with pools.transaction(Purpose.HOT) as tx:
        arrived = await incoming.join(tx, 1, segments, now)
        return await incoming.store(tx, arrived, now)


async def bodies(connection: Connection, account_id: int = 1) -> list[str]:
    rows = await connection.fetch(
        "SELECT body FROM batch WHERE account_id = $1 AND direction = 1 ORDER BY batch_id", account_id
    )
    return [row["body"] for row in rows]


async def documents(connection: Connection) -> list[dict[str, object]]:
    """What waits to be POSTed."""
    found = []
    for row in await connection.fetch("SELECT * FROM report_block ORDER BY block_id"):
        block = decode_block(row["events"])
        assert [one.url for one in block.destinations] == [URL]
        assert [event.code for event in block.events] == [201]
        assert (row["account_id"], row["origin"]) == (1, "http://127.0.0.1:8099")
        document = block.destinations[0].document
        assert document is not None
        found.append(json.loads(document))
    return found


async def test_a_message_is_a_batch_of_one_with_status_201(connection: Connection, pools: Database) -> None:
    assert await take(pools, [segment("Hello")]) == 1
    async with pools.reader(1) as tx:
        (listed,) = await list_batches(tx, 1, start=0, limit=9, newest_first=True)
        batch = await find_batch(tx, 1, listed.batch_id)
        assert batch is not None
        assert (batch.incoming, batch.sender, batch.body, batch.charged) == (True, PHONE, "Hello", 0)
        assert (batch.opens, batch.message_count, batch.incomplete) == ([], 1, False)
        (message,) = await list_messages(tx, 1, batch.batch_id, first=b"", last=b"\xff" * 12)
        assert (message.recipient, message.code, message.price, message.segments) == (OURS, 201, 0, 1)
    async with pools.reader(2) as tx:
        assert await list_batches(tx, 2, start=0, limit=9, newest_first=True) == []
    (document,) = await documents(connection)
    created = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert document == {
        "id": message.message_id.hex(),
        "batchId": batch.batch_id.hex(),
        "owner": "ip1-00001",
        "sender": PHONE,
        "recipient": OURS,
        "body": "Hello",
        "direction": "mo",
        "segments": 1,
        "type": "SMS",
        "datacoding": "GSM",
        "priority": 1,
        "statuses": [{"created": created, "code": 201, "duration": 1}],
        "modified": created,
        "mcc": None,
        "mnc": None,
    }


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
async def test_segments_come_in_any_order_and_transaction(
    connection: Connection, pools: Database, order: tuple[int, ...]
) -> None:
    for number in (*order, order[0], order[2]):
        await take(pools, [segment(f"{number}", number, 3)])
    assert await bodies(connection) == ["123"]
    assert await connection.fetchval("SELECT segments FROM message") == 3
    assert len(await documents(connection)) == 1


async def test_what_the_carrier_delivers_again_is_no_second_message(
    connection: Connection, pools: Database
) -> None:
    assert await take(pools, [segment("Yes"), segment("Yes")]) == 1
    assert await take(pools, [segment("Yes")], later=299) == 0
    assert await take(pools, [segment("Yes", sender="46700000002")], later=299) == 1
    assert await take(pools, [segment("Yes")], later=301) == 1
    assert await bodies(connection) == ["Yes"] * 3


async def test_two_binds_at_once_make_one_message(connection: Connection, pools: Database) -> None:
    """The second transaction waits for the first, and then sees its segment."""
    incoming = take_incoming()
    async with pools.transaction(Purpose.HOT) as first:
        assert await incoming.join(first, 1, [segment("1", 1, 2)], NOW) == []
        second = asyncio.create_task(take(pools, [segment("2", 2, 2)]))

        async def waits() -> bool:
            return bool(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        await until(waits)
    assert await second == 1
    assert await bodies(connection) == ["12"]


async def test_a_missing_segment_is_released_after_its_time(connection: Connection, pools: Database) -> None:
    await take(pools, [segment("1", 1, 3), segment("3", 3, 3)])
    keeper = ReleaseIncomplete(pools, take_incoming())
    assert await keeper.step(NOW + timedelta(minutes=59)) == 0
    assert await keeper.step(NOW + timedelta(minutes=60)) == 1
    assert await keeper.step(NOW + timedelta(minutes=60)) == 0
    assert await bodies(connection) == ["1…3"]
    async with pools.reader(1) as tx:
        (listed,) = await list_batches(tx, 1, start=0, limit=9, newest_first=True)
        batch = await find_batch(tx, 1, listed.batch_id)
    assert batch is not None
    assert batch.incomplete
    (document,) = await documents(connection)
    assert (document["incomplete"], document["segments"]) == (True, 3)
    # Its segments are remembered for an hour more, and then forgotten.
    assert await keeper.step(NOW + timedelta(hours=2)) == 1
    assert await connection.fetchval("SELECT count(*) FROM reassembly") == 0


@pytest.mark.parametrize(
    ("text", "account_id"), [("ACME hi", 1), ("acme: hi", 1), ("Åre hi", 2), ("hi", None), ("", None)]
)
async def test_keywords_of_a_shared_number(
    connection: Connection, pools: Database, text: str, account_id: int | None
) -> None:
    octets = text.encode("utf-16-be")
    shared = IncomingSegment(PHONE, SHARED, Concatenation(0, 1, 1), 8, octets)
    assert await take(pools, [shared]) == (account_id is not None)
    owners = await connection.fetch("SELECT account_id, body FROM batch")
    assert [tuple(row) for row in owners] == ([] if account_id is None else [(account_id, text)])
    assert len(await documents(connection)) == (account_id == 1)


async def test_a_number_that_is_nobodys_is_counted(connection: Connection, pools: Database) -> None:
    incoming = take_incoming()
    async with pools.transaction(Purpose.HOT) as tx:
        arrived = await incoming.join(tx, 1, [segment("Hi", recipient="46999")], NOW)
        assert await incoming.store(tx, arrived, NOW) == 0
    assert incoming.unclaimed == 1


async def test_stop_and_start(connection: Connection, pools: Database) -> None:
    await take(pools, [segment(" Stop\n")])
    assert await find_in_blacklist(connection, 1, PHONE) is not None
    assert await find_in_blacklist(connection, 2, PHONE) is None
    await take(pools, [segment("start")], later=1)
    assert await find_in_blacklist(connection, 1, PHONE) is None
    events = await list_blacklist_events(connection, 1, PHONE)
    assert [(event.kind, event.source) for event in events] == [("added", "stop"), ("removed", "start")]
    assert await bodies(connection) == [" Stop\n", "start"]
    assert [document["optOut"] for document in await documents(connection)] == ["stop", "start"]
    kept = await connection.fetch("SELECT opt_out FROM batch ORDER BY batch_id")
    assert [row["opt_out"] for row in kept] == ["stop", "start"], "the event feed tells it from here"


async def test_stop_after_a_keyword_and_from_no_number(connection: Connection, pools: Database) -> None:
    await take(pools, [segment("acme avsluta", recipient=SHARED), segment("STOP", sender="Telco")])
    rows = await connection.fetch("SELECT account_id, msisdn FROM blacklist")
    assert [tuple(row) for row in rows] == [(1, PHONE)]


async def test_stop_and_start_in_one_transaction_end_as_they_came(
    connection: Connection, pools: Database
) -> None:
    await take(pools, [segment("STOP"), segment("START"), segment("AVSLUTA")])
    assert await find_in_blacklist(connection, 1, PHONE) is not None


def delivered(octets: bytes, *, has_header: bool = False, tlvs: tuple[Tlv, ...] = ()) -> DeliverSm:
    return DeliverSm(
        source_addr=f"+{PHONE}",
        destination_addr=OURS,
        esm_class=EsmClass.UDHI if has_header else 0,
        short_message=octets,
        tlvs=tlvs,
    )


def sar(sequence: int) -> tuple[Tlv, ...]:
    return (
        (Tag.SAR_MSG_REF_NUM, b"\x00\x07"),
        (Tag.SAR_TOTAL_SEGMENTS, b"\x02"),
        (Tag.SAR_SEGMENT_SEQNUM, bytes((sequence,))),
    )


async def test_over_the_link_everything_is_stored_before_the_answer(
    connection: Connection, pools: Database
) -> None:
    messages = [
        delivered(b"sar 2", tlvs=sar(2)),
        delivered(b"\x06\x08\x04\x01\x07\x02\x02udh 2", has_header=True),
        delivered(b"sar 1 ", tlvs=sar(1)),
        delivered(b"", tlvs=((Tag.MESSAGE_PAYLOAD, b"payload"),)),
        delivered(b"\x06\x08\x04\x01\x07\x02\x01udh 1 ", has_header=True),
    ]
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port)])):

        async def bound() -> bool:
            return bool(smsc.links) and smsc.link.session.state.name == "BOUND_TRX"

        await until(bound)
        for number, message in enumerate(messages):
            smsc.link.send(message, number)
        await smsc.until(lambda: len(smsc.link.acknowledged) == len(messages))
        assert sorted(smsc.link.acknowledged) == [(number, 0) for number in range(len(messages))]
    assert sorted(await bodies(connection)) == ["payload", "sar 1 sar 2", "udh 1 udh 2"]
    assert await connection.fetchval("SELECT sum(pdu_count) FROM receipt_block") == len(messages)


async def test_without_a_commit_there_is_no_answer(connection: Connection, pools: Database) -> None:
    await connection.execute("ALTER TABLE receipt_block RENAME TO elsewhere")
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port)])):

        async def bound() -> bool:
            return bool(smsc.links) and smsc.link.session.state.name == "BOUND_TRX"

        await until(bound)
        first = smsc.link
        first.send(delivered(b"Hi"), "hi")
        await smsc.until(lambda: first.is_closed)
        assert first.acknowledged == []
        await connection.execute("ALTER TABLE elsewhere RENAME TO receipt_block")
        await smsc.until(lambda: len(smsc.links) == 2 and smsc.link.session.state.name == "BOUND_TRX")
        smsc.link.send(delivered(b"Hi"), "hi")
        await smsc.until(lambda: bool(smsc.link.acknowledged))
    assert await bodies(connection) == ["Hi"]
