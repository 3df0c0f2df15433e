"""Conversations as a chat: who is listed, what is shown, answers that are sent once."""

import re

from heliograph.domain.ids import IdSource
from heliograph.domain.portal_rights import Role
from heliograph.storage.database import connect
from tests.support.accepting import utc_now
from tests.support.rows import insert_account, insert_batch
from tests.support.served_portal import PortalClient, ServedPortal

PHONE, OURS = "46701740605", "46701740699"


async def send(portal: ServedPortal, body: str, *recipients: str) -> None:
    request = {"sender": "iP1", "recipients": list(recipients or [PHONE]), "body": body}
    assert (await portal.api.post(request)).status == 201


async def take_in(dsn: str, account_id: int, sender: str) -> bytes:
    connection = await connect(dsn)
    try:
        _, messages = await insert_batch(
            connection,
            account_id,
            sender=sender,
            recipients=[OURS],
            code=201,
            price=0,
            incoming=True,
            created_at=utc_now(),
            ids=IdSource(b"inbox"),
        )
    finally:
        await connection.close()
    return messages[0]


def opened(listed: str) -> str:
    address: str = re.findall(r"/portal/conversations/[0-9a-f]{24}", listed)[0]
    return address


async def test_a_campaign_never_hides_an_answer(
    portal: ServedPortal, owner: PortalClient, database: str
) -> None:
    assert "Nobody to talk to yet" in (await owner.get("/portal/conversations")).text
    await take_in(database, portal.started.account_id, "46701740650")
    await send(portal, "Sale!", *(f"467017406{n:02}" for n in range(10, 40)))
    listed = (await owner.get("/portal/conversations")).text
    assert "46701740650" in listed
    assert "46701740610" in listed


async def test_a_conversation_shows_both_sides_and_no_number_in_its_address(
    portal: ServedPortal, owner: PortalClient, database: str
) -> None:
    await take_in(database, portal.started.account_id, PHONE)
    await send(portal, "How are <b>you</b>?")
    found = await owner.post("/portal/conversations/find", {"participant": f"+{PHONE}"})
    address = found.headers["location"]
    assert PHONE not in address
    shown = (await owner.get(address)).text
    assert "How are &lt;b&gt;you&lt;/b&gt;?" in shown
    assert "0.35\N{NO-BREAK SPACE}SEK a segment." in shown
    assert f"to {OURS}" in shown
    assert "from iP1" in shown


async def test_a_name_says_that_it_cannot_be_answered(
    portal: ServedPortal, owner: PortalClient, database: str
) -> None:
    await take_in(database, portal.started.account_id, "Bank")
    shown = (await owner.get(opened((await owner.get("/portal/conversations")).text))).text
    assert "Bank is a name: only numbers can be answered." in shown
    assert "<textarea" not in shown


async def test_an_answer_is_sent_once(portal: ServedPortal, owner: PortalClient) -> None:
    await send(portal, "Hello")
    address = opened((await owner.get("/portal/conversations")).text)
    fields = {"text": "Once only", "sender": "iP1", "once": "a" * 32}
    for _ in range(2):
        assert (await owner.post(f"{address}/reply", fields)).headers["location"] == address
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM batch WHERE body = 'Once only'") == 1
    assert "Once only" in (await owner.get(f"{address}/messages")).text


async def test_what_cannot_be_sent_comes_back_with_its_text(
    portal: ServedPortal, owner: PortalClient
) -> None:
    await send(portal, "Hello")
    address = opened((await owner.get("/portal/conversations")).text)
    refused = await owner.post(
        f"{address}/reply", {"text": "Kept as typed", "sender": "Nobody", "once": "b" * 32}
    )
    assert (refused.status_code, "Kept as typed" in refused.text) == (400, True)


async def test_an_answer_beyond_the_daily_cap_says_so_and_keeps_its_text(
    portal: ServedPortal, owner: PortalClient
) -> None:
    await send(portal, "Hello")
    address = opened((await owner.get("/portal/conversations")).text)
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE account SET daily_cap = 0")
    portal.context.accounts.forget(portal.started.account_id)
    answer = await owner.post(f"{address}/reply", {"text": "See you at nine", "sender": "iP1"})
    assert answer.status_code == 400
    assert "a day, and this batch would pass that" in answer.text
    assert "See you at nine</textarea>" in answer.text


async def test_numbers_that_were_never_written_to_and_such_as_are_none(owner: PortalClient) -> None:
    never = await owner.post("/portal/conversations/find", {"participant": "46701740611"})
    assert (never.status_code, "Nothing was exchanged" in never.text) == (400, True)
    assert (await owner.post("/portal/conversations/find", {"participant": "pizza"})).status_code == 400


async def test_older_messages_come_when_they_are_asked_for(portal: ServedPortal, owner: PortalClient) -> None:
    for number in range(32):
        await send(portal, f"Number {number};")
    address = opened((await owner.get("/portal/conversations")).text)
    newest = (await owner.get(address)).text
    assert "Number 31;" in newest
    assert "Number 1;" not in newest
    older = re.findall(r"messages\?before=[0-9a-f]{24}", newest)[0]
    assert "Number 1;" in (await owner.get(f"{address}/{older}")).text


async def test_another_accounts_conversation_is_absent_and_readers_do_not_write(
    portal: ServedPortal, owner: PortalClient, database: str
) -> None:
    async with portal.database.transaction() as tx:
        await insert_account(tx, 2)
    theirs = (await take_in(database, 2, PHONE)).hex()
    absent = "0" * 24
    for path in ("", "/messages"):
        answer = await owner.get(f"/portal/conversations/{theirs}{path}")
        never = await owner.get(f"/portal/conversations/{absent}{path}")
        assert (answer.status_code, never.status_code) == (404, 404)
        assert answer.text.replace(theirs, absent) == never.text
    assert (await owner.post(f"/portal/conversations/{theirs}/reply", {"text": "x"})).status_code == 404
    async with portal.client(await portal.sign_in(Role.READ_ONLY)) as reader:
        assert (await reader.get("/portal/conversations")).status_code == 200
        assert (await reader.post(f"/portal/conversations/{absent}/reply")).status_code == 403


async def test_people_are_called_by_their_contacts_and_the_list_is_live(
    portal: ServedPortal, owner: PortalClient, database: str
) -> None:
    async with portal.database.transaction() as tx:
        await insert_account(tx, 10_077)
        for account_id, contact_id, properties in (
            (portal.started.account_id, b"a" * 12, '{"Firstname": "Åsa", "lastname": "Ek"}'),
            (10_077, b"b" * 12, '{"name": "Not mine"}'),
        ):
            await tx.execute(
                "INSERT INTO contact (account_id, contact_id, msisdn, properties, metadata, created_at,"
                " modified_at) VALUES ($1, $2, '46701740605', $3::text::jsonb, '{}', now(), now())",
                account_id,
                contact_id,
                properties,
            )
    await send(portal, "Hello there", "46701740605", "46701740606")
    for path in ("/portal/conversations", "/portal/live/conversations"):
        shown = (await owner.get(path)).text
        assert "<b>Åsa Ek</b></a><br><small>46701740605</small>" in shown
        assert "<b>46701740606</b>" in shown
        assert "Not mine" not in shown
    address = re.search(r'href="(/portal/conversations/[0-9a-f]{24})"><b>Åsa', shown)
    assert address is not None
    assert "<h1>Åsa Ek</h1>" in (await owner.get(address[1])).text
    await take_in(database, portal.started.account_id, "46701740650")
    assert "answer" in (await owner.get("/portal/live/conversations")).text
