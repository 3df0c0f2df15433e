"""Mails that are to be sent: put in by whatever they tell of, taken out once the mail server has them."""

from datetime import datetime
from typing import Literal, NamedTuple

from heliograph.domain.installation_alarms import MailState
from heliograph.storage.database import Transaction, load_query

MailKind = Literal["asked_reset", "reset", "invitation", "notice"]


class WaitingMail(NamedTuple):
    """A mail that is tried now."""

    mail_id: bytes
    kind: MailKind
    sealed: bytes
    created_at: datetime
    tries: int
    """This one included."""


class GivenUpMail(NamedTuple):
    """A mail whose time is over."""

    mail_id: bytes
    kind: MailKind
    tries: int
    fault: str


async def put_mail(
    tx: Transaction, mail_id: bytes, kind: MailKind, sealed: bytes, *, now: datetime, ends_at: datetime
) -> None:
    """Let a mail be sent once the transaction has committed."""
    await tx.execute(load_query("put_mail"), mail_id, kind, sealed, now, ends_at)


async def claim_mail(tx: Transaction, *, now: datetime, until: datetime) -> WaitingMail | None:
    """The mail that is due first, which nobody else tries before ``until``; None if none is due."""
    row = await tx.fetchrow(load_query("claim_mail"), now, until)
    return None if row is None else WaitingMail(*row)


async def write_asked_mail(tx: Transaction, mail_id: bytes, sealed: bytes, *, ends_at: datetime) -> bool:
    """Put the mail in the place of the address that was typed; False if somebody else did."""
    return await tx.fetchval(load_query("write_asked_mail"), mail_id, sealed, ends_at) is not None


async def remove_mail(tx: Transaction, mail_id: bytes) -> None:
    """The mail server has it, or nobody is to get it."""
    await tx.execute(load_query("remove_mail"), mail_id)


async def put_off_mail(tx: Transaction, mail_id: bytes, *, due_at: datetime, fault: str) -> None:
    """Try again later."""
    await tx.execute(load_query("put_off_mail"), mail_id, due_at, fault)


async def give_up_mail(tx: Transaction, mail_id: bytes, *, now: datetime, fault: str) -> None:
    """Try no more, and forget what it says."""
    await tx.execute(load_query("give_up_mail"), mail_id, now, fault)


async def give_up_overdue_mail(tx: Transaction, *, now: datetime) -> list[GivenUpMail]:
    """Try those no more whose time is over."""
    return [GivenUpMail(*row) for row in await tx.fetch(load_query("give_up_overdue_mail"), now)]


async def read_mail_state(tx: Transaction) -> MailState:
    """What waits and what was given up."""
    row = await tx.fetchrow(load_query("read_mail_state"))
    assert row is not None
    return MailState(*row)
