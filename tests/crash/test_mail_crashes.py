"""A keeper that dies between the mail server's answer and its own record: twice is allowed, lost is not."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from heliograph.domain.ids import IdSource
from heliograph.domain.mail_texts import SecurityNotice
from heliograph.services.mail_desk import MailDesk
from heliograph.storage.database import Database
from heliograph.storage.sealing import Sealer
from tests.crash.installation import SECRET_KEY
from tests.crash.member import Member
from tests.support.accepting import utc_now
from tests.support.mail_server import HOST, SENDER, SITE, ScriptedMailServer

KIM = "kim@example.com"
LEASE = timedelta(minutes=10)
"""Longer than a keeper holds a mail with the timeout below."""


@pytest.mark.acceptance
async def test_a_mail_is_sent_twice_rather_than_lost(database: str, tmp_path: Path) -> None:
    desk = MailDesk(Sealer(bytes.fromhex(SECRET_KEY)), IdSource(b"mails"), site=SITE)
    async with ScriptedMailServer() as server, Database(database) as opened:
        async with opened.transaction() as tx:
            await desk.notify(
                tx, SecurityNotice.CODES_MADE, email=KIM, name="Kim", language=None, now=utc_now()
            )
        environment = {
            "HELIOGRAPH_DATABASE_URL": database,
            "HELIOGRAPH_SECRET_KEY": SECRET_KEY,
            "HELIOGRAPH_MAIL_HOST": HOST,
            "HELIOGRAPH_MAIL_PORT": str(server.port),
            "HELIOGRAPH_MAIL_SECURITY": "none",
            "HELIOGRAPH_MAIL_FROM_ADDRESS": SENDER,
            "HELIOGRAPH_HTTP_PUBLIC_URL": SITE,
        }
        keeper = Member("keeper", environment, tmp_path / "keeper.log")
        keeper.start("mail_sent:1")
        try:
            async with asyncio.timeout(60):
                while not keeper.deaths:
                    await asyncio.sleep(0.05)
                assert len(server.taken) == 1
                async with opened.transaction() as tx:
                    still_there = await tx.fetchval("SELECT count(*) FROM mail_outbox WHERE tries = 1")
                    await tx.execute("UPDATE mail_outbox SET due_at = due_at - $1::interval", LEASE)
                assert still_there == 1
                while len(server.taken) < 2 or await _waiting(opened):
                    await asyncio.sleep(0.05)
        finally:
            await keeper.stop()
        assert keeper.ended_with == []
    first, second = server.taken
    assert (first.to, first.message["Message-ID"]) == (KIM, second.message["Message-ID"])
    assert KIM not in (tmp_path / "keeper.log").read_text()


async def _waiting(database: Database) -> int:
    async with database.transaction() as tx:
        count: int = await tx.fetchval("SELECT count(*) FROM mail_outbox")
    return count
