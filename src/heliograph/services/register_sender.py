"""Registers senders, by the rules of the installation."""

from datetime import datetime
from typing import Final, NamedTuple

from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.domain.sender import check_sender
from heliograph.domain.sender_rules import SenderRules, registration_fault
from heliograph.storage.accounts import Account, StoredSender
from heliograph.storage.database import Transaction
from heliograph.storage.inbound_numbers import find_numbers
from heliograph.storage.senders import find_sender, keep_sender

FOREIGN_NUMBER: Final = (
    "The number {number} is one of this installation's, and handsets do not reach this account by it. If it"
    " should be yours, ask the operator."
)


class RegisteredSender(NamedTuple):
    """A sender of an account, and whether it is one only now."""

    sender: StoredSender
    is_new: bool


async def register_sender(
    tx: Transaction, account: Account, sender: object, rules: SenderRules, *, now: datetime
) -> RegisteredSender:
    """Register a sender; one that is registered already stays as it is, whatever the rules say by now.

    Raises InvalidRequest where it can be no sender or not one of this account.
    """
    if fault := check_sender(sender):
        raise InvalidRequest([fault])
    name = str(sender)
    found = await find_sender(tx, account.account_id, name)
    if found is not None:
        return RegisteredSender(found, is_new=False)
    fault = registration_fault(name, rules, optional_sender=account.optional_sender)
    if fault is not None:
        raise InvalidRequest([fault])
    number = (await find_numbers(tx, [name])).get(name)
    if number is not None and not number.reaches(account.account_id):
        raise InvalidRequest([Refusal("sender", "foreign_number", FOREIGN_NUMBER.format(number=name))])
    return RegisteredSender(*await keep_sender(tx, account.account_id, name, now=now))
