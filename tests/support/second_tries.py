"""What tests of second tries start from: a segment whose answer is lost, and the time that passes then."""

from datetime import timedelta

import msgspec

from heliograph.domain.flight import RESOLVE_TIME
from heliograph.services.release_lots import ReleaseLots
from heliograph.services.resend_doubtful import ResendDoubtful
from heliograph.storage.database import Connection, Database
from tests.support.dispatching import PROFILE, all_codes, now, until
from tests.support.rows import IDS, insert_account
from tests.support.scripted_smsc import ScriptedSmsc

IMPATIENT = msgspec.structs.replace(PROFILE, response_seconds=0.3, enquire_answer_seconds=5)
ANNA, BERTIL = "46700000001", "46700000002"
LONG = "Hej " * 60


async def insert_wanting_account(connection: Connection) -> None:
    """A carrier and an account that wants second tries."""
    await connection.execute(
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES (1, 'carrier', '127.0.0.1', 2775, 'esme', '')"
    )
    await insert_account(connection)
    await connection.execute("UPDATE account SET in_doubt_policy = 'resend_once'")


async def doubts(connection: Connection) -> list[tuple[str, bool, bool]]:
    """Recipient, whether it was sent once more, whether that was accepted."""
    rows = await connection.fetch(
        "SELECT recipient, resent_at, accepted_at FROM in_doubt ORDER BY 1, segment"
    )
    return [(row["recipient"], row["resent_at"] is not None, row["accepted_at"] is not None) for row in rows]


async def until_doubts(connection: Connection, *expected: tuple[str, bool, bool]) -> None:
    async def reached() -> bool:
        return await doubts(connection) == list(expected)

    await until(reached)


async def until_code(connection: Connection, message: bytes, code: int) -> None:
    async def reached() -> bool:
        return await all_codes(connection, [message]) == {code}

    await until(reached)


async def fifteen_minutes_pass(connection: Connection) -> None:
    """As the rows see it; and the link was seen bound just now."""
    await connection.execute(
        "UPDATE in_doubt SET resend_at = resend_at - $1::interval", RESOLVE_TIME + timedelta(seconds=1)
    )
    await connection.execute(
        "UPDATE bind_lease SET bound_at = now(), bound_since = now() - interval '16 minutes'"
    )


async def resend(pools: Database) -> int:
    """What the keeper does in one look; how many segments it queued."""
    sent = await ResendDoubtful(pools, IDS).step(now())
    await ReleaseLots(pools, IDS, receipt_wait=timedelta(hours=72), on_released=lambda: None).step(now())
    return sent


async def sent_twice(connection: Connection, pools: Database, smsc: ScriptedSmsc) -> None:
    """The first try's answer is lost, and the second try reaches the carrier."""
    await until_doubts(connection, (ANNA, False, False))
    await fifteen_minutes_pass(connection)
    assert await resend(pools) == 1
    await smsc.until(lambda: len(smsc.submits) == 2)
