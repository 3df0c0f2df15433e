"""People of the portal, their roles in accounts, and the links that let them in."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from heliograph.domain.portal_rights import Role
from heliograph.storage.database import Transaction, load_query


class PortalUser(msgspec.Struct, frozen=True):
    """Somebody who signs in. ``email`` is None until the first user has said theirs."""

    user_id: int
    email: str | None
    name: str
    is_operator: bool
    language: str | None
    time_zone: str | None
    has_password: bool
    has_totp: bool
    disabled_at: datetime | None


async def create_user(
    tx: Transaction, *, name: str, email: str | None, is_operator: bool, now: datetime
) -> int | None:
    """A new user without a password; None if the address is somebody's already."""
    await tx.execute(load_query("lock_user_ids"))
    user_id: int | None = await tx.fetchval(
        load_query("create_portal_user"), name, email.lower() if email else None, is_operator, now
    )
    return user_id


async def find_user(
    tx: Transaction, *, user_id: int | None = None, email: str | None = None
) -> PortalUser | None:
    """The user with that id or that address."""
    row = await tx.fetchrow(load_query("find_portal_user"), user_id, email.lower() if email else None)
    return None if row is None else PortalUser(*row)


async def set_membership(
    tx: Transaction, account_id: int, user_id: int, role: Role, *, now: datetime
) -> None:
    """Give somebody a role in an account, in place of the one they have there."""
    await tx.execute(load_query("set_membership"), account_id, user_id, role.value, now)


async def create_sign_in_link(
    tx: Transaction, link_hash: bytes, user_id: int, kind: str, *, now: datetime, expires_at: datetime
) -> None:
    """A link that lets a user in once. ``kind``: welcome, invitation or reset."""
    await tx.execute(load_query("create_sign_in_link"), link_hash, user_id, kind, now, expires_at)


async def use_sign_in_link(tx: Transaction, link_hash: bytes, *, now: datetime) -> tuple[int, str] | None:
    """The user and the kind of a link that still counts, which it does not afterwards; else None."""
    row = await tx.fetchrow(load_query("use_sign_in_link"), link_hash, now)
    return None if row is None else (row[0], row[1])


class OpenLink(msgspec.Struct, frozen=True):
    """A sign-in link that still counts, and whose it is."""

    user_id: int
    kind: str
    name: str
    email: str | None


async def find_sign_in_link(tx: Transaction, link_hash: bytes, *, now: datetime) -> OpenLink | None:
    """A link that still counts; it goes on counting."""
    row = await tx.fetchrow(load_query("find_sign_in_link"), link_hash, now)
    return None if row is None else OpenLink(*row)


async def spend_links_of_user(tx: Transaction, user_id: int, *, now: datetime) -> None:
    """Every link of somebody counts no more."""
    await tx.execute(load_query("spend_links_of_user"), user_id, now)


async def change_user(tx: Transaction, user_id: int, *, name: str | None, email: str | None) -> bool:
    """Change name and address, None leaves one as it is; False if the address is somebody else's."""
    changed = await tx.fetchval(
        load_query("change_portal_user"), user_id, name, email.lower() if email else None
    )
    return changed is not None


async def choose_tongue(
    tx: Transaction, user_id: int, *, language: str | None, time_zone: str | None
) -> None:
    """In which language and time zone somebody reads; None: as their browser says."""
    await tx.execute(load_query("choose_tongue"), user_id, language, time_zone)


async def find_user_names(tx: Transaction, user_ids: Collection[int]) -> dict[int, str]:
    """What users are called, by their ids."""
    rows = await tx.fetch(load_query("find_user_names"), list(user_ids)) if user_ids else []
    return {row["user_id"]: row["name"] for row in rows}


async def disable_user(tx: Transaction, user_id: int, *, now: datetime | None) -> None:
    """Let somebody in no more; with None, again."""
    await tx.execute(load_query("disable_portal_user"), user_id, now)


async def make_operator(tx: Transaction, user_id: int, *, is_operator: bool) -> None:
    """Say whether somebody operates the installation."""
    await tx.execute(load_query("make_operator"), user_id, is_operator)


async def anybody_has_password(tx: Transaction) -> bool:
    """Whether there is somebody who signs in with a password."""
    found: bool = await tx.fetchval(load_query("anybody_has_password"))
    return found


class ListedUser(msgspec.Struct, frozen=True):
    """A line of the operator's list of users."""

    user_id: int
    name: str
    email: str | None
    is_operator: bool
    has_password: bool
    has_second_factor: bool
    created_at: datetime
    disabled_at: datetime | None
    roles: tuple[str, ...]
    """Number of the account and role there: ``ip1-10001 owner``."""
    seen_at: datetime | None


async def list_users(tx: Transaction) -> list[ListedUser]:
    """Everybody who signs in, by id."""
    rows = await tx.fetch(load_query("list_portal_users"))
    return [ListedUser(**{**dict(row), "roles": tuple(row["roles"])}) for row in rows]
