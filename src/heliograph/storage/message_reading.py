"""Reads messages of one batch of one account."""

from collections.abc import Sequence

import msgspec

from heliograph.storage.database import Transaction, load_query


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages of a batch are asked for; None chooses every message."""

    codes: Sequence[int] | None = None
    recipient: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every message is chosen."""
        return self.codes is None and self.recipient is None


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


async def list_chosen_messages(
    tx: Transaction,
    account_id: int,
    batch_id: bytes,
    wanted: MessageFilter,
    *,
    first: bytes,
    last: bytes,
    start: int,
    limit: int,
    newest_first: bool,
) -> list[StoredMessage]:
    """The messages of a batch that a filter chooses, with ids from ``first`` to ``last``, in order."""
    query = "list_chosen_messages_newest_first" if newest_first else "list_chosen_messages_oldest_first"
    rows = await tx.fetch(
        load_query(query), account_id, first, last, batch_id, wanted.codes, wanted.recipient, start, limit
    )
    return [StoredMessage(*row) for row in rows]


async def count_chosen_messages(
    tx: Transaction, account_id: int, batch_id: bytes, wanted: MessageFilter, *, first: bytes, last: bytes
) -> int:
    """How many messages of a batch a filter chooses."""
    count: int = await tx.fetchval(
        load_query("count_chosen_messages"),
        account_id,
        first,
        last,
        batch_id,
        wanted.codes,
        wanted.recipient,
    )
    return count
