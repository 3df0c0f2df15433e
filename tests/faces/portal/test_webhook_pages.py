"""Webhooks on their page: the URL for incoming messages, secrets, what fails, and delivering it again."""

import re
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect
from standardwebhooks import Webhook

from heliograph.domain.portal_rights import Role
from heliograph.domain.report_events import (
    Attempt,
    Destination,
    RetryEvents,
    StoredEvent,
    encode_events,
)
from heliograph.domain.report_url import bucket_of
from heliograph.services.webhook_rotation import MOST_SECRETS
from heliograph.storage.database import Transaction
from heliograph.storage.webhook_secrets import StoredSecret, list_secrets
from tests.support.accepting import utc_now
from tests.support.report_receiver import ReportReceiver
from tests.support.rows import IDS, insert_account, insert_batch
from tests.support.served_portal import PortalClient, ServedPortal, opened_page, screenshot_path

WEBHOOKS = "/portal/webhooks"
ORIGIN = "https://shop.example:443"
BUCKET = bucket_of(ORIGIN)


async def insert_failure(tx: Transaction, account_id: int) -> None:
    """An origin that is disabled, a report that was given up for it, and the last attempt."""
    now = utc_now()
    message_id = IDS.new(int(now.timestamp()))
    at_ms = int(now.timestamp() * 1000)
    event = StoredEvent(message_id, message_id, 4, 201, at_ms, "46701740605", 1, 350_000, 0)
    await tx.execute(
        "INSERT INTO report_origin VALUES ($1, $2, $3, 900, $4, NULL, $5)",
        BUCKET,
        account_id,
        ORIGIN,
        now - timedelta(days=5),
        now,
    )
    await tx.execute(
        "INSERT INTO report_retry VALUES ($1, $2, $3, $4, 17, $5, $5, true, $6)",
        BUCKET,
        message_id,
        account_id,
        ORIGIN,
        now,
        encode_events(RetryEvents("SEK", Destination(f"{ORIGIN}/reports", None), [event])),
    )
    await tx.execute(
        "INSERT INTO report_attempt VALUES ($1, $2, $3, $4, $3, $3, $5)",
        BUCKET,
        now.date(),
        message_id,
        account_id,
        encode_events([Attempt(message_id, 4, 201, 17, at_ms, 503, 81, "The server <b>answered</b> 503.")]),
    )


async def secrets_of(portal: ServedPortal) -> list[StoredSecret]:
    async with portal.database.transaction() as tx:
        return await list_secrets(tx, portal.started.account_id, now=utc_now())


async def audited(portal: ServedPortal, action: str) -> int:
    async with portal.database.transaction() as tx:
        count: int = await tx.fetchval("SELECT count(*) FROM audit_entry WHERE action = $1", action)
    return count


async def test_the_url_for_incoming_messages_is_chosen_and_removed(
    portal: ServedPortal, owner: PortalClient
) -> None:
    url = "https://shop.example/incoming?token=4711"
    assert (await owner.post(f"{WEBHOOKS}/incoming", {"incoming_url": url})).status_code == 303
    assert url in (await owner.get(WEBHOOKS)).text
    assert await audited(portal, "webhook.url_changed") == 1
    assert (await owner.post(f"{WEBHOOKS}/incoming", {"incoming_url": ""})).status_code == 303
    assert url not in (await owner.get(WEBHOOKS)).text
    assert await audited(portal, "webhook.url_removed") == 1


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://shop.example/in", "The URL must start with https://"),
        ("https://10.0.0.1/in", "is private"),
        ("https://localhost/in", "this machine itself"),
        ("nonsense", "The URL must start with"),
    ],
)
async def test_a_wrong_url_stays_in_its_field_with_the_fault(
    owner: PortalClient, url: str, sentence: str
) -> None:
    refused = await owner.post(f"{WEBHOOKS}/incoming", {"incoming_url": url})
    assert refused.status_code == 400
    assert sentence in refused.text
    assert f'value="{url}"' in refused.text


