"""Our numbers that handsets write to, the accounts they belong to, and the keywords of shared ones."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import msgspec

from heliograph.domain.incoming import InboundNumber
from heliograph.storage.database import Row, Transaction, load_query


class StoredNumber(msgspec.Struct, frozen=True):
    """A line of the operator's list of numbers."""

    number: str
    account_id: int | None
    """Who gets what no keyword claims."""
    shared: bool
    created_at: datetime
    keywords: dict[str, int]
    """Accounts by keyword."""


class AccountNumber(msgspec.Struct, frozen=True):
    """A number as one account sees it."""

    number: str
    shared: bool
    own: bool
    """Whether it gets what no keyword claims."""
    keywords: list[str]
    """First words whose messages it gets."""


class IncomingAccount(NamedTuple):
    """An account as giving it a message needs it."""

    account_id: int
    number: str
    currency: str
    incoming_url: str | None


async def add_number(
    tx: Transaction, number: str, *, account_id: int | None, shared: bool, now: datetime
) -> bool:
    """Add a number; False if there is one already."""
    return (await tx.fetchval(load_query("add_inbound_number"), number, account_id, shared, now)) is not None


async def change_number(tx: Transaction, number: str, *, account_id: int | None, shared: bool) -> bool:
    """Give a number to another account, or none, or share it; False if there is no such number."""
    return await tx.fetchval(load_query("change_inbound_number"), number, account_id, shared) is not None


async def remove_number(tx: Transaction, number: str) -> bool:
    """Remove a number with its keywords; False if there is no such number."""
    return await tx.fetchval(load_query("remove_inbound_number"), number) is not None


async def list_numbers(tx: Transaction) -> list[StoredNumber]:
    """Every number with its keywords, in order."""
    return [
        StoredNumber(row["number"], row["account_id"], row["shared"], row["created_at"], _keywords(row))
        for row in await tx.fetch(load_query("list_inbound_numbers"))
    ]


async def list_account_numbers(tx: Transaction, account_id: int) -> list[AccountNumber]:
    """The numbers with which handsets reach an account, in order."""
    return [AccountNumber(*row) for row in await tx.fetch(load_query("list_account_numbers"), account_id)]


async def add_keyword(tx: Transaction, number: str, keyword: str, account_id: int) -> bool:
    """Give messages with a first word, folded, to an account; False if the word is taken."""
    return (await tx.fetchval(load_query("add_inbound_keyword"), number, keyword, account_id)) is not None


async def remove_keyword(
    tx: Transaction, number: str, keyword: str, *, account_id: int | None = None
) -> bool:
    """Remove a keyword, of anybody or of one account; False if the number has none such."""
    removed = await tx.fetchval(load_query("remove_inbound_keyword"), number, keyword, account_id)
    return removed is not None


async def find_numbers(tx: Transaction, numbers: Collection[str]) -> dict[str, InboundNumber]:
    """Those of these numbers that are ours."""
    rows = await tx.fetch(load_query("find_inbound_numbers"), list(numbers))
    return {row["number"]: InboundNumber(row["number"], row["account_id"], _keywords(row)) for row in rows}


async def find_incoming_accounts(tx: Transaction, account_ids: Collection[int]) -> dict[int, IncomingAccount]:
    """Accounts by id."""
    rows = await tx.fetch(load_query("find_incoming_accounts"), list(account_ids))
    return {row["account_id"]: IncomingAccount(*row) for row in rows}


async def set_incoming_url(tx: Transaction, account_id: int, url: str | None) -> bool:
    """Where an account's incoming messages are POSTed, None for nowhere; False if it does not exist."""
    return await tx.fetchval(load_query("set_incoming_url"), account_id, url) is not None


def _keywords(row: Row) -> dict[str, int]:
    return dict(zip(row["keywords"], row["owners"], strict=True))
