"""What the database must hold after a run: a figure for messages that are not all there is no figure."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from bench.bench_server import PRICE
from heliograph.storage.database import Connection

FUNDED: Final = 103
AT_GATEWAY: Final = 111
DELIVERED: Final = 201

_LAST_MESSAGE = "SELECT max(message_id) FROM message WHERE account_id = $1"
_CODES = """
SELECT code, count(*) AS messages FROM message WHERE account_id = $1 AND message_id > $2 GROUP BY code
"""
_RECIPIENTS = """
SELECT count(DISTINCT recipient) FROM message WHERE account_id = $1 AND message_id > $2
"""
_BATCHES = """
SELECT coalesce(sum(message_count), 0)::bigint AS messages, coalesce(sum(charged), 0)::bigint AS charged
FROM batch WHERE account_id = $1 AND batch_id > $2
"""
_MONEY = """
SELECT amount - (SELECT sum(amount) FROM ledger WHERE account_id = $1) FROM balance WHERE account_id = $1
"""
_QUEUED = "SELECT coalesce(sum(segment_count - next_segment), 0)::bigint FROM lot"
_UNANSWERED = "SELECT count(*) FROM lot"
_UNREPORTED = "SELECT (SELECT count(*) FROM report_block) + (SELECT count(*) FROM report_retry)"


class CheckFailed(Exception):
    """The database does not hold what was measured; every fault in one line."""


class Expected(NamedTuple):
    """What a run must leave behind."""

    messages: int
    code: int
    queued: int
    """Segments that wait to be submitted; 0 also means that no lot is left."""


async def last_message(connection: Connection, account_id: int) -> bytes:
    """The newest message: those of a run are the ones after it."""
    newest: bytes = await connection.fetchval(_LAST_MESSAGE, account_id)
    return newest


async def is_all_answered(connection: Connection) -> bool:
    """Whether the outcome of every segment is in the database."""
    left: int = await connection.fetchval(_UNANSWERED)
    return left == 0


async def is_all_reported(connection: Connection) -> bool:
    """Whether every report is recorded as delivered."""
    left: int = await connection.fetchval(_UNREPORTED)
    return left == 0


async def check_run(connection: Connection, account_id: int, after: bytes, expected: Expected) -> None:
    """Compare what the messages after ``after`` became with what they must. Raises CheckFailed."""
    codes = {row["code"]: row["messages"] for row in await connection.fetch(_CODES, account_id, after)}
    recipients = await connection.fetchval(_RECIPIENTS, account_id, after)
    batches = await connection.fetchrow(_BATCHES, account_id, after)
    assert batches is not None
    found = {
        "messages by code": (codes, {expected.code: expected.messages}),
        "recipients": (recipients, expected.messages),
        "messages of batches": (batches["messages"], expected.messages),
        "charged": (batches["charged"], expected.messages * PRICE),
        "balance less ledger": (await connection.fetchval(_MONEY, account_id), 0),
        "segments queued": (await connection.fetchval(_QUEUED), expected.queued),
    }
    if not expected.queued:
        found["lots left"] = (await connection.fetchval(_UNANSWERED), 0)
    raise_differences(found)


def raise_differences(found: Mapping[str, tuple[object, object]]) -> None:
    """Compare what was found, by name, with what was expected. Raises CheckFailed."""
    faults = [f"{name}: {is_} instead of {must}" for name, (is_, must) in found.items() if is_ != must]
    if faults:
        raise CheckFailed("; ".join(faults))


async def empty_queue(connection: Connection) -> None:
    """Take away what was accepted and is not to be sent."""
    await connection.execute("DELETE FROM lot")
    await connection.execute("VACUUM lot")
