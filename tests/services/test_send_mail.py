"""The outbox: what is put in leaves at least once, and is told of where it cannot."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
import structlog

from heliograph.domain.ids import IdSource
from heliograph.domain.installation_alarms import MAIL_LATE, MailState, Severity, mail_alarms
from heliograph.domain.login_secret import login_hash
from heliograph.domain.mail_texts import TEXTS, SecurityNotice
from heliograph.domain.refusals import TooManyRequests
from heliograph.outbound_mail import SmtpPost
from heliograph.services.keep_house import GIVEN_UP_MAIL_KEPT, KeepHouse
from heliograph.services.mail_desk import TRIED_FOR, MailDesk
from heliograph.services.send_mail import LINK_ENDS, SendMail
from heliograph.storage.database import Database
from heliograph.storage.mail_outbox import read_mail_state
from heliograph.storage.portal_users import (
    choose_tongue,
    create_sign_in_link,
    create_user,
    disable_user,
    find_sign_in_link,
)
from heliograph.storage.sealing import Sealer
from tests.support.mail_server import HANG_UP, SITE, ScriptedMailServer, TakenMail
from tests.support.rows import NOW

KIM = "kim@example.com"
SEALER = Sealer(b"k" * 32)


class Ground:
    """A database, a mail server, and what puts mails in and out."""

    def __init__(self, database: Database, server: ScriptedMailServer) -> None:
        self.database = database
        self.server = server
        self.desk = MailDesk(SEALER, IdSource(b"mails"), site=SITE)
        self.sender = self.another()

    def another(self, *, sealer: Sealer = SEALER, post: bool = True) -> SendMail:
        """A keeper of its own."""
        return SendMail(
            self.database,
            SmtpPost(self.server.settings()) if post else None,
            sealer,
            site=SITE,
            random_bytes=os.urandom,
            draw=lambda: 0.5,
        )

    async def add_user(self, *, language: str | None = None) -> int:
        async with self.database.transaction() as tx:
            user_id = await create_user(tx, name="Kim", email=KIM, is_operator=False, now=NOW)
            assert user_id is not None
            await choose_tongue(tx, user_id, language=language, time_zone=None)
        return user_id

    async def notify(self, now: datetime = NOW) -> None:
        async with self.database.transaction() as tx:
            await self.desk.notify(
                tx, SecurityNotice.PASSKEY_ADDED, email=KIM, name="Kim", language="sv", now=now
            )

    async def ask_reset(self, typed: str = KIM, *, now: datetime = NOW) -> bool:
        return await self.desk.ask_reset(self.database, typed, language="sv", network="192.0.2.1", now=now)

    async def state(self) -> MailState:
        async with self.database.transaction() as tx:
            return await read_mail_state(tx)

    async def waiting(self) -> int:
        async with self.database.transaction() as tx:
            count: int = await tx.fetchval("SELECT count(*) FROM mail_outbox WHERE given_up_at IS NULL")
        return count

    async def due_in(self) -> timedelta:
        async with self.database.transaction() as tx:
            due_at: datetime = await tx.fetchval("SELECT due_at FROM mail_outbox")
        return due_at - NOW


@pytest.fixture
async def ground(database: str) -> AsyncIterator[Ground]:
    async with Database(database) as opened, ScriptedMailServer() as server:
        yield Ground(opened, server)


def link_in(taken: TakenMail) -> str:
    found = re.search(rf"{re.escape(SITE)}/portal/welcome/([\w-]{{43}})", taken.text)
    assert found is not None
    return found[1]


async def test_a_mail_leaves_and_its_row_is_gone(ground: Ground) -> None:
    await ground.notify()
    assert await ground.sender.step(NOW) == 1
    (taken,) = ground.server.taken
    assert (taken.to, taken.message["Subject"]) == (KIM, TEXTS["sv"].notices[SecurityNotice.PASSKEY_ADDED])
    assert (await ground.waiting(), await ground.sender.step(NOW)) == (0, 0)


async def test_without_its_act_there_is_no_mail(ground: Ground) -> None:
    with suppress(RuntimeError):
        async with ground.database.transaction() as tx:
            await ground.desk.notify(
                tx, SecurityNotice.CODES_MADE, email=KIM, name="Kim", language=None, now=NOW
            )
            raise RuntimeError
    assert await ground.sender.step(NOW) == 0


async def test_nothing_of_it_can_be_read_in_the_database(ground: Ground) -> None:
    await ground.add_user()
    await ground.ask_reset()
    ground.server.answers["RCPT"] = "451 4.7.1 <kim@example.com> later"
    async with ground.database.transaction() as tx:
        before = await tx.fetchval("SELECT sealed FROM mail_outbox")
    await ground.sender.step(NOW)
    async with ground.database.transaction() as tx:
        row = await tx.fetchrow("SELECT * FROM mail_outbox")
    for text in (repr(before), repr(dict(row or {}))):
        assert KIM not in text
        assert "welcome" not in text


async def test_a_refusal_that_may_pass_is_tried_again_later_and_later(ground: Ground) -> None:
    await ground.notify()
    ground.server.answers["RCPT"] = lambda times: "451 4.7.1 greylisted" if times < 4 else "250 2.1.5 ok"
    waits, now = [], NOW
    for _ in range(3):
        assert await ground.sender.step(now) == 1
        assert await ground.sender.step(now) == 0, "not before its time"
        waits.append(NOW + await ground.due_in() - now)
        now = NOW + await ground.due_in()
    assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5)]
    assert (await ground.state()).fault == "recipient_refused 451 4.7.1"
    assert await ground.sender.step(now) == 1
    assert (len(ground.server.taken), await ground.waiting()) == (1, 0)


@pytest.mark.parametrize("answer", ["535 5.7.8 wrong password", HANG_UP, "no mail server"])
async def test_what_the_operator_can_mend_is_tried_for_a_day_and_then_given_up(
    ground: Ground, answer: str
) -> None:
    await ground.notify()
    ground.server.answers["CONNECT"] = answer
    now, tries = NOW, 0
    with structlog.testing.capture_logs() as logs:
        while await ground.waiting():
            tries += await ground.sender.step(now)
            now += timedelta(minutes=30)
    assert now - NOW >= TRIED_FOR
    assert 20 <= tries <= 40
    (given_up,) = (entry for entry in logs if entry["event"] == "mail.given_up")
    assert (given_up["log_level"], given_up["kind"], given_up["tries"]) == ("error", "notice", tries)
    assert KIM not in repr(logs)
    state = await ground.state()
    assert (state.given_up, state.waiting_since) == (1, None)
    async with ground.database.transaction() as tx:
        assert await tx.fetchval("SELECT sealed FROM mail_outbox") is None


@pytest.mark.parametrize(("verb", "answer"), [("RCPT", "550 5.1.1 nobody"), ("TEXT", "554 5.7.1 spam")])
async def test_a_mail_that_is_refused_for_good_is_given_up_at_once(
    ground: Ground, verb: str, answer: str
) -> None:
    await ground.notify()
    ground.server.answers[verb] = answer
    await ground.sender.step(NOW)
    state = await ground.state()
    assert (await ground.waiting(), state.given_up, state.last_fault[-9:]) == (0, 1, answer[:9])  # type: ignore[index]
    (alarm,) = mail_alarms(state, now=NOW)
    assert (alarm.kind, alarm.values["count"]) == ("mail_given_up", 1)
    assert alarm.severity == (Severity.NOTICE if verb == "RCPT" else Severity.WARNING)
    async with ground.database.transaction() as tx:
        assert await tx.fetchval("SELECT sealed FROM mail_outbox") is None
    await KeepHouse(ground.database).step(NOW + GIVEN_UP_MAIL_KEPT + timedelta(seconds=1))
    assert (await ground.state()).given_up == 0


async def test_one_that_fails_holds_no_other_up(ground: Ground) -> None:
    await ground.notify()
    await ground.notify()
    ground.server.answers["RCPT"] = lambda times: "451 4.7.1 later" if times == 1 else "250 2.1.5 ok"
    assert [await ground.sender.step(NOW) for _ in range(3)] == [1, 1, 0]
    assert (len(ground.server.taken), await ground.waiting()) == (1, 1)


async def test_keepers_that_work_at_once_send_each_mail_once(ground: Ground) -> None:
    for _ in range(12):
        await ground.notify()
    keepers = [ground.another() for _ in range(4)]
    while await ground.waiting():
        await asyncio.gather(*(keeper.step(NOW) for keeper in keepers))
    ids = [taken.message["Message-ID"] for taken in ground.server.taken]
    assert (len(ids), len(set(ids))) == (12, 12)


async def test_a_mail_whose_keeper_was_lost_is_sent_again_under_the_same_id(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.notify()

    def die(name: str) -> None:
        raise SystemError(name)

    monkeypatch.setattr("heliograph.services.send_mail.failpoint", die)
    with pytest.raises(SystemError):
        await ground.sender.step(NOW)
    monkeypatch.undo()
    assert await ground.another().step(NOW + timedelta(seconds=5)) == 0, "somebody may be at it"
    assert await ground.another().step(NOW + timedelta(minutes=2)) == 1
    first, second = (taken.message["Message-ID"] for taken in ground.server.taken)
    assert (first == second, await ground.waiting()) == (True, 0)


async def test_a_link_that_was_asked_for_takes_the_place_of_those_before(ground: Ground) -> None:
    user_id = await ground.add_user()
    async with ground.database.transaction() as tx:
        await create_sign_in_link(
            tx, login_hash("before"), user_id, "reset", now=NOW, expires_at=NOW + LINK_ENDS
        )
    assert await ground.ask_reset(" Kim@Example.com ") is True
    await ground.sender.step(NOW)
    (taken,) = ground.server.taken
    secret = link_in(taken)
    async with ground.database.transaction() as tx:
        assert await find_sign_in_link(tx, login_hash("before"), now=NOW) is None
        found = await find_sign_in_link(tx, login_hash(secret), now=NOW)
        assert found is not None
        assert (found.user_id, found.kind) == (user_id, "reset")
        assert await find_sign_in_link(tx, login_hash(secret), now=NOW + LINK_ENDS) is None
    assert taken.message["Content-Language"] == "sv", "of the page, since the user has not chosen one"


async def test_a_mail_is_in_the_language_of_whoever_gets_it(ground: Ground) -> None:
    await ground.add_user(language="en")
    await ground.ask_reset()
    await ground.sender.step(NOW)
    assert ground.server.taken[0].message["Subject"] == TEXTS["en"].reset.subject


async def test_the_link_stays_the_same_while_its_mail_is_tried_again(ground: Ground) -> None:
    await ground.add_user()
    await ground.ask_reset()
    ground.server.answers["TEXT"] = lambda times: "451 4.3.0 later" if times < 3 else "250 2.0.0 ok"
    links = []
    for minutes in (0, 2, 5):
        await ground.sender.step(NOW + timedelta(minutes=minutes))
        async with ground.database.transaction() as tx:
            links += await tx.fetch("SELECT link_hash FROM sign_in_link WHERE used_at IS NULL")
    assert len(set(links)) == 1
    assert await ground.waiting() == 0


async def test_a_mail_whose_link_has_ended_is_not_sent_any_more(ground: Ground) -> None:
    await ground.add_user()
    await ground.ask_reset()
    ground.server.answers["RCPT"] = "451 4.3.0 later"
    await ground.sender.step(NOW)
    ground.server.answers.clear()
    assert await ground.sender.step(NOW + LINK_ENDS) == 0
    assert (ground.server.taken, (await ground.state()).given_up) == ([], 1)


async def test_nobody_gets_a_link_who_is_not_there_or_disabled(ground: Ground) -> None:
    user_id = await ground.add_user()
    async with ground.database.transaction() as tx:
        await disable_user(tx, user_id, now=NOW)
    for typed in (KIM, "nobody@example.com"):
        assert await ground.ask_reset(typed) is True
        assert await ground.sender.step(NOW) == 1
    assert (ground.server.commands, await ground.waiting(), (await ground.state()).given_up) == ([], 0, 0)
    async with ground.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM sign_in_link") == 0


async def test_asking_too_often_waits_whoever_has_the_address(ground: Ground) -> None:
    await ground.add_user()
    for typed in (KIM, "nobody@example.com"):
        for _ in range(4):
            await ground.ask_reset(typed)
        with pytest.raises(TooManyRequests) as refused:
            await ground.ask_reset(typed)
        assert refused.value.retry_after > 0
    assert await ground.waiting() == 8


async def test_what_was_sealed_with_another_key_is_given_up(ground: Ground) -> None:
    await ground.notify()
    assert await ground.another(sealer=Sealer(b"another key " * 2)).step(NOW) == 1
    assert (await ground.state()).last_fault == "unreadable"


async def test_without_a_mail_server_what_waits_is_given_up_in_the_end(ground: Ground) -> None:
    await ground.notify()
    nobody = ground.another(post=False)
    assert (await nobody.step(NOW), await ground.waiting()) == (0, 1)
    (late,) = mail_alarms(await ground.state(), now=NOW + MAIL_LATE)
    assert (late.kind, late.values) == ("mail_late", {"minutes": 15, "fault": "never_tried"})
    assert list(mail_alarms(await ground.state(), now=NOW + MAIL_LATE - timedelta(seconds=1))) == []
    await nobody.step(NOW + TRIED_FOR)
    assert (await ground.state()).given_up == 1


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_every_mail_is_written_in_every_language(language: str) -> None:
    texts, english = TEXTS[language], TEXTS["en"]
    places = re.compile(r"%\((\w+)\)s")
    for name in ("invitation", "reset", "notice", "trial"):
        mine, theirs = getattr(texts, name), getattr(english, name)
        for part in (0, 1):
            assert sorted(places.findall(mine[part])) == sorted(places.findall(theirs[part])), name
    assert set(texts.notices) == set(SecurityNotice)
    assert places.findall(texts.advice) == places.findall(english.advice) == ["site"]
    if language != "en":
        written = [*texts.notices.values(), texts.invitation.text, texts.reset.text, texts.trial.text]
        assert not set(written) & {*english.notices.values(), english.invitation.text, english.reset.text}
