"""What the API answers of an account, its children, keys, senders and blacklist, as types."""

from datetime import UTC, datetime

import msgspec


class Account(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """An account, and what it may spend."""

    account: str
    """Its number."""
    organization: str
    type: str
    balance: float
    currency: str


class AccountDetails(Account, frozen=True, kw_only=True, rename="pascal"):
    """An account with its own name and its parent."""

    name: str
    parent: str | None
    """The number of its parent."""


class NewChild(AccountDetails, frozen=True, kw_only=True, rename="pascal"):
    """A child account that was just made; its secrets are shown this once, and never in a log."""

    key: str
    webhook_secret: str
    """What its reports are signed with."""

    def __repr__(self) -> str:
        return f"NewChild(account={self.account!r}, name={self.name!r})"


class CreditMoved(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What a child was given, and what both have now."""

    account: str
    amount: float
    balance: float
    parent_balance: float
    currency: str


class Key(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An API key, without its secret."""

    id: str
    name: str
    scopes: list[str] | None
    """None: it may do everything."""
    networks: list[str]
    test: bool
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    revoked: datetime | None


class NewKey(Key, frozen=True, kw_only=True, rename="camel"):
    """An API key that was just made; ``key`` is shown this once, and never in a log."""

    key: str

    def __repr__(self) -> str:
        return f"NewKey(id={self.id!r}, name={self.name!r})"


class Sender(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A sender that the account has registered."""

    sender: str
    created: datetime


class BlacklistEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A number that nothing is sent to."""

    msisdn: str
    created: datetime

    def __post_init__(self) -> None:
        if self.created.tzinfo is None:  # it is shown without a zone, and is UTC
            msgspec.structs.force_setattr(self, "created", self.created.replace(tzinfo=UTC))
