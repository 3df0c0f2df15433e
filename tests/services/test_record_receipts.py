"""Receipts: stored before they are answered, matched whenever they come, never guessed."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from heliograph.domain.carrier_profile import ReceiptIds
from heliograph.services.record_receipts.unmatched_retry import next_try
from heliograph.smpp import DeliverSm, FrameBuffer, SubmitSm, decode
from heliograph.storage.database import Connection, Database, connect
from tests.support.dispatching import (
    PROFILE,
    RECEIPTS,
    all_codes,
    carrier,
    codes,
    dispatch_service,
    now,
    numbers,
    queue,
    running,
    until,
)
from tests.support.rows import insert_account
from tests.support.scripted_smsc import ScriptedLink, ScriptedSmsc, scripted_smsc

ONE = "46700000001"


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_account(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def pools(database: str) -> AsyncIterator[Database]:
    async with Database(database) as opened:
        yield opened


async def until_code(connection: Connection, message: bytes, expected: int) -> None:
    async def reached() -> bool:
        return await all_codes(connection, [message]) == {expected}

    await until(reached)


async def until_count(connection: Connection, table: str, expected: int) -> None:
    async def reached() -> bool:
        return bool(await connection.fetchval(f"SELECT count(*) FROM {table}") == expected)

    await until(reached)


async def stored(connection: Connection) -> list[DeliverSm]:
    """Every PDU in the receipt blocks."""
    frames = FrameBuffer()
    found = []
    for row in await connection.fetch("SELECT pdus, pdu_count FROM receipt_block ORDER BY block_id"):
        block = frames.feed(row["pdus"])
        assert len(block) == row["pdu_count"]
        found += [pdu for frame in block if isinstance(pdu := decode(frame[3]), DeliverSm)]
    return found


async def accepted(smsc: ScriptedSmsc, connection: Connection, *, body: str = "Hello") -> bytes:
    """One message that the carrier accepted under the id m46700000001."""
    smsc.accept_everything()
    (message,) = await queue(connection, [ONE], body=body)
    await until_code(connection, message, 111)
    return message


@pytest.mark.parametrize(
    ("stat", "error", "code"),
    [
        ("DELIVRD", "000", 201),
        ("ACCEPTD", "000", 112),
        ("ENROUTE", "000", 112),
        ("EXPIRED", "000", 202),
        ("DELETED", "000", 500),
        ("UNDELIV", "000", 501),
        ("UNDELIV", "027", 511),
        ("UNDELIV", "001", 512),
        ("REJECTD", "000", 406),
        ("UNKNOWN", "000", 599),
        ("GARBLED", "000", 112),
    ],
)
async def test_a_receipt_is_stored_matched_and_answered(
    connection: Connection, pools: Database, stat: str, error: str, code: int
) -> None:
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port)])):
        message = await accepted(smsc, connection)
        smsc.link.deliver_receipt(f"m{ONE}", ONE, stat, error)
        await smsc.until(lambda: bool(smsc.link.acknowledged))
        assert smsc.link.acknowledged == [((f"m{ONE}", stat), 0)]
        assert await all_codes(connection, [message]) == {code}
        (raw,) = await stored(connection)
        assert f"stat:{stat}".encode() in raw.short_message
        assert await connection.fetchval("SELECT count(*) FROM unmatched_receipt") == 0


@pytest.mark.parametrize(
    ("stats", "history"),
    [
        (["DELIVRD", "DELIVRD"], [110, 111, 201]),
        (["DELIVRD", "ENROUTE", "UNDELIV"], [110, 111, 201]),
        (["ENROUTE", "DELIVRD"], [110, 111, 112, 201]),
        (["UNDELIV", "DELIVRD"], [110, 111, 501, 201]),
        (["EXPIRED", "UNKNOWN"], [110, 111, 202]),
    ],
)
async def test_order_and_repetition_do_not_matter(
    connection: Connection, pools: Database, stats: list[str], history: list[int]
) -> None:
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port)])):
        message = await accepted(smsc, connection)
        for stat in stats:
            smsc.link.deliver_receipt(f"m{ONE}", ONE, stat)
        await smsc.until(lambda: len(smsc.link.acknowledged) == len(stats))
        assert await codes(connection, message) == history


async def test_a_receipt_may_come_before_its_answer(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port)])):
        (message,) = await queue(connection, [ONE])
        await smsc.until(lambda: len(smsc.submits) == 1)
        smsc.link.deliver_receipt(f"m{ONE}", ONE)
        await smsc.until(lambda: bool(smsc.link.acknowledged))
        await until_count(connection, "unmatched_receipt", 1)
        await connection.execute("UPDATE unmatched_receipt SET next_try_at = next_try_at + interval '1 day'")
        smsc.link.answer_all()
        await until_code(connection, message, 201)
        await until_count(connection, "unmatched_receipt", 0)
        assert await codes(connection, message) == [110, 111, 201]


async def test_a_receipt_in_the_same_read_as_its_answer_waits_for_the_commit(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:

        def answer(link: ScriptedLink, submit: SubmitSm) -> None:
            link.answer(submit, f"m{submit.destination_addr}")
            link.deliver_receipt(f"m{submit.destination_addr}", submit.destination_addr)

        smsc.on_submit = answer
        messages = await queue(connection, numbers(30))
        async with running(dispatch_service(pools, [carrier(smsc.port)])):

            async def delivered() -> bool:
                return await all_codes(connection, messages) == {201}

            await until(delivered)
        assert len(smsc.link.acknowledged) == 30
    assert await codes(connection, messages[0]) == [110, 111, 201]
    assert await connection.fetchval("SELECT count(*) FROM unmatched_receipt") == 0


@pytest.mark.parametrize(
    ("receipt_ids", "answered", "told"),
    [
        (ReceiptIds.EXACT, "7A1B-C", "7a1b-c"),
        (ReceiptIds.RESP_HEX_DLR_DEC, "7A1B", "31259"),
        (ReceiptIds.RESP_DEC_DLR_HEX, "31259", "7A1B"),
        (ReceiptIds.STRIP_LEADING_ZEROS, "0031259", "31259"),
        (ReceiptIds.EXACT, "6f1c9d1e-8a58-4e0b-9a53-0d5a1a7f5e11", "6F1C9D1E-8A58-4E0B-9A53-0D5A1A7F5E11"),
    ],
)
async def test_ids_are_compared_as_the_profile_says(
    connection: Connection, pools: Database, receipt_ids: ReceiptIds, answered: str, told: str
) -> None:
    profile = msgspec.structs.replace(PROFILE, receipt_ids=receipt_ids)
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port, profile)])):
        smsc.on_submit = lambda link, submit: link.answer(submit, answered)
        (message,) = await queue(connection, [ONE])
        await until_code(connection, message, 111)
        smsc.link.deliver_receipt(told, ONE)
        await until_code(connection, message, 201)


async def test_an_id_that_names_another_recipient_is_no_match(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port)])):
        message = await accepted(smsc, connection)
        smsc.link.deliver_receipt(f"m{ONE}", "46799999999")
        await smsc.until(lambda: bool(smsc.link.acknowledged))
        assert await all_codes(connection, [message]) == {111}
        assert await connection.fetchval("SELECT smsc_id FROM unmatched_receipt") == f"m{ONE}"


@pytest.mark.parametrize("days", [0, 1, 6])
async def test_a_receipt_finds_what_an_earlier_process_sent(
    connection: Connection, pools: Database, days: int
) -> None:
    async with scripted_smsc() as smsc:
        async with running(dispatch_service(pools, [carrier(smsc.port)], holder="earlier")):
            message = await accepted(smsc, connection)
        day = (now() - timedelta(days=days)).date()
        if days > 1:
            await connection.execute(
                f"CREATE TABLE segment_old PARTITION OF segment FOR VALUES FROM ('{day}')"
                f" TO ('{day + timedelta(days=1)}')"
            )
        await connection.execute("UPDATE segment SET day = $1", day)
        async with running(dispatch_service(pools, [carrier(smsc.port)], holder="later")):
            await smsc.until(lambda: len(smsc.links) == 2)
            await smsc.until(lambda: smsc.link.session.state.name == "BOUND_TRX")
            smsc.link.deliver_receipt(f"m{ONE}", ONE)
            await until_code(connection, message, 201)


async def test_a_long_message_is_delivered_when_all_its_segments_are(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port)])):
        smsc.on_submit = lambda link, submit: link.answer(submit, f"m{submit.short_message[5]}")
        (message,) = await queue(connection, [ONE], body="x" * 400)
        await until_code(connection, message, 111)
        for number in (3, 1):
            smsc.link.deliver_receipt(f"m{number}", ONE)
        await smsc.until(lambda: len(smsc.link.acknowledged) == 2)
        assert await all_codes(connection, [message]) == {111}
        smsc.link.deliver_receipt("m2", ONE)
        await until_code(connection, message, 201)


IMPATIENT = msgspec.structs.replace(PROFILE, response_seconds=0.2, enquire_answer_seconds=5)


async def doubtful(smsc: ScriptedSmsc, connection: Connection, recipients: Sequence[str]) -> list[bytes]:
    """Messages that the carrier got and never answered."""
    messages = await queue(connection, recipients)
    await until_count(connection, "in_doubt", len(recipients))
    return messages


async def test_an_orphan_that_fits_one_segment_in_doubt_resolves_it(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
        message, other = await doubtful(smsc, connection, [ONE, "46700000002"])
        smsc.link.deliver_receipt("unknown-1", ONE, "ENROUTE")
        await until_code(connection, message, 112)
        await until_count(connection, "in_doubt", 1)
        # Its id is known now, so that the next receipt with it needs no guess.
        smsc.link.deliver_receipt("unknown-1", ONE, "DELIVRD")
        await until_code(connection, message, 201)
        assert await all_codes(connection, [other]) == {110}
        await until_count(connection, "unmatched_receipt", 0)


async def test_nobody_guesses_between_two_segments_in_doubt(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
        messages = await doubtful(smsc, connection, [ONE])
        messages += await queue(connection, [ONE])
        await until_count(connection, "in_doubt", 2)
        smsc.link.deliver_receipt("unknown-1", ONE)
        await smsc.until(lambda: bool(smsc.link.acknowledged))

        async def was_tried() -> bool:
            return bool(await connection.fetchval("SELECT max(tries) FROM unmatched_receipt") == 1)

        await until(was_tried)
        assert await all_codes(connection, messages) == {110}


async def test_a_receipt_older_than_the_submit_resolves_nothing(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
        (message,) = await doubtful(smsc, connection, [ONE])
        await connection.execute("UPDATE in_doubt SET submitted_at = now() + interval '1 hour'")
        smsc.link.deliver_receipt("unknown-1", ONE)

        async def was_tried() -> bool:
            return bool(await connection.fetchval("SELECT max(tries) FROM unmatched_receipt") == 1)

        await until(was_tried)
        assert await all_codes(connection, [message]) == {110}


async def test_messages_from_handsets_are_stored_and_answered(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        service = dispatch_service(pools, [carrier(smsc.port)])
        async with running(service):
            await accepted(smsc, connection)
            incoming = DeliverSm(source_addr=ONE, destination_addr="46701740600", short_message=b"Hi")
            smsc.link.send(incoming, "incoming")
            await smsc.until(lambda: bool(smsc.link.acknowledged))
        assert smsc.link.acknowledged == [("incoming", 0)]
    (kept,) = await stored(connection)
    assert kept.short_message == b"Hi"


async def test_what_cannot_be_read_is_stored_and_answered(connection: Connection, pools: Database) -> None:
    """Refused, the carrier would send it again for ever."""
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port)])):
        await accepted(smsc, connection)
        number = smsc.link.session.window.last_sequence_number + 1
        broken = DeliverSm(source_addr=ONE, short_message=b"x" * 20)
        raw = bytearray(smsc.link.session.send(broken, 0.0, "broken"))
        raw[-21] = 200  # sm_length runs over the end
        smsc.link.write(bytes(raw))
        await smsc.until(lambda: bool(smsc.link.acknowledged))
        assert smsc.link.acknowledged == [("broken", 0)]
        assert number == int.from_bytes(raw[12:16], "big")
        assert await connection.fetchval("SELECT pdus FROM receipt_block") == bytes(raw)


async def test_ids_that_no_database_takes_are_stored_all_the_same(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port)])):
        message = await accepted(smsc, connection)
        smsc.link.deliver_receipt("a\0b", "467")
        smsc.link.deliver_receipt("x" * 130, ONE)
        smsc.link.deliver_receipt(f"m{ONE}", ONE)
        await smsc.until(lambda: len(smsc.link.acknowledged) == 3)
        assert await all_codes(connection, [message]) == {201}
        assert len(await stored(connection)) == 3


async def test_without_a_commit_there_is_no_answer_and_the_link_is_closed(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port)])):
        message = await accepted(smsc, connection)
        await connection.execute("ALTER TABLE receipt_block RENAME TO elsewhere")
        first = smsc.link
        first.deliver_receipt(f"m{ONE}", ONE)
        await smsc.until(lambda: first.is_closed)
        assert first.acknowledged == []
        await connection.execute("ALTER TABLE elsewhere RENAME TO receipt_block")
        await smsc.until(lambda: len(smsc.links) == 2 and smsc.link.session.state.name == "BOUND_TRX")
        smsc.link.deliver_receipt(f"m{ONE}", ONE)
        await smsc.until(lambda: bool(smsc.link.acknowledged))
        assert await all_codes(connection, [message]) == {201}


async def test_a_carrier_that_prefers_it_hears_a_temporary_error(
    connection: Connection, pools: Database
) -> None:
    profile = msgspec.structs.replace(PROFILE, deliver_failure=0x64)
    async with scripted_smsc() as smsc, running(dispatch_service(pools, [carrier(smsc.port, profile)])):
        await accepted(smsc, connection)
        await connection.execute("ALTER TABLE receipt_block RENAME TO elsewhere")
        smsc.link.deliver_receipt(f"m{ONE}", ONE)
        await smsc.until(lambda: bool(smsc.link.acknowledged))
        assert smsc.link.acknowledged == [((f"m{ONE}", "DELIVRD"), 0x64)]
        await connection.execute("ALTER TABLE elsewhere RENAME TO receipt_block")


async def test_a_stop_answers_what_came_before_it(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        patient = msgspec.structs.replace(RECEIPTS, collect=0.3, quiet=0.3)
        service = dispatch_service(pools, [carrier(smsc.port)], receipt_settings=patient)
        async with running(service):
            await accepted(smsc, connection)
            smsc.link.deliver_receipt(f"m{ONE}", ONE)

            async def has_come() -> bool:
                # On a slow machine it may be answered before anybody looks.
                return "1 waiting" in repr(service.carriers[1].recorder) or bool(smsc.link.acknowledged)

            await until(has_come)
        assert smsc.link.acknowledged == [((f"m{ONE}", "DELIVRD"), 0)]


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(seconds=10), timedelta(minutes=1)),
        (timedelta(minutes=14), timedelta(minutes=1)),
        (timedelta(minutes=15), timedelta(hours=1)),
        (timedelta(days=6, hours=23), timedelta(hours=1)),
    ],
)
def test_unmatched_receipts_are_looked_at_less_and_less(age: timedelta, pause: timedelta) -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    assert next_try(moment - age, moment) == moment + pause


def test_after_seven_days_nobody_looks_any_more() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    assert next_try(moment - timedelta(days=7), moment).year == 9999
