"""Messages in the portal: the latest, those of a number, one of them and its way."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heliograph.domain.history import milliseconds
from heliograph.domain.ids import parse_id
from heliograph.domain.refusals import Unavailable
from heliograph.domain.report_events import Attempt
from heliograph.domain.status import Code
from heliograph.faces.portal import message_pages
from heliograph.services.trace_message import (
    AcceptedSegment,
    MessageTrace,
    ReceivedReceipt,
    ReceivedSegment,
    RefusedAnswer,
    TraceMessage,
)
from heliograph.storage import message_search
from heliograph.storage.message_traces import DoubtTrace, NextReport
from tests.faces.portal.sent_batches import finish, messages_of, receive, send
from tests.support.served_portal import PortalClient, ServedPortal

LIST = "/portal/messages"
PHONE = "46701740605"
ABSENT = "0" * 24


def shown_messages(text: str) -> list[str]:
    return re.findall(r'href="/portal/batches/[0-9a-f]{24}/messages/([0-9a-f]{24})"', text)


async def path_of(portal: ServedPortal, batch_id: str) -> str:
    (message_id, *_) = await messages_of(portal, batch_id)
    return f"/portal/batches/{batch_id}/messages/{message_id}"


async def test_the_latest_messages_come_first_page_by_page(
    portal: ServedPortal, owner: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No messages yet" in (await owner.get(LIST)).text
    monkeypatch.setattr(message_pages, "SHOWN", 2)
    sent = await send(portal, [PHONE, "46701740606"])
    received = await receive(portal, PHONE, "<script>alert(1)</script>")
    first = await owner.get(LIST)
    messages = [*await messages_of(portal, sent), *await messages_of(portal, received)]
    messages.sort(reverse=True)
    assert shown_messages(first.text) == messages[:2]
    assert "<script>alert" not in first.text
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older is not None
    assert shown_messages((await owner.get(older[1])).text) == messages[2:]


async def test_a_number_finds_what_it_got_and_sent(
    portal: ServedPortal, owner: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_pages, "SHOWN", 2)
    sent = [await send(portal, [PHONE, "46701740606"]) for _ in range(2)]
    received = await receive(portal, PHONE, "Hi")
    wanted = [(await messages_of(portal, batch_id))[0] for batch_id in (*sent, received)]
    wanted.sort(reverse=True)
    found = await owner.post(LIST, {"wanted": "+46 70-174 06 05"})
    assert found.status_code == 200
    assert shown_messages(found.text) == wanted[:2]
    assert 'value="+46 70-174 06 05"' in found.text
    after = re.search(r'name="after" value="([0-9a-f]{24})"', found.text)
    assert after is not None
    rest = await owner.post(LIST, {"wanted": PHONE, "after": after[1]})
    assert shown_messages(rest.text) == wanted[2:]
    nothing = await owner.post(LIST, {"wanted": "46709999999"})
    assert (nothing.status_code, "Nothing to or from this number" in nothing.text) == (200, True)


async def searched(owner: PortalClient, **fields: str) -> set[str]:
    found = await owner.post(LIST, fields)
    assert found.status_code == 200, found.text
    return set(shown_messages(found.text))


async def test_messages_are_found_by_what_they_are(portal: ServedPortal, owner: PortalClient) -> None:
    """Each filter alone, together, and beside a number."""
    numbers = [PHONE, "46701740606"]
    greeting = await send(portal, numbers, body="Hello there", reference="order 7", tags=["a", "b"])
    named = await send(
        portal, {PHONE: {"name": "Åsa"}, "46701740606": {"name": "Bo"}}, body="Dear {name}", sender="iP1sms"
    )
    answer = await receive(portal, PHONE, "hello back")
    await finish(portal, greeting, 201, Code.ABSENT)
    first, second = await messages_of(portal, greeting)
    to_asa, to_bo = await messages_of(portal, named)
    (back,) = await messages_of(portal, answer)
    today, tomorrow = (str((datetime.now(UTC) + timedelta(days=days)).date()) for days in (0, 2))
    for fields, wanted in (
        ({"text": "HELLO"}, {first, second, back}),
        ({"text": "hello", "direction": "out"}, {first, second}),
        ({"text": "åsa"}, {to_asa}),
        ({"text": "Dear"}, {to_asa, to_bo}),
        ({"text": "{name}"}, set()),
        ({"group": "delivered"}, {first}),
        ({"group": "failed"}, {second}),
        ({"group": "waiting"}, {to_asa, to_bo}),
        ({"direction": "in"}, {back}),
        ({"sender": "iP1sms"}, {to_asa, to_bo}),
        ({"reference": "order 7"}, {first, second}),
        ({"tag": "b"}, {first, second}),
        ({"tag": "b", "group": "failed"}, {second}),
        ({"tag": "c"}, set()),
        ({"from": str((datetime.now(UTC) - timedelta(days=1)).date())}, {first, second, to_asa, to_bo, back}),
        ({"from": tomorrow}, set()),
        ({"text": "hello", "group": "failed", "from": "2020-01-01", "to": tomorrow}, {second}),
        ({"wanted": PHONE, "text": "hello"}, {first, back}),
        ({"wanted": PHONE, "group": "delivered"}, {first}),
        ({"wanted": PHONE, "sender": "iP1sms"}, {to_asa}),
        ({"wanted": PHONE, "reference": "order 7"}, {first}),
        ({"wanted": PHONE, "tag": "a"}, {first}),
        ({"wanted": PHONE, "tag": "c"}, set()),
        ({"wanted": PHONE, "from": tomorrow}, set()),
        ({"wanted": PHONE, "to": today if today > "2020" else ""}, {first, to_asa, back}),
    ):
        assert await searched(owner, **fields) == wanted, fields
    shown = (await owner.post(LIST, {"text": "nowhere", "group": "failed"})).text
    assert "No message is like that" in shown
    assert 'value="nowhere"' in shown


async def test_a_search_goes_on_where_it_stopped(
    portal: ServedPortal, owner: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few messages a call looks at: none is left out, none comes twice."""
    batches = [await send(portal, [f"4670174{number:04}" for number in range(size)]) for size in (5, 1, 7, 3)]
    wanted = sorted(
        [message for batch_id in batches for message in await messages_of(portal, batch_id)], reverse=True
    )
    monkeypatch.setattr(message_pages, "SHOWN", 3)
    for looked_at in (1, 2, 4, 100):
        monkeypatch.setattr(message_search, "LOOKED_AT", looked_at)
        found, after = list[str](), ""
        for _ in range(40):
            answer = await owner.post(LIST, {"group": "waiting", "after": after})
            found += shown_messages(answer.text)
            following = re.search(r'name="after" value="([0-9a-f]{24})"', answer.text)
            if following is None:
                break
            after = following[1]
        assert found == wanted, looked_at
    nothing = await owner.post(LIST, {"group": "failed"})
    assert "No message is like that" in nothing.text
    monkeypatch.setattr(message_search, "LOOKED_AT", 2)
    goes_on = (await owner.post(LIST, {"group": "failed"})).text
    assert "The search goes on with older messages." in goes_on
    assert "Looked back to" in goes_on


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "wanted"),
        ({"wanted": "nobody"}, "wanted"),
        ({"wanted": ABSENT}, "wanted"),
        ({"from": "yesterday"}, "from"),
        ({"text": "x", "from": "2026-11-22", "to": "2026-11-20"}, "to"),
    ],
)
async def test_a_fault_stands_beside_its_field(
    owner: PortalClient, fields: dict[str, str], field: str
) -> None:
    refused = await owner.post(LIST, fields)
    assert (refused.status_code, f'id="{field}-fault"' in refused.text) == (400, True)
    assert all(f'value="{value}"' in refused.text for value in fields.values())


