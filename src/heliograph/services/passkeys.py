"""Passkeys: a key pair that a device keeps, bound to our address, in place of codes or of the password."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from heliograph.domain.refusals import Unauthorized
from heliograph.storage.database import Database, Transaction
from heliograph.storage.sign_in_tries import find_step, put_step, use_step
from heliograph.storage.user_credentials import (
    add_passkey,
    find_passkey,
    list_passkeys,
    note_passkey_used,
)

CHALLENGE_BYTES: Final = 32
WRONG_PASSKEY: Final = "This passkey is not known here, or its answer came too late. Please try again."


class Site(msgspec.Struct, frozen=True):
    """Where the portal is, as browsers see it: what passkeys are bound to."""

    host: str
    origin: str


class Passkeys:
    """Asks devices and checks what they answer; a challenge counts once, for ten minutes."""

    def __init__(self, database: Database, *, random_bytes: Callable[[int], bytes]) -> None:
        self._database = database
        self._random_bytes = random_bytes

    async def ask_to_make(
        self, site: Site, login_hash: bytes, user_id: int, *, name: str, now: datetime
    ) -> str:
        """What a browser is told to make a passkey, as JSON."""
        from webauthn import generate_registration_options, options_to_json
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            PublicKeyCredentialDescriptor,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        challenge = self._random_bytes(CHALLENGE_BYTES)
        async with self._database.transaction() as tx:
            known = await list_passkeys(tx, user_id)
            await put_step(tx, login_hash, user_id, challenge, now=now)
        options = generate_registration_options(
            rp_id=site.host,
            rp_name="Heliograph",
            user_id=user_id.to_bytes(8, "big"),
            user_name=name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each.credential_id) for each in known],
        )
        return options_to_json(options)

    async def keep(
        self, tx: Transaction, site: Site, login_hash: bytes, answer: str, *, name: str, now: datetime
    ) -> None:
        """Keep the passkey that a browser has made. Raises Unauthorized."""
        from webauthn import verify_registration_response
        from webauthn.helpers.exceptions import WebAuthnException

        step = await use_step(tx, login_hash, now=now)
        if step is None or step[0] is None:
            raise Unauthorized(WRONG_PASSKEY)
        try:
            made = verify_registration_response(
                credential=answer,
                expected_challenge=step[1],
                expected_rp_id=site.host,
                expected_origin=site.origin,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            raise Unauthorized(WRONG_PASSKEY) from None
        kept = await add_passkey(
            tx,
            step[0],
            made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=name,
            now=now,
        )
        if not kept:
            raise Unauthorized(WRONG_PASSKEY)

    async def ask_to_show(self, site: Site, step_hash: bytes, user_id: int | None, *, now: datetime) -> str:
        """What a browser is told to show a passkey: one of the user's, or with None any of ours."""
        from webauthn import generate_authentication_options, options_to_json
        from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

        async with self._database.transaction() as tx:
            known = [] if user_id is None else await list_passkeys(tx, user_id)
            before = await find_step(tx, step_hash, now=now)
            challenge = before[1] if before else self._random_bytes(CHALLENGE_BYTES)
            if before is None:
                await put_step(tx, step_hash, user_id, challenge, now=now)
        options = generate_authentication_options(
            rp_id=site.host,
            challenge=challenge,
            allow_credentials=[PublicKeyCredentialDescriptor(id=each.credential_id) for each in known],
            user_verification=UserVerificationRequirement.PREFERRED
            if user_id is not None
            else UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    async def check(self, site: Site, step_hash: bytes, answer: str, *, now: datetime) -> int:
        """The user whose passkey has answered. Raises Unauthorized.

        One that comes without a password must have asked for a PIN or a finger: then it is two factors.
        """
        from webauthn import verify_authentication_response
        from webauthn.helpers import base64url_to_bytes
        from webauthn.helpers.exceptions import WebAuthnException

        # Committed whatever becomes of the answer: a challenge is answered once.
        async with self._database.transaction() as tx:
            step = await use_step(tx, step_hash, now=now)
        try:
            credential_id = base64url_to_bytes(msgspec.json.decode(answer, type=_Answer).id)
        except (msgspec.DecodeError, ValueError):
            raise Unauthorized(WRONG_PASSKEY) from None
        async with self._database.transaction() as tx:
            owner = await find_passkey(tx, credential_id)
            if step is None or owner is None or step[0] not in (None, owner.user_id):
                raise Unauthorized(WRONG_PASSKEY)
            try:
                shown = verify_authentication_response(
                    credential=answer,
                    expected_challenge=step[1],
                    expected_rp_id=site.host,
                    expected_origin=site.origin,
                    credential_public_key=owner.public_key,
                    credential_current_sign_count=owner.sign_count,
                    require_user_verification=step[0] is None,
                )
            except (WebAuthnException, ValueError, KeyError, TypeError):
                raise Unauthorized(WRONG_PASSKEY) from None
            await note_passkey_used(tx, credential_id, shown.new_sign_count, now=now)
        return owner.user_id


class _Answer(msgspec.Struct):
    """What says which passkey answers."""

    id: str
