"""Batches in the portal: the list, one of them, what can be done with it, and its messages as a file."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Role
from heliograph.faces.portal import batch_export_pages, batch_list_pages, batch_pages
from heliograph.faces.portal.csv_downloads import guarded
from tests.faces.portal.sent_batches import finish, messages_of, receive, send
from tests.support.served_portal import PortalClient, ServedPortal

PHONE = "46701740605"
LIST = "/portal/batches"
ABSENT = "0" * 24


def batch_links(text: str) -> list[str]:
    """The batches that a list shows, in its order."""
    return re.findall(r'<a href="/portal/batches/([0-9a-f]{24})">', text)


async def another_account(portal: ServedPortal) -> str:
    """The id of a batch that belongs to somebody else."""
    batch_id = await send(portal, [PHONE])
    async with portal.database.transaction() as tx:
        for table in ("batch", "message"):
            await tx.execute(f"UPDATE {table} SET account_id = 77 WHERE batch_id = $1", parse_id(batch_id))
    return batch_id


async def audit(portal: ServedPortal) -> list[tuple[str, str]]:
    async with portal.database.transaction() as tx:
        rows = await tx.fetch("SELECT action, subject FROM audit_entry ORDER BY entry_id")
    return [(row["action"], row["subject"]) for row in rows]


async def test_an_empty_list_leads_to_composing(portal: ServedPortal, owner: PortalClient) -> None:
    shown = await owner.get(LIST)
    assert shown.status_code == 200
    assert "Nothing was sent yet" in shown.text
    assert 'href="/portal/compose"' in shown.text
    async with portal.client(await portal.sign_in(Role.READ_ONLY)) as reader:
        assert "Compose a message" not in (await reader.get(LIST)).text


async def test_the_list_goes_back_and_forth_page_by_page(
    portal: ServedPortal, owner: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_list_pages, "SHOWN", 2)
    sent = [await send(portal, [PHONE], body=f"Number {number}") for number in range(5)]
    for query in ("", "?status=ongoing"):
        first = await owner.get(LIST + query)
        assert batch_links(first.text) == sent[:-3:-1]
        assert 'rel="prev"' not in first.text
        second = await owner.get(_link(first.text, "next"))
        assert batch_links(second.text) == sent[2:0:-1]
        third = await owner.get(_link(second.text, "next"))
        assert batch_links(third.text) == sent[:1]
        assert 'rel="next"' not in third.text
        back = await owner.get(_link(third.text, "prev"))
        assert batch_links(back.text) == sent[2:0:-1]
        again = await owner.get(_link(back.text, "prev"))
        assert batch_links(again.text) == sent[:-3:-1]


def _link(text: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', text)
    assert found is not None
    return found[1].replace("&amp;", "&")


async def test_filters_choose_batches(portal: ServedPortal, owner: PortalClient) -> None:
    tagged = await send(portal, [PHONE], tags=["spring"], reference="order 7")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    planned = await send(portal, [PHONE], sender="iP1sms", deliveryWindows=[{"opens": tomorrow}])
    incoming = await receive(portal, "46701740699", "Hi")
    gone = await send(portal, [PHONE])
    await finish(portal, gone, 201)
    today = datetime.now(UTC).date()
    for given, expected, address in (
        ({"tag": "spring"}, [tagged], None),
        ({"reference": "order 7"}, [tagged], None),
        ({"status": "planned"}, [planned], "status=planned"),
        ({"status": "ongoing"}, [tagged], "status=ongoing"),
        ({"status": "sent"}, [gone], "status=sent"),
        ({"direction": "in"}, [incoming], "direction=in"),
        ({"direction": "out"}, [gone, planned, tagged], "direction=out"),
        ({"sender": "iP1sms"}, [planned], None),
        ({"sender": "46701740699", "direction": "in"}, [incoming], None),
        (
            {"from": str(today), "to": str(today)},
            [gone, incoming, planned, tagged],
            f"from={today}&to={today}",
        ),
        ({"to": str(today - timedelta(days=2))}, [], f"to={today - timedelta(days=2)}"),
        ({"tag": "autumn"}, [], None),
    ):
        shown = await owner.post(LIST, given)
        if address is not None:  # what may stand in an address leads to one that can be kept
            assert (shown.status_code, shown.headers["location"]) == (303, f"{LIST}?{address}")
            shown = await owner.get(shown.headers["location"])
        assert (shown.status_code, sorted(batch_links(shown.text))) == (200, sorted(expected)), given
        assert ("No batch is like that" in shown.text) is not bool(expected)
    assert (await owner.post(LIST)).headers["location"] == LIST


async def test_what_is_searched_for_stands_in_no_address(portal: ServedPortal, owner: PortalClient) -> None:
    sent = [await send(portal, [PHONE], reference="anna 4711") for _ in range(27)]
    await send(portal, [PHONE])
    wanted = {"reference": "anna 4711", "status": "ongoing"}
    first = await owner.post(LIST, wanted)
    assert batch_links(first.text) == sent[:1:-1]
    addresses = re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', first.text)
    assert [each for each in addresses if "4711" in each] == []
    assert 'name="after"' in first.text
    second = await owner.post(LIST, {**wanted, "after": sent[2]})
    assert batch_links(second.text) == sent[1::-1]
    back = await owner.post(LIST, {**wanted, "before": sent[1]})
    assert batch_links(back.text) == sent[:1:-1]
    # An address that somebody made of it shows everything instead.
    assert len(batch_links((await owner.get(f"{LIST}?reference=anna")).text)) == 25


async def test_a_day_that_is_none_is_said_and_kept(owner: PortalClient) -> None:
    shown = await owner.post(LIST, {"from": "yesterday", "tag": "x"})
    assert (shown.status_code, "This is not a day" in shown.text) == (400, True)
    assert 'value="yesterday"' in shown.text
    assert 'name="tag" value="x"' in shown.text
    shown = await owner.get(f"{LIST}?from=2026-02-03&to=2026-02-01")
    assert (shown.status_code, "before the first one" in shown.text) == (400, True)
    assert (await owner.get(f"{LIST}?to=9999-12-31")).status_code == 400


async def test_a_batch_shows_what_it_is_and_how_far(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, [PHONE, "46701740606", "46701740607"], reference="<b>order</b>")
    await finish(portal, batch_id, 201, 501)
    shown = await owner.get(f"{LIST}/{batch_id}")
    assert shown.status_code == 200
    for text in ("Hello there", "&lt;b&gt;order", PHONE, "46701740606", "Delivered", "Under way", "50.0 %"):
        assert text in shown.text, text
    assert "<b>order" not in shown.text
    assert f'hx-sse:connect="{LIST}/{batch_id}/progress"' in shown.text
    await finish(portal, batch_id, 201, 501, 201)
    part = await owner.get(f"{LIST}/{batch_id}/progress")
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "Finished" in part.text
    assert "Show the messages as they are now" in part.text
    finished = (await owner.get(f"{LIST}/{batch_id}")).text
    assert "Show the messages as they are now" not in finished
    assert "hx-sse:connect" not in finished, "nothing of it changes any more"


async def test_messages_are_paged_filtered_and_found(
    portal: ServedPortal, owner: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_pages, "SHOWN", 2)
    numbers = [f"4670174060{digit}" for digit in range(5)]
    batch_id = await send(portal, numbers)
    messages = await messages_of(portal, batch_id)
    await finish(portal, batch_id, 201, 501, 201, 201)
    address = f"{LIST}/{batch_id}"

    def listed(text: str) -> list[str]:
        return re.findall(rf'href="{address}/messages/([0-9a-f]{{24}})"', text)

    first = (await owner.get(address)).text
    assert listed(first) == messages[:2]
    assert listed((await owner.get(_link(first, "next"))).text) == messages[2:4]
    delivered = (await owner.get(f"{address}?group=delivered")).text
    assert listed(delivered) == [messages[0], messages[2]]
    assert listed((await owner.get(_link(delivered, "next"))).text) == [messages[3]]
    assert "No message has such a status" in (await owner.get(f"{address}?group=refused")).text

    found = await owner.post(f"{address}/find", {"recipient": f"+46 70-174 06 0{3}"})
    assert (found.status_code, found.headers["location"]) == (303, f"{address}/messages/{messages[3]}")
    missing = await owner.post(f"{address}/find", {"recipient": "46700000000"})
    assert (missing.status_code, "No message of this batch" in missing.text) == (400, True)
    assert 'value="46700000000"' in missing.text
    wrong = await owner.post(f"{address}/find", {"recipient": "Anna"})
    assert (wrong.status_code, "This is no phone number" in wrong.text) == (400, True)


async def test_a_batch_is_paused_resumed_and_canceled(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, [PHONE, "46701740606"])
    address = f"{LIST}/{batch_id}"
    assert (await owner.post(f"{address}/pause")).headers["location"] == address
    assert "Paused: nothing is sent" in (await owner.get(address)).text
    assert (await owner.post(f"{address}/resume")).status_code == 303
    assert "Paused: nothing is sent" not in (await owner.get(address)).text
    assert "is%20not%20paused" in (await owner.post(f"{address}/resume")).headers["set-cookie"]
    assert (await owner.post(f"{address}/hide")).status_code == 303
    assert (await owner.post(f"{address}/pause")).status_code == 303
    canceled = await owner.post(f"{address}/cancel")
    assert "2%20messages%20are%20canceled" in canceled.headers["set-cookie"]
    shown = (await owner.get(address)).text
    assert "Canceled" in shown
    assert "Paused: nothing is sent" not in shown
    assert "nothing%20was%20left" not in canceled.headers["set-cookie"]
    again = await owner.post(f"{address}/cancel")
    assert "nothing%20left%20to%20cancel" in again.headers["set-cookie"]
    for act in ("pause", "resume"):
        refused = await owner.post(f"{address}/{act}")
        assert "has%20its%20final%20status" in refused.headers["set-cookie"]
    assert (await owner.get(address)).status_code == 200
    hidden = await owner.post(f"{address}/hide")
    assert hidden.headers["location"] == LIST
    assert (await owner.get(address)).status_code == 404
    assert await audit(portal) == [
        ("batch.paused", batch_id),
        ("batch.resumed", batch_id),
        ("batch.paused", batch_id),
        ("batch.canceled", batch_id),
        ("batch.hidden", batch_id),
    ]


async def test_what_a_carrier_has_cannot_be_held_back(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, [PHONE])
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE message SET code = 111, rank = 2")
        await tx.execute("DELETE FROM lot")
    for act in ("cancel", "pause"):
        refused = await owner.post(f"{LIST}/{batch_id}/{act}")
        assert "was%20handed%20to%20its%20carrier" in refused.headers["set-cookie"]
    assert await audit(portal) == []


async def test_a_batch_is_moved_to_other_times(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, [PHONE])
    address = f"{LIST}/{batch_id}/reschedule"
    owner.http.cookies.set("tz", "Europe%2FStockholm")
    form = await owner.get(address)
    assert form.status_code == 200
    assert "Europe/Stockholm" in form.text
    windows = {
        "opens-0": "2030-06-01T08:00",
        "closes-0": "2030-06-01T17:00",
        "opens-1": "",
        "closes-1": "",
        "opens-2": "2030-06-02T08:00",
        "closes-2": "2030-06-02T17:00",
    }
    assert (await owner.post(address, windows)).headers["location"] == f"{LIST}/{batch_id}"
    async with portal.database.transaction() as tx:
        row = await tx.fetchrow("SELECT opens, closes FROM batch")
    assert row is not None
    assert row["opens"] == [datetime(2030, 6, day, 6, tzinfo=UTC) for day in (1, 2)]
    assert row["closes"] == [datetime(2030, 6, day, 15, tzinfo=UTC) for day in (1, 2)]
    assert await audit(portal) == [("batch.rescheduled", batch_id)]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"opens-0": "", "closes-0": ""}, "Choose a day"),
        ({"opens-0": "2030-06-01T08:00", "closes-0": "later"}, "Choose a day"),
        ({"opens-0": "2030-06-01T08:00", "closes-0": "2030-06-01T07:00"}, "close after it opens"),
        ({"opens-0": "2020-06-01T08:00", "closes-0": "2020-06-01T09:00"}, "has closed already"),
        (
            {
                "opens-0": "2030-06-01T08:00",
                "closes-0": "2030-06-01T17:00",
                "opens-1": "2030-06-01T09:00",
                "closes-1": "2030-06-01T18:00",
            },
            "overlaps",
        ),
    ],
)
async def test_wrong_windows_are_said_beside_their_fields(
    portal: ServedPortal, owner: PortalClient, fields: dict[str, str], fault: str
) -> None:
    batch_id = await send(portal, [PHONE])
    refused = await owner.post(f"{LIST}/{batch_id}/reschedule", fields)
    assert (refused.status_code, fault in refused.text) == (400, True)
    assert 'aria-invalid="true"' in refused.text
    assert f'value="{fields["opens-0"]}"' in refused.text


async def test_messages_leave_as_a_safe_file(
    portal: ServedPortal, owner: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_export_pages, "AT_ONCE", 2)
    numbers = [f"4670174060{digit}" for digit in range(5)]
    batch_id = await send(portal, numbers, body='=HYPERLINK("x")')
    await finish(portal, batch_id, 201)
    saved = await owner.get(f"{LIST}/{batch_id}/messages.csv")
    assert saved.headers["content-type"] == "text/csv; charset=utf-8"
    assert saved.headers["content-disposition"] == f'attachment; filename="batch-{batch_id}.csv"'
    rows = list(csv.DictReader(io.StringIO(saved.content.decode("utf-8-sig"), newline="")))
    assert [row["recipient"] for row in rows] == numbers
    assert [row["status"] for row in rows] == ["201", "103", "103", "103", "103"]
    assert {row["text"] for row in rows} == {'\'=HYPERLINK("x")'}
    assert {row["price"] for row in rows} == {"0.35"}


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


async def test_a_large_batch_is_counted_from_its_summary(portal: ServedPortal, owner: PortalClient) -> None:
    numbers = [str(46_730_000_000 + number) for number in range(1_200)]
    batch_id = await send(portal, numbers)
    shown = await owner.get(f"{LIST}/{batch_id}")
    assert "1,200" in shown.text
    canceled = await owner.post(f"{LIST}/{batch_id}/cancel")
    assert "1%2C200%20messages" in canceled.headers["set-cookie"]
    saved = await owner.get(f"{LIST}/{batch_id}/messages.csv")
    assert saved.text.count("\r\n") == 1_201


async def test_another_accounts_batch_is_as_absent(portal: ServedPortal, owner: PortalClient) -> None:
    theirs = await another_account(portal)
    for end in ("", "/progress", "/messages.csv", "/reschedule"):
        missing = await owner.get(f"{LIST}/{ABSENT}{end}")
        foreign = await owner.get(f"{LIST}/{theirs}{end}")
        assert (missing.status_code, foreign.status_code) == (404, 404)
        assert missing.text.replace(ABSENT, theirs) == foreign.text
    windows = {"opens-0": "2030-06-01T08:00", "closes-0": "2030-06-01T17:00"}
    for end in ("/cancel", "/hide", "/pause", "/resume", "/reschedule", "/find"):
        for batch_id in (ABSENT, theirs, "x"):
            answer = await owner.post(f"{LIST}/{batch_id}{end}", {"recipient": PHONE, **windows})
            assert answer.status_code == 404, end
    assert await audit(portal) == []


async def test_readers_look_but_do_not_touch(portal: ServedPortal) -> None:
    batch_id = await send(portal, [PHONE])
    async with portal.client(await portal.sign_in(Role.READ_ONLY)) as reader:
        shown = await reader.get(f"{LIST}/{batch_id}")
        assert (shown.status_code, "/cancel" in shown.text) == (200, False)
        assert (await reader.get(f"{LIST}/{batch_id}/messages.csv")).status_code == 200
        assert (await reader.get(f"{LIST}/{batch_id}/reschedule")).status_code == 403
        for act in ("cancel", "hide", "pause", "resume", "reschedule"):
            assert (await reader.post(f"{LIST}/{batch_id}/{act}")).status_code == 403
    assert await audit(portal) == []
