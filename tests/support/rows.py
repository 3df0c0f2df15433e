"""Rows that many tests start from, inserted as accept would."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from heliograph.domain.ids import IdSource, MessageIds, id_bytes
from heliograph.domain.lot import LotContents, LotMessage, LotText, encode_contents
from heliograph.storage.database import Connection

NOW = datetime.now(UTC).replace(microsecond=0)
NOW_MS = int(NOW.timestamp() * 1000)
IDS = IdSource(b"tests")


async def insert_account(
    connection: Connection,
    account_id: int = 1,
    *,
    balance: int = 1_000_000_000,
    report_codes: str = "all",
) -> int:
    """An account with its price list and its balance."""
    await connection.execute(
        "INSERT INTO price_list VALUES (1, 'standard', 'SEK') ON CONFLICT DO NOTHING;"
        "INSERT INTO price VALUES (1, '', 350000) ON CONFLICT DO NOTHING;"
    )
    await connection.execute(
        "INSERT INTO account (account_id, number, name, currency, price_list_id, report_codes)"
        " VALUES ($1, $2, 'Test', 'SEK', 1, $3)",
        account_id,
        f"ip1-{account_id:05}",
        report_codes,
    )
    await connection.execute("INSERT INTO balance VALUES ($1, $2)", account_id, balance)
    await connection.execute(
        "INSERT INTO ledger VALUES ($1, $2, 1, $3, NULL, $4)",
        account_id,
        IDS.new(int(NOW.timestamp())),
        balance,
        NOW,
    )
    return account_id


async def insert_batch(
    connection: Connection,
    account_id: int = 1,
    *,
    recipients: list[str] | None = None,
    segments: int = 1,
    price: int = 350_000,
    url: str | None = None,
    message_count: int | None = None,
    code: int = 103,
    sender: str = "iP1",
    reference: str | None = None,
    tags: Sequence[str] = (),
    incoming: bool = False,
    created_at: datetime = NOW,
    ids: IdSource = IDS,
) -> tuple[bytes, list[bytes]]:
    """A funded batch whose messages wait to be sent; its id and its messages' ids."""
    numbers = recipients if recipients is not None else ["46701740605"]
    batch_id = id_bytes(ids.reserve(len(numbers) + 1, int(created_at.timestamp())))
    messages = MessageIds(batch_id, len(numbers))[:]
    total = price * len(numbers)
    await connection.execute(
        "INSERT INTO batch (account_id, batch_id, created_at, body, flash, coding, priority,"
        " templated, opens, closes, delivery_report_url, report_bucket, message_count,"
        " segment_count, charged, sender, reference, tags, direction) VALUES ($1, $2, $3, 'Hello', false,"
        " 'gsm', 1, false, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        account_id,
        batch_id,
        created_at,
        [] if incoming else [created_at],
        [] if incoming else [created_at + timedelta(hours=72)],
        url,
        7 if url else None,
        message_count or len(numbers),
        segments * len(numbers),
        total,
        sender,
        reference,
        list(tags),
        int(incoming),
    )
    await connection.executemany(
        "INSERT INTO batch_tag VALUES ($1, $2, $3)", [(account_id, tag, batch_id) for tag in tags]
    )
    await connection.executemany(
        "INSERT INTO message (account_id, message_id, batch_id, price, code, rank, segments, encoding,"
        " recipient) VALUES ($1, $2, $3, $4, $5, 0, $6, 0, $7)",
        [
            (account_id, message_id, batch_id, price, code, segments, recipient)
            for message_id, recipient in zip(messages, numbers, strict=True)
        ],
    )
    await connection.execute(
        "UPDATE balance SET amount = amount - $2 WHERE account_id = $1", account_id, total
    )
    await connection.execute(
        "INSERT INTO ledger VALUES ($1, $2, 2, $3, NULL, $4)",
        account_id,
        IDS.new(int(NOW.timestamp())),
        -total,
        NOW,
    )
    return batch_id, messages


async def ledger_minus_balance(connection: Connection, account_id: int = 1) -> int:
    """What the proof of money must show as zero."""
    return int(
        await connection.fetchval(
            "SELECT (SELECT coalesce(sum(amount), 0) FROM ledger WHERE account_id = $1)"
            " - (SELECT amount FROM balance WHERE account_id = $1)",
            account_id,
        )
    )


async def insert_lot(
    connection: Connection,
    messages: list[bytes],
    *,
    account_id: int = 1,
    carrier_id: int = 1,
    priority: int = 1,
    state: int = 1,
    segments: int = 1,
    opens_at: datetime = NOW,
    closes_at: datetime = NOW + timedelta(hours=72),
    later: list[tuple[datetime, datetime]] | None = None,
    position: int = 0,
    recipient: str = "46701740605",
) -> bytes:
    """A lot of messages that share one text."""
    lot_id = IDS.new(int(NOW.timestamp()))
    contents = LotContents(
        [LotText("iP1", "Hello", 0, False)],
        [LotMessage(message_id, recipient, 0, segments) for message_id in messages],
    )
    await connection.execute(
        "INSERT INTO lot (carrier_id, lot_id, account_id, priority, state, fair_position, opens_at,"
        " closes_at, later_opens, later_closes, segment_count, first_id, last_id, payload)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        carrier_id,
        lot_id,
        account_id,
        priority,
        state,
        position,
        opens_at,
        closes_at,
        [opens for opens, _ in later or []],
        [closes for _, closes in later or []],
        segments * len(messages),
        min(messages),
        max(messages),
        encode_contents(contents),
    )
    return lot_id
