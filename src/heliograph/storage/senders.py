"""The senders of one account as the API shows and changes them, in alphabetical order."""

from datetime import datetime

from heliograph.storage.accounts import StoredSender, add_sender
from heliograph.storage.database import Transaction, load_query


async def find_sender(tx: Transaction, account_id: int, sender: str) -> StoredSender | None:
    """A registered sender, letter by letter; None if it is not registered."""
    row = await tx.fetchrow(load_query("find_sender"), account_id, sender)
    return None if row is None else StoredSender(*row)


async def page_of_senders(
    tx: Transaction, account_id: int, *, start: int, limit: int, backwards: bool
) -> list[StoredSender]:
    """A page of the account's senders by name, whatever the letter case."""
    query = "list_senders_backwards" if backwards else "list_senders_forwards"
    return [StoredSender(*row) for row in await tx.fetch(load_query(query), account_id, start, limit)]


async def count_senders(tx: Transaction, account_id: int) -> int:
    """How many senders ``page_of_senders`` has in all."""
    count: int = await tx.fetchval(load_query("count_senders"), account_id)
    return count


async def keep_sender(
    tx: Transaction, account_id: int, sender: str, *, now: datetime
) -> tuple[StoredSender, bool]:
    """Register a sender unless it is registered; the sender as it is then, and whether it is new."""
    while True:
        if await add_sender(tx, account_id, sender, now=now):
            return StoredSender(sender, now), True
        if found := await find_sender(tx, account_id, sender):
            return found, False
        # Somebody removed it between the two statements.
