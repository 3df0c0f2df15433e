"""Batches that pages are shown of: accepted for real, and then as far as a test wants them."""

from datetime import UTC, datetime

from heliograph.domain.history import entry, milliseconds
from heliograph.domain.ids import parse_id
from tests.support.served_portal import ServedPortal


async def send(portal: ServedPortal, recipients: object, **members: object) -> str:
    """Accept a batch; its id."""
    body = {
        "sender": "iP1",
        "recipients": recipients,
        "body": "Hello there",
        "datacoding": "gsm",
        **members,
    }
    answer = await portal.api.post(body)
    assert answer.status == 201, answer.body
    identifier: str = answer.json["id"]
    return identifier


async def messages_of(portal: ServedPortal, batch_id: str) -> list[str]:
    """The ids of a batch's messages, in order."""
    async with portal.database.transaction() as tx:
        rows = await tx.fetch(
            "SELECT message_id FROM message WHERE batch_id = $1 ORDER BY message_id", parse_id(batch_id)
        )
    return [row["message_id"].hex() for row in rows]


async def finish(portal: ServedPortal, batch_id: str, *codes: int, seconds: float = 2) -> None:
    """Let the first messages of a batch end with these codes, each so long after it was submitted."""
    submitted = milliseconds(datetime.now(UTC))
    async with portal.database.transaction() as tx:
        for message_id, code in zip(await messages_of(portal, batch_id), codes, strict=False):
            history = (
                entry(110, submitted)
                + entry(111, submitted + 10)
                + entry(code, submitted + int(seconds * 1000))
            )
            await tx.execute(
                "UPDATE message SET previous_code = code, code = $2, rank = 9, history = $3"
                " WHERE message_id = $1",
                parse_id(message_id),
                code,
                history,
            )


async def receive(portal: ServedPortal, sender: str, body: str) -> str:
    """A message that came in from a number; its batch's id."""
    now = datetime.now(UTC)
    batch_id = portal.context.ids.reserve(2, int(now.timestamp()))
    first, message = batch_id.to_bytes(12, "big"), (batch_id + 1).to_bytes(12, "big")
    async with portal.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO batch (account_id, batch_id, created_at, body, flash, coding, priority, templated,"
            " opens, closes, message_count, segment_count, charged, sender, tags, direction)"
            " VALUES ($1, $2, $3, $4, false, 'gsm', 1, false, '{}', '{}', 1, 1, 0, $5, '{}', 1)",
            portal.started.account_id,
            first,
            now,
            body,
            sender,
        )
        await tx.execute(
            "INSERT INTO message (account_id, message_id, batch_id, price, code, rank, segments, encoding,"
            " recipient) VALUES ($1, $2, $3, 0, 201, 10, 1, 0, '46701740606')",
            portal.started.account_id,
            message,
            first,
        )
    return first.hex()
