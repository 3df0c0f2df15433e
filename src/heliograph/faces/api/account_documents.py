"""The account as the API shows it. These paths are of iP.1's first API: names begin with a capital letter."""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.domain.pricing import as_number
from heliograph.storage.accounts import Account
from heliograph.storage.child_accounts import ChildAccount

_SWEDISH: Final = "SEK"


class AccountOverview(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """An account and what it may spend."""

    account: str
    organization: str
    type: str
    balance: float
    currency: str


class AccountDetails(AccountOverview, frozen=True, kw_only=True, rename="pascal"):
    """An account with its own name and its parent."""

    id: str = msgspec.field(name="ID")
    name: str
    parent: str | None
    key: str | UnsetType = UNSET
    """Only in the answer that made the account: it cannot be shown again."""
    webhook_secret: str | UnsetType = UNSET
    """The same of the secret that its delivery reports are signed with."""


class CreditMoved(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What a child was given, and what both have now."""

    account: str
    amount: float
    balance: float
    parent_balance: float
    currency: str


def account_type(currency: str) -> str:
    """``swedish`` for an account in SEK, else ``international``: so the two differ at iP.1."""
    return "swedish" if currency == _SWEDISH else "international"


def overview(account: Account, balance: int) -> AccountOverview:
    """What GET /api/me shows; ``balance`` in micro-units."""
    return AccountOverview(
        account=account.number,
        organization=account.organization,
        type=account_type(account.currency),
        balance=as_number(balance),
        currency=account.currency,
    )


def details(account: Account, balance: int) -> AccountDetails:
    """The account that asks."""
    return AccountDetails(
        account=account.number,
        organization=account.organization,
        type=account_type(account.currency),
        balance=as_number(balance),
        currency=account.currency,
        id=account.number,
        name=account.name,
        parent=account.parent,
    )


def child_details(
    parent: Account,
    child: ChildAccount,
    *,
    key: str | UnsetType = UNSET,
    webhook_secret: str | UnsetType = UNSET,
) -> AccountDetails:
    """A child of the account that asks; its organization is its parent."""
    return AccountDetails(
        account=child.number,
        organization=parent.name,
        type=account_type(child.currency),
        balance=as_number(child.balance),
        currency=child.currency,
        id=child.number,
        name=child.name,
        parent=parent.number,
        key=key,
        webhook_secret=webhook_secret,
    )
