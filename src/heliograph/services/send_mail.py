"""Sends the mails of the outbox, each at least once: a mail is taken out after the mail server has it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from heliograph.domain.login_secret import SECRET_BYTES, login_hash, login_secret
from heliograph.domain.mail_texts import MailLetterhead, reset_mail
from heliograph.domain.outgoing_mail import AskedReset, OutgoingMail
from heliograph.domain.retry import MAIL, next_delay
from heliograph.failpoints import failpoint
from heliograph.storage.database import Database
from heliograph.storage.mail_outbox import (
    WaitingMail,
    claim_mail,
    give_up_mail,
    give_up_overdue_mail,
    put_off_mail,
    remove_mail,
    write_asked_mail,
)
from heliograph.storage.portal_users import create_sign_in_link, find_user, spend_links_of_user
from heliograph.storage.sealing import Sealer, UnreadableSecret

if TYPE_CHECKING:
    from heliograph.outbound_mail import MailFailure, SmtpPost

LINK_ENDS: Final = timedelta(minutes=30)
"""Of a link for a new password; its mail is not sent any more then."""
UNREADABLE: Final = "unreadable"
_LEASE_MARGIN: Final = 30.0

log = structlog.get_logger()


class SendMail:
    """One step sends one mail; several keepers may run at the same time.

    Without a ``post`` nothing is sent, and what waits is given up when its time is over.
    """

    def __init__(
        self,
        database: Database,
        post: "SmtpPost | None",
        sealer: Sealer,
        *,
        site: str,
        random_bytes: Callable[[int], bytes],
        draw: Callable[[], float],
    ) -> None:
        self._database = database
        self._post = post
        self._sealer = sealer
        self._site = site
        self._random_bytes = random_bytes
        self._draw = draw

    async def step(self, now: datetime) -> int:
        """Try the mail that is due first; how many were tried."""
        async with self._database.transaction() as tx:
            overdue = await give_up_overdue_mail(tx, now=now)
        for each in overdue:
            _note_given_up(each.kind, each.tries, each.fault)
        if self._post is None:
            return 0
        lease = timedelta(seconds=self._post.server.longest_seconds + _LEASE_MARGIN)
        async with self._database.transaction() as tx:
            waiting = await claim_mail(tx, now=now, until=now + lease)
        if waiting is None:
            return 0
        await self._try(self._post, waiting, now)
        return 1

    async def _try(self, post: "SmtpPost", waiting: WaitingMail, now: datetime) -> None:
        # Where no mail is sent its machinery is not loaded either.
        from heliograph.outbound_mail import MailFailure

        try:
            mail = await self._mail_of(waiting, now)
        except UnreadableSecret:
            await self._give_up(waiting, UNREADABLE, now)
            return
        if mail is None:
            return
        try:
            await post.send(mail, mail_id=waiting.mail_id, now=now)
        except MailFailure as failure:
            await self._failed(waiting, failure, now)
            return
        failpoint("mail_sent")
        async with self._database.transaction() as tx:
            await remove_mail(tx, waiting.mail_id)
        log.info("mail.sent", kind=waiting.kind, tries=waiting.tries)

    async def _mail_of(self, waiting: WaitingMail, now: datetime) -> OutgoingMail | None:
        """What a row says; None where nobody is to get anything."""
        text = self._sealer.open(waiting.sealed)
        if waiting.kind != "asked_reset":
            return msgspec.json.decode(text, type=OutgoingMail)
        return await self._reset_of(waiting, msgspec.json.decode(text, type=AskedReset), now)

    async def _reset_of(self, waiting: WaitingMail, asked: AskedReset, now: datetime) -> OutgoingMail | None:
        """Make the link that somebody asked for, in place of those before, if they have the address."""
        secret, ends = login_secret(self._random_bytes(SECRET_BYTES)), now + LINK_ENDS
        async with self._database.transaction() as tx:
            user = await find_user(tx, email=asked.email)
            if user is None or user.disabled_at is not None:
                await remove_mail(tx, waiting.mail_id)
                return None
            head = MailLetterhead(asked.email, user.language or asked.language, self._site)
            mail = reset_mail(head, name=user.name, link=f"{self._site}/portal/welcome/{secret}")
            sealed = self._sealer.seal(msgspec.json.encode(mail).decode())
            if not await write_asked_mail(tx, waiting.mail_id, sealed, ends_at=ends):
                return None
            await spend_links_of_user(tx, user.user_id, now=now)
            await create_sign_in_link(tx, login_hash(secret), user.user_id, "reset", now=now, expires_at=ends)
        return mail

    async def _failed(self, waiting: WaitingMail, failure: "MailFailure", now: datetime) -> None:
        if failure.is_final:
            await self._give_up(waiting, failure.described, now)
            return
        delay = next_delay(MAIL, min(waiting.tries, len(MAIL)) - 1, self._draw())
        assert delay is not None
        async with self._database.transaction() as tx:
            due_at = now + timedelta(seconds=delay)
            await put_off_mail(tx, waiting.mail_id, due_at=due_at, fault=failure.described)
        log.warning("mail.not_sent", kind=waiting.kind, tries=waiting.tries, fault=failure.described)

    async def _give_up(self, waiting: WaitingMail, fault: str, now: datetime) -> None:
        async with self._database.transaction() as tx:
            await give_up_mail(tx, waiting.mail_id, now=now, fault=fault)
        _note_given_up(waiting.kind, waiting.tries, fault)


def _note_given_up(kind: str, tries: int, fault: str) -> None:
    """The alarm of the same name is computed of the rows."""
    log.error("mail.given_up", kind=kind, tries=tries, fault=fault)