async def test_an_id_leads_to_its_message_or_batch(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, [PHONE])
    path = await path_of(portal, batch_id)
    found = await owner.post(LIST, {"wanted": path.rpartition("/")[2].upper()})
    assert (found.status_code, found.headers["location"]) == (303, path)
    found = await owner.post(LIST, {"wanted": batch_id})
    assert found.headers["location"] == f"/portal/batches/{batch_id}"
    missing = await owner.post(LIST, {"wanted": ABSENT})
    assert (missing.status_code, "no message and no batch" in missing.text) == (400, True)
    assert f'value="{ABSENT}"' in missing.text
    for nonsense, told in (("Anna", "or the id of a message"), ("1" * 16, "at most 15 digits")):
        wrong = await owner.post(LIST, {"wanted": nonsense})
        assert (wrong.status_code, told in wrong.text) == (400, True)


async def test_a_message_shows_itself_and_its_statuses(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, [PHONE], body="Hello <i>Anna</i>", reference="order 7")
    await finish(portal, batch_id, 201)
    shown = await owner.get(await path_of(portal, batch_id))
    assert shown.status_code == 200
    for text in (
        "The request was accepted",
        "Being sent",
        "With the carrier",
        "Delivered",
        "GSM-7",
        "order 7",
    ):
        assert text in shown.text, text
    assert "Hello &lt;i&gt;Anna" in shown.text
    received = await receive(portal, PHONE, "Hi there")
    shown = await owner.get(await path_of(portal, received))
    assert "Received" in shown.text
    assert "Hi there" in shown.text
    way = await owner.get(f"{await path_of(portal, received)}/timeline")
    assert "Received" in way.text


async def test_a_price_that_was_returned_says_how_much(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, [PHONE])
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE message SET code = 203, refunded = true")
    shown = (await owner.get(await path_of(portal, batch_id))).text
    assert "0.00\N{NO-BREAK SPACE}SEK (0.35\N{NO-BREAK SPACE}SEK returned)" in shown
    assert "final and were not canceled" in (await owner.get(f"/portal/batches/{batch_id}")).text


