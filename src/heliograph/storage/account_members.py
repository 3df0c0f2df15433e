"""Who belongs to an account, and who is invited to."""

from datetime import datetime

import msgspec

from heliograph.domain.portal_rights import Role
from heliograph.storage.database import Transaction, load_query


class Member(msgspec.Struct, frozen=True):
    """Somebody in an account."""

    user_id: int
    name: str
    email: str | None
    is_operator: bool
    is_disabled: bool
    role: Role
    created_at: datetime
    has_password: bool
    has_second_factor: bool
    seen_at: datetime | None
    """When a login of theirs that has not ended was last seen."""


class Invitation(msgspec.Struct, frozen=True):
    """Somebody who has not come yet."""

    link_hash: bytes
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime


class OpenInvitation(msgspec.Struct, frozen=True):
    """What a link invites to."""

    account_id: int
    email: str
    role: Role
    account_name: str


async def list_members(tx: Transaction, account_id: int) -> list[Member]:
    """Who belongs to an account, the first of them first."""
    rows = await tx.fetch(load_query("list_members"), account_id)
    return [Member(**{**dict(row), "role": Role(row["role"])}) for row in rows]


async def remove_membership(tx: Transaction, account_id: int, user_id: int) -> bool:
    """Take somebody out of an account; False if they are not in it."""
    removed = await tx.fetchval(load_query("remove_membership"), account_id, user_id)
    await tx.execute(load_query("leave_account"), account_id, user_id)
    return removed is not None


async def list_roles(tx: Transaction, user_id: int) -> dict[int, Role]:
    """What somebody is, by account."""
    rows = await tx.fetch(load_query("list_roles_of_user"), user_id)
    return {row["account_id"]: Role(row["role"]) for row in rows}


async def list_roles_of_members(tx: Transaction, account_id: int) -> dict[int, dict[int, Role]]:
    """What the members of an account are, by user and account: there and in every other account."""
    found: dict[int, dict[int, Role]] = {}
    for row in await tx.fetch(load_query("list_roles_of_members"), account_id):
        found.setdefault(row["user_id"], {})[row["account_id"]] = Role(row["role"])
    return found


async def create_invitation(
    tx: Transaction,
    account_id: int,
    link_hash: bytes,
    *,
    email: str,
    role: Role,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Invite somebody, in place of earlier invitations to the same address."""
    await tx.execute(load_query("cancel_invitation"), account_id, None, email)
    await tx.execute(
        load_query("create_invitation"), link_hash, account_id, email, role.value, now, expires_at
    )


async def list_invitations(tx: Transaction, account_id: int, *, now: datetime) -> list[Invitation]:
    """Who is invited and has not come, the newest first; at most 200."""
    rows = await tx.fetch(load_query("list_invitations"), account_id, now)
    return [Invitation(**{**dict(row), "role": Role(row["role"])}) for row in rows]


async def cancel_invitation(tx: Transaction, account_id: int, link_hash: bytes) -> bool:
    """Take an invitation back; False if there is none."""
    return await tx.fetchval(load_query("cancel_invitation"), account_id, link_hash, None) is not None


async def find_invitation(tx: Transaction, link_hash: bytes, *, now: datetime) -> OpenInvitation | None:
    """What a link invites to; None if it was used, taken back, or has ended."""
    row = await tx.fetchrow(load_query("find_invitation"), link_hash, now)
    return None if row is None else OpenInvitation(row[0], row[1], Role(row[2]), row[3])


async def use_invitation(tx: Transaction, link_hash: bytes, *, now: datetime) -> tuple[int, Role] | None:
    """Use an invitation up; account and role, or None as above."""
    row = await tx.fetchrow(load_query("use_invitation"), link_hash, now)
    return None if row is None else (row[0], Role(row[1]))
