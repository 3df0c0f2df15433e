"""A past for the database: messages that were sent and delivered before the bench began.

Set-based, but row for row what the product leaves behind: batches, messages with their history, summaries,
segments, finished lots, and a ledger that still equals the balance.
"""

from datetime import datetime, timedelta
from typing import Final

from heliograph.storage.database import connect, transaction_on
from heliograph.storage.partitions import make_partitions

BATCH_SIZE: Final = 1_000
LOT_SIZE: Final = 500

_ID = "int4send({seconds}) || '\\xbe0c0be0c0'::bytea || substring(int4send({counter}) FROM 2)"
_ENTRY = "int2send({code}::smallint) || substring(int8send({ms}) FROM 3)"

_BATCH_AT = "($2::integer + b * $7::integer)"
_MESSAGE_AT = "($2::integer + b * $6::integer)"
"""When a batch was made; the last parameter is how many seconds lie between two."""

_BATCHES = f"""
INSERT INTO batch (account_id, batch_id, created_at, sender, body, flash, coding, priority, templated, opens,
                   closes, tags, message_count, segment_count, charged)
SELECT $1, {_ID.format(seconds=_BATCH_AT, counter="0")}, to_timestamp({_BATCH_AT}), 'iP1', $3,
       false, 'gsm', 1, false, ARRAY[to_timestamp({_BATCH_AT})],
       ARRAY[to_timestamp({_BATCH_AT}) + interval '3 days'], '{{}}', $5::integer, $5::integer,
       $5::integer * $6::bigint
FROM generate_series(0, $4::integer - 1) AS b
"""
_MESSAGES = f"""
INSERT INTO message (account_id, message_id, batch_id, price, code, previous_code, rank, segments, encoding,
                     recipient, history)
SELECT $1, {_ID.format(seconds=_MESSAGE_AT, counter="n")},
       {_ID.format(seconds=_MESSAGE_AT, counter="0")}, $5, 201, 111, 9, 1, 0,
       (46730000000 + b::bigint * $4::integer + n)::text,
       {_ENTRY.format(code="110", ms=f"({_MESSAGE_AT}::bigint * 1000 + 20)")}
       || {_ENTRY.format(code="111", ms=f"({_MESSAGE_AT}::bigint * 1000 + 30)")}
       || {_ENTRY.format(code="201", ms=f"({_MESSAGE_AT}::bigint * 1000 + 90)")}
FROM generate_series(0, $3::integer - 1) AS b, generate_series(1, $4::integer) AS n
"""
_SEGMENTS = """
INSERT INTO segment (carrier_id, smsc_hash, day, segment, segments, recipient_tail, account_id, message_id,
                     smsc_id)
SELECT $1, hashtextextended(encode(message_id, 'hex'), 0), $3, 0, 1, right(recipient, 8)::integer, account_id,
       message_id, right(encode(message_id, 'hex'), 13)
FROM message
WHERE account_id = $2
"""
_FINISHED = f"""
INSERT INTO finished_lot (carrier_id, lot_id, account_id, due_at, message_ids)
SELECT $1, {_ID.format(seconds="lot", counter="16777215")}, $2, $3, ids
FROM (
    SELECT row_number() OVER ()::integer AS lot, string_agg(message_id, ''::bytea ORDER BY message_id) AS ids
    FROM (SELECT message_id, row_number() OVER (ORDER BY message_id) AS place
          FROM message WHERE account_id = $2) AS ordered
    GROUP BY (place - 1) / $4
) AS lots
"""
_SUMMARIES = """
INSERT INTO summary (account_id, batch_id, code, messages, segments)
SELECT account_id, batch_id, 201, message_count, segment_count FROM batch WHERE account_id = $1
"""
_LEDGER = """
INSERT INTO ledger (account_id, entry_id, kind, amount, created_at)
SELECT account_id, batch_id, 2, -charged, created_at FROM batch WHERE account_id = $1
"""
_BALANCE = """
UPDATE balance SET amount = (SELECT sum(amount) FROM ledger WHERE account_id = $1) WHERE account_id = $1
"""


async def preload(
    dsn: str,
    *,
    account_id: int,
    carrier_id: int,
    messages: int,
    price: int,
    text: str,
    now: datetime,
    batch_size: int = BATCH_SIZE,
    seconds_apart: int = 1,
) -> None:
    """Put delivered messages into a database whose account has none yet, and let it settle.

    ``messages`` is rounded down to whole batches. ``price`` of each, in micro-units. A batch is made
    ``seconds_apart`` after the one before it, the last one a minute ago.
    """
    batches = messages // batch_size
    began = now - timedelta(seconds=batches * seconds_apart + 60)
    first = int(began.timestamp())
    connection = await connect(dsn)
    try:
        async with transaction_on(connection) as tx:
            await make_partitions(tx, began)
            await tx.execute(_BATCHES, account_id, first, text, batches, batch_size, price, seconds_apart)
            await tx.execute(_MESSAGES, account_id, first, batches, batch_size, price, seconds_apart)
            await tx.execute(_SEGMENTS, carrier_id, account_id, now.date())
            await tx.execute(_FINISHED, carrier_id, account_id, now + timedelta(hours=72), LOT_SIZE)
            await tx.execute(_SUMMARIES, account_id)
            await tx.execute(_LEDGER, account_id)
            await tx.execute(_BALANCE, account_id)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
