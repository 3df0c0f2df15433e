"""Queues, alarms and health, as operators see them."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from heliograph.domain.alarm_texts import ALARM_TEXTS
from heliograph.domain.portal_rights import Role
from heliograph.faces.portal.translations import LANGUAGES, catalog
from heliograph.storage.database import Database, Purpose
from heliograph.storage.process_sessions import ProcessName
from tests.support.accepting import utc_now
from tests.support.served_portal import PortalClient, ServedPortal

QUEUES = "/portal/operator/queues"
ALARMS = "/portal/operator/alarms"
HEALTH = "/portal/operator/health"


async def trouble(portal: ServedPortal) -> None:
    """Everything that an operator must hear of, in one database."""
    now = utc_now()
    async with portal.database.transaction() as tx:
        carrier_id = await tx.fetchval("SELECT min(carrier_id) FROM carrier")
        await tx.execute(
            "UPDATE carrier SET name = 'telco', bind_count = 2 WHERE carrier_id = $1", carrier_id
        )
        for number, (state, opens) in enumerate(((1, 30), (0, 20), (3, 10))):
            await tx.execute(
                "INSERT INTO lot (carrier_id, lot_id, account_id, priority, state, fair_position, opens_at,"
                " closes_at, segment_count, first_id, last_id, payload)"
                " VALUES ($1, $2, 10001, 1, $3, 0, $4, $5, 40, '\\x00', '\\x01', '\\x00')",
                carrier_id,
                bytes([number] * 12),
                state,
                now - timedelta(minutes=opens),
                now + timedelta(hours=1),
            )
        await tx.execute(
            "INSERT INTO in_doubt (carrier_id, message_id, segment, segments, account_id, recipient,"
            " submitted_at, noted_at, closes_at)"
            " VALUES ($1, '\\x00', 0, 1, 10001, '46712345678', $2, $2, $3)",
            carrier_id,
            now,
            now + timedelta(hours=1),
        )
        await tx.execute(
            "INSERT INTO report_origin (bucket, account_id, origin, failures, failing_since, disabled_at)"
            " VALUES (1, 10001, 'https://dead.example', 9, $1, $1),"
            " (2, 10001, 'https://slow.example', 3, $1, NULL)",
            now - timedelta(hours=2),
        )
        await tx.execute(
            "INSERT INTO report_block (bucket, block_id, account_id, origin, due_at, event_count, events)"
            " VALUES (2, '\\x00', 10001, 'https://slow.example', $1, 12, '\\x00')",
            now,
        )
        await tx.execute(
            "INSERT INTO report_retry (bucket, message_id, account_id, origin, tries, first_try, due_at,"
            " parked, events) VALUES (2, '\\x01', 10001, 'https://slow.example', 2, $1, $1, false, '\\x00'),"
            " (2, '\\x02', 10001, 'https://slow.example', 9, $1, $1, true, '\\x00')",
            now,
        )
        await tx.execute("UPDATE balance SET amount = -1 WHERE account_id = 10001")
        await tx.execute("DELETE FROM price WHERE prefix = ''")
        await tx.execute("UPDATE price SET amount = 0")
        await tx.execute(
            "INSERT INTO price SELECT price_list_id, '46', 0 FROM price_list ON CONFLICT DO NOTHING"
        )


async def test_queues_show_depth_age_and_loose_ends(portal: ServedPortal, operator: PortalClient) -> None:
    assert "Nothing waits for a carrier." in (await operator.get(QUEUES)).text
    await trouble(portal)
    page = (await operator.get(QUEUES)).text
    for told in (
        "telco",
        ">120<",
        "30\N{NO-BREAK SPACE}min",
        "https://slow.example",
        ">12<",
        "https://dead.example",
        "Switched off",
    ):
        assert told in page
    live = (await operator.get("/portal/operator/live/queues")).text
    assert "<html" not in live
    for told in ("telco", "https://slow.example", "once it is switched on", "Loose ends"):
        assert told in live


async def test_when_a_failing_address_is_tried_next_is_said(
    portal: ServedPortal, operator: PortalClient
) -> None:
    await trouble(portal)
    slow = r"https://slow\.example</code></td>(?:(?!</tr>).)*Next try\">(.*?)</td></tr>"

    async def told() -> str:
        cells = re.findall(slow, (await operator.get(QUEUES)).text, re.S)
        return re.sub(r"<[^>]+>", "", cells[-1])

    assert await told() == "now"
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE report_retry SET due_at = '2099-01-02 03:04:05Z' WHERE NOT parked")
        await tx.execute("UPDATE report_block SET due_at = '2099-01-03 03:04:05Z'")
    assert await told() == "2099-01-02 03:04:05"
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE report_origin SET open_until = '2099-02-03 04:05:06Z'")
    assert await told() == "2099-02-03 04:05:06"
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM report_retry")
        await tx.execute("DELETE FROM report_block")
    assert await told() == "with its next report"


async def test_alarms_say_what_to_do_and_are_counted(portal: ServedPortal, operator: PortalClient) -> None:
    await trouble(portal)
    page = (await operator.get(ALARMS)).text
    for told in (
        "telco is not bound",
        "Messages have waited 30 minutes for telco",
        "Housekeeping is late by",
        "Segments in doubt at telco: 1",
        "to https://dead.example are not delivered any more",
        "to https://slow.example have failed for 120 minutes",
        "ip1-10001 has a balance below zero",
        "has no price for default",
        "gives away: ",
        "No process delivers reports",
    ):
        assert told in page
    alarms = await portal.context.watch.alarms()
    counted = await portal.context.watch.count()
    assert {"no_standby"} <= {alarm.kind for alarm in alarms}
    assert f'<span class="count">{counted}</span>' in page
    assert "telco is not bound" in (await operator.get("/portal/operator/live/alarms")).text


async def test_alarms_go_away_once_they_are_mended(portal: ServedPortal, operator: PortalClient) -> None:
    await trouble(portal)
    await operator.get(ALARMS)
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE balance SET amount = 1000000 WHERE account_id = 10001")
    portal.context.watch.forget()
    assert "below zero" not in (await operator.get(ALARMS)).text


async def test_health_shows_the_server_and_who_holds_leases(
    portal: ServedPortal, operator: PortalClient
) -> None:
    page = (await operator.get(HEALTH)).text
    for told in (
        "PostgreSQL",
        "_pre_",
        "synchronous_commit",
        "No dispatcher and no reporter",
    ):
        assert told in page
    async with portal.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO bucket_lease (bucket, epoch, holder, leased_until)"
            " VALUES (0, 1, 'here:9:cc', now() + interval '15 s')"
        )
    assert "here:9:cc" in (await operator.get("/portal/operator/live/processes")).text


async def test_health_lists_processes_without_leases_and_since_when(
    portal: ServedPortal, operator: PortalClient, database: str
) -> None:
    keeper = ProcessName.of("keeper", started_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC), pid=77, host="box")
    async with Database(database, session_name=keeper.session_name) as connected:
        await connected.fetch(Purpose.HOT, "SELECT 1")
        rows = (await operator.get("/portal/operator/live/processes")).text
    assert "<code>box:77</code>" in rows
    assert "2026-03-04T05:06" in rows
    assert "No dispatcher and no reporter" in rows


async def test_customers_see_neither_pages_nor_the_count(portal: ServedPortal) -> None:
    await trouble(portal)
    async with portal.client(await portal.sign_in(Role.OWNER)) as client:
        for path in (QUEUES, ALARMS, HEALTH):
            assert (await client.get(path)).status_code == 403
        assert 'class="count"' not in (await client.get("/portal/")).text


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_alarm_is_translated(language: str) -> None:
    texts = {text for texts in ALARM_TEXTS.values() for text in texts}
    assert sorted(texts - set(catalog(language))) == []
