"""What operators do to accounts: the rules that the command line and the portal share."""

from datetime import datetime

from heliograph.domain.ids import IdSource
from heliograph.domain.sender_rules import SenderRules
from heliograph.storage.accounts import (
    AccountSettingsChange,
    add_sender,
    change_account,
    correct_credit,
    top_up,
)
from heliograph.storage.database import Transaction


async def change_settings(
    tx: Transaction, account_id: int, change: AccountSettingsChange, rules: SenderRules, *, now: datetime
) -> None:
    """Change an account. One that loses the optional-sender service gets the default senders."""
    await change_account(tx, account_id, change, now=now)
    if change.optional_sender is False:
        for sender in rules.default_senders:
            await add_sender(tx, account_id, sender, now=now)


async def book_credit(
    tx: Transaction, account_id: int, amount: int, *, note: str | None, now: datetime, ids: IdSource
) -> int | None:
    """Add credit, or take some back by a correction; the new balance, None if there is no such account."""
    book = top_up if amount > 0 else correct_credit
    return await book(tx, account_id, amount, note=note, now=now, ids=ids)
