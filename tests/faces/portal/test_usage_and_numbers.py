"""The ledger of an account, page by page and as a file; the numbers that reach it."""

import csv
import html
import io
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from heliograph.domain.portal_rights import Role
from heliograph.services.count_traffic import CountTraffic
from heliograph.storage.accounts import top_up
from heliograph.storage.database import Database
from heliograph.storage.inbound_numbers import add_keyword, add_number, find_numbers
from tests.support.accepting import utc_now
from tests.support.rows import IDS, insert_account
from tests.support.served_portal import PortalClient, ServedPortal


async def entries(portal: ServedPortal, count: int) -> None:
    """Top-ups of 1, 2, 3 ... whole units."""
    async with portal.database.transaction() as tx:
        for number in range(1, count + 1):
            await top_up(
                tx,
                portal.started.account_id,
                number * 1_000_000,
                note=f"=Invoice {number}",
                now=utc_now(),
                ids=IDS,
            )


async def test_entries_are_listed_newest_first_page_by_page(
    portal: ServedPortal, owner: PortalClient
) -> None:
    await entries(portal, 60)
    first = (await owner.get("/portal/usage")).text
    assert "=Invoice 60" in first
    assert "=Invoice 10<" not in first
    following = re.search(r'href="(/portal/usage\?first=[^"]*before=[^"]*)"', first)
    assert following
    second = (await owner.get(html.unescape(following[1]))).text
    assert "=Invoice 10<" in second
    assert "=Invoice 60" not in second


async def test_a_charge_leads_to_what_it_covers(portal: ServedPortal, owner: PortalClient) -> None:
    sent = await portal.api.post({"sender": "iP1", "recipients": ["46701740605"], "body": "x"})
    batch_id = sent.headers["location"].rpartition("/")[2]
    shown = (await owner.get("/portal/usage")).text
    leads = re.search(r'href="(/portal/batches\?after=[0-9a-f]{24})"', shown)
    assert leads
    assert batch_id in (await owner.get(leads[1])).text


async def test_the_file_has_every_entry_and_runs_nothing(portal: ServedPortal, owner: PortalClient) -> None:
    await entries(portal, 3)
    sent = await portal.api.post({"sender": "iP1", "recipients": ["46701740605"], "body": "x"})
    assert sent.status == 201
    answer = await owner.get("/portal/usage/ledger.csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="ledger-ip1-10001-')
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert sorted(row["kind"] for row in rows) == ["charge", "top_up", "top_up", "top_up", "top_up"]
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal("1005.65")
    assert "'=Invoice 3" in {row["note"] for row in rows}


@pytest.mark.parametrize("query", ["first=never", "first=9999-01-01&last=0001-01-01", "before=zz"])
async def test_days_that_cannot_be_read_are_the_last_thirty(owner: PortalClient, query: str) -> None:
    assert (await owner.get(f"/portal/usage?{query}")).status_code == 200


async def test_days_show_what_was_sent_and_what_it_cost(
    portal: ServedPortal, owner: PortalClient, database: str
) -> None:
    for recipients in (["46701740605", "46701740606"], ["46701740607", "123"]):
        sent = await portal.api.post(
            {"sender": "iP1", "recipients": recipients, "body": "x" * 161, "datacoding": "gsm"}
        )
        assert sent.status == 201
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE message SET code = 201, history = '\\x00' WHERE recipient = '46701740605'")
        await tx.execute("UPDATE message SET code = 511 WHERE recipient = '46701740606'")
        await tx.execute("UPDATE message SET code = 203, refunded = true WHERE recipient = '46701740607'")
    expected = ["4", "6", "1", "2", "0", "1.4"]
    for is_counted in (False, True):
        if is_counted:
            async with Database(database) as pools:
                while await CountTraffic(pools).step(utc_now() + timedelta(hours=2)):
                    pass
        answer = await owner.get("/portal/usage/days.csv")
        (day,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
        assert day["day"] == utc_now().date().isoformat()
        assert list(day.values())[1:7] == expected, is_counted
        shown = " ".join(re.sub(r"<[^>]+>", " ", (await owner.get("/portal/usage")).text).split())
        assert f"{day['day']} 4 6 1 2 0 1.40 SEK" in shown
    yesterday = utc_now().date() - timedelta(days=1)
    earlier = (await owner.get(f"/portal/usage?first={yesterday}&last={yesterday}")).text
    assert 'data-label="Day"' not in earlier


async def test_days_outside_are_left_out(portal: ServedPortal, owner: PortalClient) -> None:
    before = (utc_now() - timedelta(days=2)).date()
    answer = await owner.get(f"/portal/usage/ledger.csv?first={before}&last={before}")
    assert list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))) == []


