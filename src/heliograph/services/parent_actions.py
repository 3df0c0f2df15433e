"""What an account may do to its child accounts: open one, name it anew, give it credit."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from heliograph.domain.ids import IdSource
from heliograph.domain.key_rights import KeyRights
from heliograph.domain.refusals import Conflict, NotFound
from heliograph.storage.accounts import Account, AccountSettingsChange, change_account
from heliograph.storage.child_accounts import (
    ChildAccount,
    Transfer,
    count_children,
    find_child,
    find_child_id,
    move_credit,
)
from heliograph.storage.database import Transaction
from heliograph.storage.new_accounts import NewAccount, OpenedAccount, open_account
from heliograph.storage.sealing import Sealer

MOST_CHILDREN: Final = 1_000
UNKNOWN_CHILD: Final = "There is no such child account."
TOO_MANY: Final = f"An account has at most {MOST_CHILDREN} child accounts."
NO_GRANDCHILDREN: Final = "A child account has no child accounts of its own."
LACKS_CREDIT: Final = "The account has less credit than that. Nothing was moved."


class ParentActions:
    """The writes of a parent, each in a transaction of the caller's.

    ``random_bytes`` is a cryptographic source.
    """

    def __init__(
        self,
        *,
        number_prefix: str,
        sealer: Sealer,
        random_bytes: Callable[[int], bytes],
        ids: IdSource,
        now: Callable[[], datetime],
    ) -> None:
        self._number_prefix = number_prefix
        self._sealer = sealer
        self._random_bytes = random_bytes
        self._ids = ids
        self._now = now

    async def open_child(
        self,
        tx: Transaction,
        parent: Account,
        name: str,
        *,
        key_rights: KeyRights,
        key_expires_at: datetime | None,
    ) -> OpenedAccount:
        """A child with the parent's currency and prices, an empty balance and a first key.

        Raises Conflict where there may be no more.
        """
        if parent.parent is not None:
            raise Conflict(NO_GRANDCHILDREN)
        wanted = NewAccount(
            name=name,
            currency=parent.currency,
            price_list_id=parent.price_list_id,
            number_prefix=self._number_prefix,
            # Without the optional-sender service neither the parent nor its children get round it.
            optional_sender=parent.optional_sender,
            senders=() if parent.optional_sender else sorted(parent.senders),
            parent_id=parent.account_id,
            key_rights=key_rights,
            key_expires_at=key_expires_at,
        )
        opened = await open_account(
            tx,
            wanted,
            sealer=self._sealer,
            now=self._now(),
            ids=self._ids,
            random_bytes=self._random_bytes,
        )
        # Asked behind the lock under which accounts are made, so that two requests cannot both pass.
        if await count_children(tx, parent.account_id) > MOST_CHILDREN:
            raise Conflict(TOO_MANY)
        return opened

    async def rename_child(self, tx: Transaction, parent: Account, number: str, name: str) -> ChildAccount:
        """Give a child another name. Raises NotFound."""
        child_id = await _child_id(tx, parent, number)
        await change_account(tx, child_id, AccountSettingsChange(name=name), now=self._now())
        child = await find_child(tx, parent.account_id, number)
        if child is None:
            raise NotFound(UNKNOWN_CHILD)
        return child

    async def give_credit(self, tx: Transaction, parent: Account, number: str, amount: int) -> Transfer:
        """Move credit in micro-units to a child.

        Raises NotFound, and Conflict if the parent lacks it.
        """
        child = await _child_id(tx, parent, number), number
        moved = await move_credit(
            tx, (parent.account_id, parent.number), child, amount, now=self._now(), ids=self._ids
        )
        if moved is None:
            raise Conflict(LACKS_CREDIT)
        return moved


async def _child_id(tx: Transaction, parent: Account, number: str) -> int:
    child_id = await find_child_id(tx, parent.account_id, number)
    if child_id is None:
        raise NotFound(UNKNOWN_CHILD)
    return child_id
