"""What the calls look like on the wire, how pages are followed, and what is refused before it is sent."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from heliograph.client import (
    AsyncHeliograph,
    BatchNotFinished,
    DeliveryWindow,
    Heliograph,
    InvalidRequest,
    Retries,
)
from heliograph.client.server_address import server_address
from tests.client.either_client import EitherClient
from tests.client.scripted_server import BATCH, Scripted, ScriptedServer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def asked_for(either: EitherClient, method: str, *arguments: Any, **options: Any) -> Any:
    """The request of one call."""
    with ScriptedServer([Scripted(200, BATCH)]) as server:
        either.call(method, *arguments, client={"url": server.url}, **options)
    return server.asked[0]


def test_a_send_holds_what_was_given_and_nothing_else(either: EitherClient) -> None:
    asked = asked_for(either, "send", "iP1", ["46701740605"], "Hi")
    assert (asked.method, asked.target) == ("POST", "/v2/batches")
    assert json.loads(asked.body) == {"sender": "iP1", "recipients": ["46701740605"], "body": "Hi"}
    assert asked.headers["authorization"] == "Bearer hg_key"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["user-agent"].startswith("heliograph-python/")


def test_a_send_with_every_field(either: EitherClient) -> None:
    asked = asked_for(
        either,
        "send",
        "iP1",
        {"46701740605": {"name": "Åsa"}, "default": {}},
        "Hi {name}",
        type="flash",
        datacoding="auto",
        priority=2,
        delivery_windows=[DeliveryWindow(opens=NOON), DeliveryWindow(closes=NOON)],
        delivery_report_url="https://example.com/r",
        reference="r1",
        tags=("a", "b"),
    )
    assert json.loads(asked.body) == {
        "sender": "iP1",
        "recipients": {"46701740605": {"name": "Åsa"}, "default": {}},
        "body": "Hi {name}",
        "type": "flash",
        "datacoding": "auto",
        "priority": 2,
        "deliveryWindows": [{"opens": "2026-11-22T12:00:00Z"}, {"closes": "2026-11-22T12:00:00Z"}],
        "deliveryReportUrl": "https://example.com/r",
        "reference": "r1",
        "tags": ["a", "b"],
    }


def test_a_window_without_a_time_zone_is_refused_before_it_is_sent() -> None:
    window = DeliveryWindow(opens=NOON.replace(tzinfo=None))
    with Heliograph("k", url="http://127.0.0.1:1") as sms, pytest.raises(ValueError, match="time zone"):
        sms.send("iP1", ["46701740605"], "Hi", delivery_windows=[window])


def test_an_id_cannot_lead_to_another_path(either: EitherClient) -> None:
    assert asked_for(either, "get_batch", "a/../b?c").target == "/v2/batches/a%2F..%2Fb%3Fc"
    with pytest.raises(ValueError, match="path"):
        either.call("get_batch", "..", client={"url": "http://127.0.0.1:1"})


def test_pages_are_followed_by_their_link_and_never_to_another_host(either: EitherClient) -> None:
    link = '<https://x/?a=1>; rel="self", <https://evil.example/v2/x?start=2&limit=2&tags=a%2Cb>; rel="next"'
    first = Scripted(200, [BATCH, BATCH], {"Link": link})
    with ScriptedServer([first, Scripted(200, [BATCH])]) as server:
        client = {"url": server.url}
        batches = either.call("list_batches", client=client, tags=["a", "b"], page_size=2, newest_first=True)
    assert len(batches) == 3
    assert [asked.target for asked in server.asked] == [
        "/v2/batches?tags=a&tags=b&after=&limit=2&order=DESC",
        "/v2/batches?start=2&limit=2&tags=a%2Cb",
    ]


def test_pages_are_fetched_only_when_they_are_needed() -> None:
    more = Scripted(200, [BATCH], {"Link": '<http://x/?start=1>; rel="next"'})
    with ScriptedServer([more] * 9) as server, Heliograph("k", url=server.url) as sms:
        batches = sms.list_batches()
        assert server.asked == []
        next(batches)
        next(batches)
    assert len(server.asked) == 2


def test_filters_of_contacts_are_in_the_query(either: EitherClient) -> None:
    with ScriptedServer([Scripted(200, [])]) as server:
        either.call(
            "list_contacts",
            client={"url": server.url},
            labels=["a", "b"],
            properties={"city": "Malmö"},
            metadata={"phoneNumber.isBlocked": "false"},
            with_metadata=True,
        )
    assert parse_qsl(urlsplit(server.asked[0].target).query) == [
        *(("labels", "a"), ("labels", "b"), ("properties[city]", "Malmö")),
        *(("metadata[phoneNumber.isBlocked]", "false"), ("limit", "500"), ("order", "ASC"), ("meta", "true")),
    ]


@pytest.mark.parametrize(
    ("method", "arguments", "options"),
    [
        ("reschedule_batch", ("a", [DeliveryWindow(opens=NOON.replace(tzinfo=None))]), {}),
        ("create_key", ("Web",), {"expires": NOON.replace(tzinfo=None)}),
    ],
)
def test_times_without_a_zone_are_refused_before_they_are_sent(
    either: EitherClient, method: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="time zone"):
        either.call(method, *arguments, client={"url": "http://127.0.0.1:1"}, **options)


def feed_page(cursor: str, *event_ids: str, has_more: bool) -> Scripted:
    """A page of the feed."""
    events = [
        {
            **{"messageId": "m", "batchId": "b", "recipient": "46701740605", "code": 201, "duration": 1},
            **{"created": "2026-11-22T12:00:00Z", "segments": 1, "price": 0.5, "currency": "SEK"},
            **{"eventId": event_id, "number": 1},
        }
        for event_id in event_ids
    ]
    return Scripted(200, {"events": events, "cursor": cursor, "hasMore": has_more})


def test_the_cursor_moves_when_a_page_was_dealt_with() -> None:
    script = [feed_page("c2", "e1", "e2", has_more=True), feed_page("c3", "e3", has_more=False)]
    script += [feed_page("c4", "e4", has_more=False)]
    with ScriptedServer(script) as server, Heliograph("k", url=server.url) as sms:
        feed = sms.list_events("c1", codes=[201], page_size=2)
        seen = [(event.event_id, feed.cursor) for event in feed]
        assert (seen, feed.cursor) == ([("e1", "c1"), ("e2", "c1"), ("e3", "c2")], "c3")
        assert [event.event_id for event in feed] == ["e4"]
    assert server.asked[-1].target == "/v2/events?after=c3&codes=201&limit=2"


async def test_the_cursor_of_the_asynchronous_feed_moves_alike() -> None:
    script = [feed_page("c2", "e1", "e2", has_more=True), feed_page("c3", "e3", has_more=False)]
    with ScriptedServer(script) as server:
        async with AsyncHeliograph("k", url=server.url) as sms:
            feed = sms.list_events("c1")
            seen = [(event.event_id, feed.cursor) async for event in feed]
    assert (seen, feed.cursor) == ([("e1", "c1"), ("e2", "c1"), ("e3", "c2")], "c3")


def test_a_prefix_in_the_address_is_kept(either: EitherClient) -> None:
    with ScriptedServer([Scripted(200, BATCH)]) as server:
        either.call("get_batch", "a", client={"url": f"{server.url}/sms/"})
    assert server.asked[0].target == "/sms/v2/batches/a"


def test_waiting_ends_when_every_message_is_final(either: EitherClient) -> None:
    finished = {**BATCH, "status": 112, "messageSummary": {"201": {"messages": 1, "sms": 2}}}
    with ScriptedServer([Scripted(200, BATCH), Scripted(200, finished)]) as server:
        batch = either.call("wait", "a", client={"url": server.url})
    assert batch.is_finished
    assert batch.message_summary[201].sms == 2


def test_waiting_gives_up(either: EitherClient) -> None:
    with (
        ScriptedServer([Scripted(200, BATCH)] * 9) as server,
        pytest.raises(BatchNotFinished, match="after 0"),
    ):
        either.call("wait", "a", client={"url": server.url}, timeout=0.1)


def test_a_client_asks_as_the_account_that_is_chosen(either: EitherClient) -> None:
    with ScriptedServer([Scripted(200, BATCH)] * 2) as server:
        either.call("get_batch", "a", client={"url": server.url, "account": "ip1-10002"})
        either.call("get_batch", "a", client={"url": server.url})
    assert [asked.headers.get("heliograph-account") for asked in server.asked] == ["ip1-10002", None]


def test_one_call_as_another_account_shares_the_connection() -> None:
    more = Scripted(200, [BATCH], {"Link": '<http://x/?after=1>; rel="next"'})
    script = [Scripted(200, BATCH), more, Scripted(200, []), Scripted(200, BATCH), Scripted(200, BATCH)]
    with ScriptedServer(script) as server, Heliograph("k", url=server.url, account="ip1-10003") as sms:
        sms.get_batch("a")
        assert len(list(sms.as_account("ip1-10002").list_batches())) == 1
        sms.as_account(None).get_batch("a")
        sms.get_batch("a")
    asked = [asked.headers.get("heliograph-account") for asked in server.asked]
    assert asked == ["ip1-10003", "ip1-10002", "ip1-10002", None, "ip1-10003"]
    assert server.connections == 1


async def test_one_call_of_the_asynchronous_client_as_another_account() -> None:
    with ScriptedServer([Scripted(200, BATCH)] * 2) as server:
        async with AsyncHeliograph("k", url=server.url) as sms:
            await sms.as_account("ip1-10002").get_batch("a")
            await sms.get_batch("a")
    assert [asked.headers.get("heliograph-account") for asked in server.asked] == ["ip1-10002", None]
    assert server.connections == 1


@pytest.mark.parametrize("account", ["", "a\nb", "ä"])
def test_an_account_that_cannot_be_one_is_refused(account: str) -> None:
    with pytest.raises(ValueError, match="account"):
        Heliograph("k", url="http://127.0.0.1:1", account=account)


def test_an_explanation_is_asked_for_again_and_needs_no_key(either: EitherClient) -> None:
    quick = Retries(first_wait=0.01, longest_wait=0.05)
    with ScriptedServer([Scripted(503), Scripted(400)]) as server, pytest.raises(InvalidRequest):
        either.call("explain", "iP1", [], "Hi", client={"url": server.url, "retries": quick}, tags=["a"])
    assert [asked.target for asked in server.asked] == ["/v2/batches?dryRun=true"] * 2
    assert "idempotency-key" not in server.asked[0].headers
    assert json.loads(server.asked[0].body) == {
        "sender": "iP1",
        "recipients": [],
        "body": "Hi",
        "tags": ["a"],
    }


def test_a_client_shows_how_each_call_is_made() -> None:
    assert (
        Heliograph.get_batch.__doc__ == "One batch, with its price and the count of its messages by status."
    )
    with Heliograph("k", url="http://127.0.0.1:1") as sms:
        assert sms.get_batch.__doc__ == Heliograph.get_batch.__doc__
        with pytest.raises(TypeError, match="delivery_window"):
            sms.send("iP1", [], "Hi", delivery_window=[])  # type: ignore[call-arg]


def test_the_environment_gives_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_URL", "https://sms.example.com:8443/x/")
    monkeypatch.setenv("HELIOGRAPH_KEY", " hg_k\n")
    address = server_address(None, None)
    assert address.url == "https://sms.example.com:8443/x"
    assert address.headers["Authorization"] == "Bearer hg_k"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("", "k"),
        ("sms.example.com", "k"),
        ("ftp://sms.example.com", "k"),
        ("https://x", ""),
        ("https://x", "a\nb"),
    ],
)
def test_a_useless_address_or_key_is_refused(url: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HELIOGRAPH_URL", raising=False)
    monkeypatch.delenv("HELIOGRAPH_KEY", raising=False)
    with pytest.raises(ValueError, match="HELIOGRAPH_"):
        Heliograph(key, url=url)


def test_the_key_is_in_no_repr() -> None:
    assert "hg_secret" not in repr(server_address("https://x", "hg_secret"))


def test_importing_it_brings_nothing_of_the_server_and_no_aiohttp() -> None:
    program = (
        "import sys, heliograph.client; "
        "print([m for m in sys.modules if m.split('.')[0] in ('aiohttp', 'litestar', 'asyncpg', 'structlog')"
        " or m.startswith('heliograph.') and not m.startswith('heliograph.client')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
