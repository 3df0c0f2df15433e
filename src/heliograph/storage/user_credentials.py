"""By what somebody proves who they are: password, authenticator app, recovery codes, passkeys."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from heliograph.storage.database import Transaction, load_query


class SecondFactors(msgspec.Struct, frozen=True):
    """What somebody shows after their password."""

    sealed_totp: bytes | None
    sealed_new_totp: bytes | None
    """Shown to them, and not yet proven."""
    totp_step: int
    """The last that was used."""
    passkeys: int
    recovery_codes: int
    """Those that were not used."""

    @property
    def is_needed(self) -> bool:
        """Whether a password is not enough."""
        return self.sealed_totp is not None or self.passkeys > 0


class Passkey(msgspec.Struct, frozen=True):
    """A key that somebody's device holds."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


class PasskeyOwner(msgspec.Struct, frozen=True):
    """Whose passkey it is, and what to check its answer with."""

    user_id: int
    public_key: bytes
    sign_count: int


async def find_password(tx: Transaction, email: str) -> tuple[int, str | None] | None:
    """The user who has an address and may sign in, with their password if they have one."""
    row = await tx.fetchrow(load_query("find_password"), email)
    return None if row is None else (row[0], row[1])


async def read_password(tx: Transaction, user_id: int) -> str | None:
    """Somebody's password."""
    stored: str | None = await tx.fetchval(load_query("read_password"), user_id)
    return stored


async def set_password(tx: Transaction, user_id: int, stored: str) -> None:
    """Give somebody a password."""
    await tx.execute(load_query("set_password"), user_id, stored)


async def read_second_factors(tx: Transaction, user_id: int) -> SecondFactors:
    """What somebody who exists shows after their password."""
    row = await tx.fetchrow(load_query("read_second_factors"), user_id)
    assert row is not None
    return SecondFactors(*row)


async def offer_totp(tx: Transaction, user_id: int, sealed: bytes | None) -> None:
    """Keep a secret that somebody is shown; None: they changed their mind."""
    await tx.execute(load_query("offer_totp"), user_id, sealed)


async def take_offered_totp(tx: Transaction, user_id: int, step: int) -> bool:
    """Let the secret that was shown count; False if there is none."""
    return await tx.fetchval(load_query("take_offered_totp"), user_id, step) is not None


async def remove_totp(tx: Transaction, user_id: int) -> None:
    """The authenticator app counts no more."""
    await tx.execute(load_query("remove_totp"), user_id)


async def use_totp_step(tx: Transaction, user_id: int, step: int) -> bool:
    """Use the code of a step; False if it or a later one was used."""
    return await tx.fetchval(load_query("use_totp_step"), user_id, step) is not None


async def set_recovery_codes(tx: Transaction, user_id: int, hashes: Sequence[bytes]) -> None:
    """Recovery codes in place of those there were; none to have none."""
    await tx.execute(load_query("forget_recovery_codes"), user_id)
    await tx.execute(load_query("insert_recovery_codes"), user_id, list(hashes))


async def use_recovery_code(tx: Transaction, user_id: int, code_hash: bytes, *, now: datetime) -> bool:
    """Use a recovery code; False if it is none of theirs, or was used."""
    return await tx.fetchval(load_query("use_recovery_code"), user_id, code_hash, now) is not None


async def forget_second_factors(tx: Transaction, user_id: int) -> None:
    """Somebody has lost all that they showed after their password."""
    await tx.execute(load_query("remove_totp"), user_id)
    await tx.execute(load_query("forget_recovery_codes"), user_id)
    await tx.execute(load_query("forget_passkeys"), user_id)


async def list_passkeys(tx: Transaction, user_id: int) -> list[Passkey]:
    """Somebody's passkeys, the oldest first."""
    return [Passkey(*row) for row in await tx.fetch(load_query("list_passkeys"), user_id)]


async def find_passkey(tx: Transaction, credential_id: bytes) -> PasskeyOwner | None:
    """Whose passkey it is; None for one that we do not know."""
    row = await tx.fetchrow(load_query("find_passkey"), credential_id)
    return None if row is None else PasskeyOwner(*row)


async def add_passkey(
    tx: Transaction,
    user_id: int,
    credential_id: bytes,
    *,
    public_key: bytes,
    sign_count: int,
    name: str,
    now: datetime,
) -> bool:
    """Give somebody a passkey; False if it is somebody's already."""
    added = await tx.fetchval(
        load_query("add_passkey"), credential_id, user_id, public_key, sign_count, name, now
    )
    return added is not None


async def note_passkey_used(tx: Transaction, credential_id: bytes, sign_count: int, *, now: datetime) -> None:
    """Somebody has signed in with a passkey."""
    await tx.execute(load_query("note_passkey_used"), credential_id, sign_count, now)


async def remove_passkey(tx: Transaction, user_id: int, credential_id: bytes) -> bool:
    """Take a passkey from somebody; False if it is none of theirs."""
    return await tx.fetchval(load_query("remove_passkey"), user_id, credential_id) is not None
