"""What is shown after the password: codes of an authenticator app, and recovery codes, each once."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from heliograph.domain.recovery_code import CODE_BYTES, CODES, recovery_code, recovery_hash
from heliograph.domain.refusals import TooManyRequests, Unauthorized
from heliograph.domain.sign_in_throttle import BY_CODE, code_subject
from heliograph.storage.database import Database, Transaction
from heliograph.storage.sealing import Sealer
from heliograph.storage.sign_in_tries import count_try, forget_tries
from heliograph.storage.user_credentials import (
    offer_totp,
    read_second_factors,
    remove_totp,
    set_recovery_codes,
    take_offered_totp,
    use_recovery_code,
    use_totp_step,
)

ISSUER: Final = "Heliograph"
WRONG_CODE: Final = "This code is not right, or it was used before. Wait for the next one."
TOO_MANY_CODES: Final = "Too many codes were wrong. Please wait a while before the next one."
STEP_SECONDS: Final = 30
_SECRET_BYTES: Final = 20


class SecondFactor:
    """Codes of one installation. ``random_bytes`` is a cryptographic source such as ``os.urandom``."""

    def __init__(self, database: Database, sealer: Sealer, *, random_bytes: Callable[[int], bytes]) -> None:
        self._database = database
        self._sealer = sealer
        self._random_bytes = random_bytes

    async def check(self, user_id: int, typed: str, *, now: datetime) -> str:
        """Use a code of somebody up: ``totp`` or ``recovery``. Raises Unauthorized or TooManyRequests."""
        subject = code_subject(user_id)
        async with self._database.transaction() as tx:
            until = await count_try(tx, {subject: BY_CODE}, now=now)
        if until is not None:
            raise TooManyRequests(TOO_MANY_CODES, (until - now).total_seconds())
        async with self._database.transaction() as tx:
            factors = await read_second_factors(tx, user_id)
            kind = ""
            code, code_hash = "".join(typed.split()), recovery_hash(typed)
            if factors.sealed_totp is not None and len(code) == 6:
                step = matching_step(self._sealer.open(factors.sealed_totp), code, now)
                kind = "totp" if step is not None and await use_totp_step(tx, user_id, step) else ""
            elif code_hash is not None and await use_recovery_code(tx, user_id, code_hash, now=now):
                kind = "recovery"
            if kind:
                await forget_tries(tx, [subject])
        if not kind:
            raise Unauthorized(WRONG_CODE)
        return kind

    async def offer(self, tx: Transaction, user_id: int) -> None:
        """Make a secret for an authenticator app; it counts once a code has proved that it is there."""
        from base64 import b32encode

        secret = b32encode(self._random_bytes(_SECRET_BYTES)).decode()
        await offer_totp(tx, user_id, self._sealer.seal(secret))

    async def offered(self, tx: Transaction, user_id: int) -> str | None:
        """The secret that somebody is being shown."""
        factors = await read_second_factors(tx, user_id)
        return self._sealer.open(factors.sealed_new_totp) if factors.sealed_new_totp else None

    async def take(self, tx: Transaction, user_id: int, typed: str, *, now: datetime) -> bool:
        """Let the secret that was shown count; False if the code is not of it."""
        secret = await self.offered(tx, user_id)
        step = None if secret is None else matching_step(secret, "".join(typed.split()), now)
        return step is not None and await take_offered_totp(tx, user_id, step)

    async def remove(self, tx: Transaction, user_id: int) -> None:
        """The authenticator app counts no more; without another factor nor do recovery codes."""
        await remove_totp(tx, user_id)
        await self.tidy(tx, user_id)

    async def tidy(self, tx: Transaction, user_id: int) -> None:
        """Recovery codes are for people who have something to lose."""
        if not (await read_second_factors(tx, user_id)).is_needed:
            await set_recovery_codes(tx, user_id, [])

    async def new_recovery_codes(self, tx: Transaction, user_id: int) -> list[str]:
        """Recovery codes in place of those before; they are shown once."""
        codes = [recovery_code(self._random_bytes(CODE_BYTES)) for _ in range(CODES)]
        hashes = [found for code in codes if (found := recovery_hash(code)) is not None]
        await set_recovery_codes(tx, user_id, hashes)
        return codes

    async def first_recovery_codes(self, tx: Transaction, user_id: int) -> list[str]:
        """Recovery codes for somebody who has none; none for somebody who has."""
        has_some = (await read_second_factors(tx, user_id)).recovery_codes
        return [] if has_some else await self.new_recovery_codes(tx, user_id)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The step of 30 seconds that a code is of: this one, or the one before or after; else None."""
    import secrets

    from pyotp import TOTP

    totp, this = TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    found = [
        step
        for step in (this, this - 1, this + 1)
        if secrets.compare_digest(totp.at(step * STEP_SECONDS).encode(), code.encode("utf-8", "replace"))
    ]
    return found[0] if found else None


def totp_address(secret: str, name: str) -> str:
    """What the picture for authenticator apps says."""
    from pyotp import TOTP

    return TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def totp_picture(secret: str, name: str) -> bytes:
    """The same as a QR code, in SVG."""
    from io import BytesIO

    import segno

    picture = BytesIO()
    segno.make(totp_address(secret, name), error="m").save(
        picture, kind="svg", scale=5, border=3, light="#fff"
    )
    return picture.getvalue()
