"""Browsers that are signed in to the portal."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from heliograph.domain.portal_rights import Role
from heliograph.storage.database import Transaction, load_query

IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=12)


class AccountMember(msgspec.Struct, frozen=True):
    """An account that somebody belongs to. ``balance`` in micro-units."""

    account_id: int
    number: str
    name: str
    currency: str
    balance: int
    role: Role | None
    """None: seen as an operator."""
    is_disabled: bool


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """Who is at the keyboard, and which account they look at."""

    login_hash: bytes
    csrf_token: str
    second_factor: bool
    created_at: datetime
    confirmed_at: datetime
    """When whoever it is last proved who they are: by signing in, or by their password since then."""
    seen_at: datetime
    user_id: int
    email: str | None
    name: str
    is_operator: bool
    language: str | None
    time_zone: str | None
    has_password: bool
    has_totp: bool
    has_passkey: bool
    account: AccountMember | None
    accounts: tuple[tuple[str, str], ...]
    """Number and name of every account that they belong to."""


class OpenLogin(msgspec.Struct, frozen=True):
    """A browser in somebody's list of logins."""

    login_hash: bytes
    created_at: datetime
    seen_at: datetime
    browser: str


async def begin_login(
    tx: Transaction,
    login_hash: bytes,
    user_id: int,
    *,
    csrf_token: str,
    second_factor: bool,
    browser: str,
    now: datetime,
) -> bool:
    """Sign a browser in, to the first of the user's accounts; whether they are an operator."""
    is_operator: bool = await tx.fetchval(
        load_query("begin_login"), login_hash, user_id, csrf_token, second_factor, browser[:200], now
    )
    return is_operator


async def find_login(tx: Transaction, login_hash: bytes, *, now: datetime) -> Login | None:
    """The login of that hash, unless it has ended, was idle for too long, or its user is disabled."""
    row = await tx.fetchrow(load_query("find_login"), login_hash, now - IDLE, now - LONGEST)
    if row is None:
        return None
    account = None
    if row["account_id"] is not None and (row["role"] is not None or row["is_operator"]):
        account = AccountMember(
            row["account_id"],
            row["number"],
            row["account_name"],
            row["currency"],
            row["balance"],
            Role(row["role"]) if row["role"] is not None else None,
            row["is_disabled"],
        )
    return Login(
        login_hash=login_hash,
        csrf_token=row["csrf_token"],
        second_factor=row["second_factor"],
        created_at=row["created_at"],
        confirmed_at=row["confirmed_at"],
        seen_at=row["seen_at"],
        user_id=row["user_id"],
        email=row["email"],
        name=row["name"],
        is_operator=row["is_operator"],
        language=row["language"],
        time_zone=row["time_zone"],
        has_password=row["has_password"],
        has_totp=row["has_totp"],
        has_passkey=row["has_passkey"],
        account=account,
        accounts=tuple(zip(row["numbers"], row["names"], strict=True)),
    )


async def note_login_seen(tx: Transaction, login_hash: bytes, *, now: datetime) -> None:
    """Keep a login from being idle."""
    await tx.execute(load_query("note_login_seen"), login_hash, now)


async def choose_account(tx: Transaction, login_hash: bytes, number: str) -> bool:
    """Look at another account; False if its user does not belong to it (operators belong to all)."""
    return await tx.fetchval(load_query("choose_login_account"), login_hash, number) is not None


async def end_login(tx: Transaction, login_hash: bytes) -> None:
    """Sign a browser out."""
    await tx.execute(load_query("end_login"), login_hash)


async def list_logins(tx: Transaction, user_id: int, *, now: datetime) -> list[OpenLogin]:
    """Where somebody is signed in, the last seen first; at most 100."""
    rows = await tx.fetch(load_query("list_logins"), user_id, now - IDLE, now - LONGEST)
    return [OpenLogin(*row) for row in rows]


async def end_login_of_user(tx: Transaction, user_id: int, login_hash: bytes) -> bool:
    """Sign out one of somebody's browsers; False if they have no such login."""
    return await tx.fetchval(load_query("end_login_of_user"), user_id, login_hash) is not None


async def end_logins_of_user(tx: Transaction, user_id: int, *, but: bytes | None = None) -> None:
    """Sign out every browser of somebody, but perhaps one."""
    await tx.execute(load_query("end_logins_of_user"), user_id, but)


async def confirm_login(tx: Transaction, login_hash: bytes, *, now: datetime) -> None:
    """Note that whoever is at the keyboard has just proved who they are."""
    await tx.execute(load_query("confirm_login"), login_hash, now)


async def renew_login(tx: Transaction, login_hash: bytes, new_hash: bytes, *, second_factor: bool) -> None:
    """Give a login another id, because more may be done with it from now on."""
    await tx.execute(load_query("renew_login"), login_hash, new_hash, second_factor)