async def test_the_timeline_tells_the_whole_way(
    portal: ServedPortal, owner: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = await send(portal, [PHONE])
    await finish(portal, batch_id, 501)
    path = await path_of(portal, batch_id)
    message_id, now = parse_id(path.rpartition("/")[2]), datetime.now(UTC) + timedelta(seconds=3)
    assert message_id is not None
    trace = MessageTrace(
        "carrier one",
        [AcceptedSegment(0, "smsc-1", 7, 1)],
        [ReceivedReceipt(now, 0, "smsc-1", 501, "id:smsc-1 stat:UNDELIV <b>")],
        [
            Attempt(message_id, 3, 501, 1, milliseconds(now), 500, 12, "HTTP 500"),
            Attempt(message_id, 3, 501, 2, milliseconds(now), 0, 900, "no answer"),
            Attempt(message_id, 3, 501, 3, milliseconds(now), 204, 15, ""),
        ],
        NextReport(now, parked=False),
        [DoubtTrace(0, now, now + timedelta(minutes=15))],
        [
            RefusedAnswer(now, 0, "carrier one", 1, 0x14, "ESME_RMSGQFUL", True),
            RefusedAnswer(now, 0, "carrier one", 1, 0x499, "", False),
        ],
        [ReceivedSegment(now, 2, 3)],
    )

    async def traced(*_: Any) -> MessageTrace:
        return trace

    monkeypatch.setattr(TraceMessage, "trace", traced)
    way = await owner.get(f"{path}/timeline")
    assert way.status_code == 200
    assert "<html" not in way.text
    for text in (
        "By the route to the carrier carrier one",
        "calls it smsc-1",
        "Receipt for segment 1",
        "carrier one refused segment 1",
        "Answer ESME_RMSGQFUL 0x00000014 at bind 2. It is tried again.",
        "Answer 0x00000499 at bind 2.",
        "carrier one brought segment 2",
        "Segment 1 is in doubt",
        "Segment 1 is sent once more",
        "stat:UNDELIV &lt;b&gt;",
        "Your server answered 500 after 12 ms. HTTP 500",
        "Your server gave no answer after 900 ms. no answer",
        "Report of 501, attempt 3",
        "Your server answered 204 after 15 ms.",
        "What was sent",
        "webhook-id: ",
        "&#34;code&#34;:501",
        "The next report is tried at",
    ):
        assert text in way.text, text

    async def too_long(*_: Any) -> MessageTrace:
        raise Unavailable("later", 10)

    monkeypatch.setattr(TraceMessage, "trace", too_long)
    way = await owner.get(f"{path}/timeline")
    assert (way.status_code, "could not be looked up just now" in way.text) == (200, True)


async def test_the_real_way_of_a_message_is_found(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, [PHONE])
    await finish(portal, batch_id, 201)
    way = await owner.get(f"{await path_of(portal, batch_id)}/timeline")
    assert "The intent was written down first" in way.text
    assert "could not be looked up" not in way.text


async def test_a_message_that_waits_says_what_for(portal: ServedPortal, owner: PortalClient) -> None:
    path = f"{await path_of(portal, await send(portal, [PHONE]))}/timeline"
    assert "which cannot be reached just now" in (await owner.get(path)).text, "nothing is bound here"
    for change, said in (
        ("state = 0, opens_at = statement_timestamp() + interval '1 hour'", "It waits for its time at"),
        ("state = 3", "the batch is paused"),
    ):
        async with portal.database.transaction() as tx:
            await tx.execute(f"UPDATE lot SET {change}")
        assert said in (await owner.get(path)).text, said


async def test_another_accounts_message_is_as_absent(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, [PHONE])
    path = await path_of(portal, batch_id)
    other = await send(portal, [PHONE])
    async with portal.database.transaction() as tx:
        for table in ("batch", "message"):
            await tx.execute(f"UPDATE {table} SET account_id = 77 WHERE batch_id = $1", parse_id(batch_id))
    for end in ("", "/timeline"):
        foreign = await owner.get(path + end)
        for absent in (
            f"/portal/batches/{ABSENT}/messages/{ABSENT}",
            f"/portal/batches/{other}/messages/{ABSENT}",
            f"/portal/batches/{other}/messages/x",
        ):
            missing = await owner.get(absent + end)
            assert (missing.status_code, foreign.status_code) == (404, 404)
            assert missing.text.replace(absent + end, path + end) == foreign.text
    assert (await owner.post(LIST, {"wanted": path.rpartition("/")[2]})).status_code == 400
    found = await owner.post(LIST, {"wanted": PHONE})
    assert shown_messages(found.text) == await messages_of(portal, other)