async def test_money_is_for_those_who_see_it(portal: ServedPortal) -> None:
    for role, status in ((Role.BILLING, 200), (Role.DEVELOPER, 403), (Role.READ_ONLY, 403)):
        async with portal.client(await portal.sign_in(role)) as client:
            assert (await client.get("/portal/usage")).status_code == status
            assert (await client.get("/portal/usage/ledger.csv")).status_code == status


async def test_keywords_on_a_shared_number_are_taken_and_given_up(
    portal: ServedPortal, owner: PortalClient
) -> None:
    mine, shared = portal.started.account_id, "46701740691"
    async with portal.database.transaction() as tx:
        await insert_account(tx, 2)
        for number in (shared, "46701740692"):
            await add_number(tx, number, account_id=None, shared=True, now=utc_now())
        await add_keyword(tx, shared, "shop", mine)
        await add_keyword(tx, shared, "taxi", 2)
    taken = await owner.post("/portal/numbers/keywords", {"number": shared, "keyword": " Pizza! "})
    assert (taken.status_code, taken.headers["location"]) == (303, "/portal/numbers")
    for keyword, said in (
        ("TAXI", "is taken"),
        ("two words", "one word"),
        ("", "one word"),
        ("Stop", "nobody can"),
    ):
        refused = await owner.post("/portal/numbers/keywords", {"number": shared, "keyword": keyword})
        assert (refused.status_code, said in refused.text) == (400, True), keyword
    elsewhere = {"number": "46701740692", "keyword": "pizza"}
    assert (await owner.post("/portal/numbers/keywords", elsewhere)).status_code == 404
    for keyword, status in (("taxi", 404), ("pizza", 303), ("shop", 303)):
        freed = await owner.post("/portal/numbers/keywords/free", {"number": shared, "keyword": keyword})
        assert freed.status_code == status, keyword
    async with portal.database.transaction() as tx:
        found = await find_numbers(tx, [shared])
    assert found[shared].keywords == {"shop": mine, "taxi": 2}  # the last one stays: it keeps the number
    async with portal.client(await portal.sign_in(Role.SENDER)) as client:
        assert "Take a keyword" not in (await client.get("/portal/numbers")).text
        assert (await client.post("/portal/numbers/keywords", {"number": shared})).status_code == 403


async def test_numbers_and_keywords_of_the_account_alone(portal: ServedPortal, owner: PortalClient) -> None:
    assert "No number yet" in (await owner.get("/portal/numbers")).text
    async with portal.database.transaction() as tx:
        await insert_account(tx, 2)
        await add_number(tx, "46701740690", account_id=portal.started.account_id, shared=False, now=utc_now())
        await add_number(tx, "46701740691", account_id=None, shared=True, now=utc_now())
        await add_number(tx, "46701740692", account_id=2, shared=False, now=utc_now())
        await add_keyword(tx, "46701740691", "pizza", portal.started.account_id)
        await add_keyword(tx, "46701740691", "sushi", 2)
    shown = (await owner.get("/portal/numbers")).text
    assert all(word in shown for word in ("46701740690", "46701740691", "pizza", "every message"))
    assert not any(word in shown for word in ("46701740692", "sushi"))
