"""Puts mails into the outbox, in the transaction of what they tell of; a keeper sends them.

Links lead to the installation's public address as it is set, never to what a request says.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from heliograph.domain.email_address import parse_email
from heliograph.domain.ids import IdSource
from heliograph.domain.mail_texts import MailLetterhead, SecurityNotice, invitation_mail, notice_mail
from heliograph.domain.outgoing_mail import AskedReset, OutgoingMail
from heliograph.domain.refusals import TooManyRequests
from heliograph.domain.sign_in_throttle import (
    BY_INVITER,
    BY_NETWORK,
    BY_RESET,
    inviter_subject,
    network_subject,
    reset_subject,
)
from heliograph.storage.database import Database, Transaction
from heliograph.storage.mail_outbox import MailKind, put_mail
from heliograph.storage.portal_users import find_user
from heliograph.storage.sealing import Sealer
from heliograph.storage.sign_in_tries import count_try

TRIED_FOR: Final = timedelta(days=1)
ASKED_TOO_OFTEN: Final = "That was asked for too often. Please wait a while before you ask again."


class MailDesk:
    """Writes the mails of one installation."""

    def __init__(self, sealer: Sealer, ids: IdSource, *, site: str) -> None:
        self._sealer = sealer
        self._ids = ids
        self._site = site

    async def ask_reset(
        self, database: Database, typed: str, *, language: str, network: str, now: datetime
    ) -> bool:
        """Take an address to send a link to; False for what is none. Raises TooManyRequests.

        Nobody looks here whether anybody has it: whoever sends the mail does, so that an answer to a
        stranger neither says it nor takes another time.
        """
        email = parse_email(typed)
        if email is None:
            return False
        policies = {reset_subject(email): BY_RESET, network_subject(network): BY_NETWORK}
        async with database.transaction() as tx:
            until = await count_try(tx, policies, now=now)
            if until is None:
                await self._put(tx, "asked_reset", AskedReset(email, language), now)
        if until is not None:
            raise TooManyRequests(ASKED_TOO_OFTEN, (until - now).total_seconds())
        return True

    async def invite(
        self,
        tx: Transaction,
        account_id: int,
        *,
        email: str,
        account: str,
        inviter: str,
        path: str,
        language: str,
        now: datetime,
    ) -> bool:
        """Mail the link to an account, in the language of whoever has the address, else in the given one.

        False where an account has had so many mailed that somebody must pass this one on.
        """
        if await count_try(tx, {inviter_subject(account_id): BY_INVITER}, now=now) is not None:
            return False
        invited = await find_user(tx, email=email)
        head = self._head(email, (invited.language if invited else None) or language)
        mail = invitation_mail(head, account=account, inviter=inviter, link=f"{self._site}{path}")
        await self._put(tx, "invitation", mail, now)
        return True

    async def notify(
        self,
        tx: Transaction,
        notice: SecurityNotice,
        *,
        email: str | None,
        name: str,
        language: str | None,
        now: datetime,
    ) -> None:
        """Tell somebody what changed about how they sign in; nobody who has no address."""
        if email:
            mail = notice_mail(self._head(email, language), notice, name=name, at=now)
            await self._put(tx, "notice", mail, now)

    def _head(self, email: str, language: str | None) -> MailLetterhead:
        return MailLetterhead(email, language, self._site)

    async def _put(
        self, tx: Transaction, kind: MailKind, contents: OutgoingMail | AskedReset, now: datetime
    ) -> None:
        sealed = self._sealer.seal(msgspec.json.encode(contents).decode())
        mail_id = self._ids.new(int(now.timestamp()))
        await put_mail(tx, mail_id, kind, sealed, now=now, ends_at=now + TRIED_FOR)
