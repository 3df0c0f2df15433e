"""Reads messages of one batch of one account."""

import msgspec

from heliograph.storage.database import Transaction, load_query


class StoredMessage(msgspec.Struct, frozen=True):
    """A message as its row says, in the order of the columns of the queries."""

    message_id: bytes
    recipient: str
    body: str | None
    """None where it is the text of the batch."""
    segments: int
    encoding: int
    price: int
    """In millionths of the account's currency; 0 if it was never charged."""
    code: int
    refunded: bool
    history: bytes
    """The entries after those of accept; see domain/history.py."""


async def find_message(
    tx: Transaction, account_id: int, batch_id: bytes, message_id: bytes
) -> StoredMessage | None:
    """A message of the account's batch, hidden or not; None where there is none."""
    row = await tx.fetchrow(load_query("find_message"), account_id, message_id, batch_id)
    return None if row is None else StoredMessage(*row)


async def list_messages(
    tx: Transaction, account_id: int, batch_id: bytes, *, first: bytes, last: bytes
) -> list[StoredMessage]:
    """The messages of a batch with ids from ``first`` to ``last``, in the order of their ids."""
    rows = await tx.fetch(load_query("list_messages"), account_id, first, last, batch_id)
    return [StoredMessage(*row) for row in rows]