async def test_a_secret_is_made_shown_once_and_the_old_one_removed(
    portal: ServedPortal, owner: PortalClient
) -> None:
    (first,) = await secrets_of(portal)
    made = await owner.post(f"{WEBHOOKS}/secrets")
    assert made.status_code == 200
    (shown,) = set(re.findall(r"whsec_[\w+/&#;]+", made.text))
    assert shown not in (await owner.get(WEBHOOKS)).text
    newest, old = await secrets_of(portal)
    assert (old.secret_id, newest.expires_at) == (first.secret_id, None)
    in_use = await owner.post(f"{WEBHOOKS}/secrets/{newest.secret_id}/remove")
    assert in_use.status_code == 409
    assert "The newest secret signs your reports" in in_use.text
    assert (await owner.post(f"{WEBHOOKS}/secrets/{old.secret_id}/remove")).status_code == 303
    assert await secrets_of(portal) == [newest]
    assert (await owner.post(f"{WEBHOOKS}/secrets/{old.secret_id}/remove")).status_code == 404
    assert await audited(portal, "webhook.secret_made") == 1
    assert await audited(portal, "webhook.secret_removed") == 1


async def test_too_many_secrets_are_refused_in_words(owner: PortalClient) -> None:
    for _ in range(MOST_SECRETS - 1):
        assert (await owner.post(f"{WEBHOOKS}/secrets")).status_code == 200
    refused = await owner.post(f"{WEBHOOKS}/secrets")
    assert refused.status_code == 409
    assert "Remove an old one first." in refused.text


async def test_what_fails_is_shown_and_delivered_again(portal: ServedPortal, owner: PortalClient) -> None:
    assert "Nothing fails" in (await owner.get(WEBHOOKS)).text
    async with portal.database.transaction() as tx:
        await insert_failure(tx, portal.started.account_id)
    shown = (await owner.get(WEBHOOKS)).text
    assert ORIGIN in shown
    assert "The server &lt;b&gt;answered&lt;/b&gt; 503." in shown
    links = re.findall(rf'href="({WEBHOOKS}/attempts/[0-9a-f]+-0)"', shown)
    assert len(links) == 2, "at the address that fails, and among all attempts"
    assert "503" in (await owner.get(links[0])).text
    assert (await owner.post(f"{WEBHOOKS}/replay", {"origin": ORIGIN})).status_code == 303
    assert "Nothing fails" in (await owner.get(WEBHOOKS)).text
    async with portal.database.transaction() as tx:
        queued = await tx.fetch("SELECT account_id, origin, event_count FROM report_block")
    assert [tuple(row) for row in queued] == [(portal.started.account_id, ORIGIN, 1)]
    assert await audited(portal, "webhook.replayed") == 1


