"""What operators do to accounts: the rules that the command line and the portal share."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

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
from heliograph.storage.new_accounts import NewAccount, OpenedAccount, open_account
from heliograph.storage.sealing import Sealer
from heliograph.storage.sent_forms import is_first

_CREDIT: Final = "credit"
_OPENING: Final = "account"


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


async def book_credit_once(
    tx: Transaction,
    account_id: int,
    amount: int,
    *,
    note: str | None,
    once: str,
    now: datetime,
    ids: IdSource,
) -> bool:
    """The same, unless what was asked for under the name ``once`` was booked before; whether it is now.

    A form that is sent twice, by two clicks or a page that is loaded again, books once. Another amount or
    note is another booking.
    """
    if not await is_first(tx, account_id, _CREDIT, once, str(amount), note or "", now=now):
        return False
    await book_credit(tx, account_id, amount, note=note, now=now, ids=ids)
    return True


async def open_account_once(
    tx: Transaction,
    wanted: NewAccount,
    operator_account_id: int,
    *,
    once: str,
    sealer: Sealer,
    now: datetime,
    ids: IdSource,
    random_bytes: Callable[[int], bytes],
) -> OpenedAccount | None:
    """Make an account; None if a form with the name ``once`` made one before, by two clicks."""
    if not await is_first(tx, operator_account_id, _OPENING, once, wanted.name, now=now):
        return None
    return await open_account(tx, wanted, sealer=sealer, now=now, ids=ids, random_bytes=random_bytes)