async def test_the_reports_of_a_batch_are_sent_again(portal: ServedPortal, owner: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        batch_id, _ = await insert_batch(
            tx, portal.started.account_id, url=f"{ORIGIN}/reports", code=402, created_at=utc_now()
        )
        await insert_account(tx, 2)
        foreign, _ = await insert_batch(tx, 2, url=f"{ORIGIN}/reports", code=402)
    again = f"{WEBHOOKS}/again"
    for faulty, sentence in (
        ({}, "Name a batch or a time."),
        ({"batch_id": "x"}, "An id has 24 digits"),
        ({"batch_id": foreign.hex()}, "There is no such batch."),
        ({"created_from": "monday"}, "Choose a day and a time."),
    ):
        refused = await owner.post(again, faulty)
        assert (refused.status_code, sentence in refused.text) == (400, True)
    assert (await owner.post(again, {"batch_id": batch_id.hex()})).status_code == 303
    assert "Reports that are on their way: 1." in (await owner.get(WEBHOOKS)).text
    span = {"created_from": "2020-01-01T00:00", "created_to": "2020-01-02T00:00"}
    assert (await owner.post(again, span)).status_code == 303
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT sum(event_count) FROM report_block") == 1
    assert await audited(portal, "webhook.replayed") == 1


async def test_another_accounts_failures_are_as_absent_as_none(portal: ServedPortal) -> None:
    async with portal.database.transaction() as tx:
        await insert_account(tx, 2)
        await insert_failure(tx, portal.started.account_id)
    (secret,) = await secrets_of(portal)
    async with portal.client(await portal.sign_in(Role.OWNER, account_id=2)) as stranger:
        assert ORIGIN not in (await stranger.get(WEBHOOKS)).text
        answers = [
            await stranger.post(f"{WEBHOOKS}/replay", {"origin": ORIGIN}),
            await stranger.post(f"{WEBHOOKS}/secrets/{secret.secret_id}/remove"),
        ]
    assert [answer.status_code for answer in answers] == [404, 404]


async def test_only_who_may_manages_webhooks(portal: ServedPortal) -> None:
    async with portal.client(await portal.sign_in(Role.SENDER)) as client:
        assert (await client.get(WEBHOOKS)).status_code == 403
        assert (await client.post(f"{WEBHOOKS}/secrets")).status_code == 403


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
async def test_the_page_in_a_browser(
    portal: ServedPortal, browser: Browser, screenshots: Path, phone: bool, dark: bool
) -> None:
    async with portal.database.transaction() as tx:
        await insert_failure(tx, portal.started.account_id)
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, await portal.sign_in(), phone=phone, dark=dark) as watched,
    ):
        page = watched.page
        await page.goto(WEBHOOKS)
        found = await Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        shot = screenshot_path(screenshots, "webhooks", phone=phone, dark=dark)
        await page.screenshot(path=shot, full_page=True)
        await page.get_by_role("button", name="Deliver what was missed").click()
        await expect(page.locator("#main")).to_contain_text("is being delivered now")
        await page.get_by_role("button", name="Make a new secret").click()
        await page.get_by_role("dialog").get_by_role("button", name="Make a new secret").click()
        await expect(page.locator("#main")).to_contain_text("whsec_")
        shot = screenshot_path(screenshots, "webhook-secret", phone=phone, dark=dark)
        await page.screenshot(path=shot, full_page=True)
        found = await Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        assert watched.faults == []


async def test_a_test_report_is_signed_and_its_answer_is_shown(
    portal: ServedPortal, owner: PortalClient
) -> None:
    async with ReportReceiver() as receiver:
        shown = await owner.post(f"{WEBHOOKS}/test", {"url": receiver.url})
        (received,) = await receiver.wait_for(1, seconds=10)
    assert "Your server took it: 200" in shown.text
    assert Webhook(portal.started.webhook_secret).verify(received.body, received.headers)
    document = msgspec.json.decode(received.body)
    assert (document["reference"], document["code"], document["messageId"]) == ("test report", 201, "0" * 24)
    assert document["currency"] == "sek"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "URL"),
        ("ftp://shop.example/x", "URL"),
        ("https://192.168.0.1/x", "is private"),
        ("http://127.0.0.1:49151/x", "Nothing came back."),
    ],
)
async def test_what_cannot_be_called_is_said(owner: PortalClient, url: str, sentence: str) -> None:
    answer = await owner.post(f"{WEBHOOKS}/test", {"url": url})
    assert sentence in answer.text
    assert answer.status_code == (200 if "127.0.0.1" in url else 400)


async def test_nobody_is_called_again_and_again(owner: PortalClient) -> None:
    for _ in range(6):
        assert (await owner.post(f"{WEBHOOKS}/test", {"url": "http://127.0.0.1:49151/x"})).status_code == 200
    seventh = await owner.post(f"{WEBHOOKS}/test", {"url": "http://127.0.0.1:49151/x"})
    assert (seventh.status_code, "six test reports a minute" in seventh.text) == (400, True)
