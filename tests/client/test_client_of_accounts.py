"""Explanations, timelines, child accounts, failed reports, secrets, a receiver's key: with a real server."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from heliograph.client import (
    Conflict,
    Forbidden,
    Heliograph,
    InvalidRequest,
    NotFound,
)
from tests.acceptance.conftest import Served
from tests.client.either_client import EitherClient

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

PHONE, OURS = "46701740605", "46701740699"
NOBODY = "http://127.0.0.1:65533/reports"
ABSENT = "0" * 24
PATIENCE = 60.0
Ask = Callable[..., Any]


@pytest.fixture
def ask(either: EitherClient, served: Served) -> Ask:
    """Call a method of one kind of client with the first account's key."""

    def ask_server(
        method: str, *arguments: Any, key: str | None = None, account: str | None = None, **options: Any
    ) -> Any:
        client = {"url": served.url, "key": key or served.key, "account": account}
        return either.call(method, *arguments, client=client, **options)

    return ask_server


def until(what: Callable[[], Any]) -> Any:
    """The first answer that is not empty."""
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)
    return found


def test_a_batch_is_explained_and_not_sent(ask: Ask) -> None:
    tag = uuid4().hex
    told = ask(
        "explain", "iP1", {PHONE: {"name": "Bo"}, "46": {}}, "It’s {name}", datacoding="auto", tags=[tag]
    )
    assert (told.messages, told.listed, told.balance_suffices) == (2, 2, True)
    first, second = told.recipients
    assert (first.recipient, first.code, first.encoding, first.body) == (PHONE, 103, "UCS", "It’s Bo")
    assert [(each.character, each.replacement) for each in first.forcing_characters] == [("’", "'")]
    assert second.code >= 400
    assert told.message_summary[103].messages == 1
    assert told.price_summary.currency == "SEK"
    assert ask("list_batches", tags=[tag]) == []
    with pytest.raises(InvalidRequest):
        ask("explain", "", [PHONE], "Hi")


def test_a_message_tells_its_way(ask: Ask) -> None:
    batch = ask("send", "iP1", [PHONE], "Hi")
    ask("wait", batch.id, timeout=PATIENCE)
    (message,) = ask("list_messages", batch.id)
    way = until(
        lambda: next(
            (
                found
                for found in [ask("get_timeline", batch.id, message.id)]
                if "receipt" in {entry.kind for entry in found.entries}
            ),
            None,
        )
    )
    assert (way.recipient, way.code, way.final) == (PHONE, 201, True)
    assert [entry.at for entry in way.entries] == sorted(entry.at for entry in way.entries)
    answered = next(entry for entry in way.entries if entry.kind == "answer")
    assert (answered.command_status_name, answered.smsc_id) == ("ESME_ROK", way.submitted[0].smsc_id)
    with pytest.raises(NotFound):
        ask("get_timeline", batch.id, ABSENT)


def test_lists_are_narrowed_down(ask: Ask) -> None:
    tag, reference = uuid4().hex, uuid4().hex
    first = ask("send", "iP1", [PHONE, "46701740612"], "Hi", tags=[tag], reference=reference)
    second = ask("send", "iP1sms", [PHONE], "Hi", tags=[tag])
    for each in (first, second):
        ask("wait", each.id, timeout=PATIENCE)

    def listed(**chosen: Any) -> list[str]:
        return [batch.id for batch in ask("list_batches", tags=[tag], page_size=1, **chosen)]

    assert listed(reference=reference) == listed(sender="iP1") == [first.id]
    assert listed(statuses=[112], direction="MT", newest_first=True) == [second.id, first.id]
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert listed(created_from=an_hour_ago) == [first.id, second.id]
    assert listed(created_to=an_hour_ago) == listed(direction="MO") == []
    failed = ask("list_messages", first.id, statuses=["5xx"], page_size=1)
    assert [message.recipient for message in failed] == ["46701740612"]
    (delivered,) = ask("list_messages", first.id, recipient=PHONE)
    assert delivered.code == 201
    with pytest.raises(ValueError, match="time zone"):
        listed(created_from=datetime(2026, 11, 22))  # noqa: DTZ001 - as people write it


def test_a_receivers_key_reads_what_handsets_sent(ask: Ask, served: Served) -> None:
    phone = f"4672{uuid4().int % 10**7:07}"
    typed = served.command("handset", "send", phone, OURS, "Hello there")
    assert typed.returncode == 0, typed.stderr
    sent = ask("send", "iP1", [PHONE], "Ours")
    key = ask("create_key", "Receiver", scopes=["receive"]).key
    (batch,) = until(lambda: ask("list_batches", key=key, direction="MO", sender=phone))
    assert batch.direction == "MO"
    (message,) = ask("list_messages", batch.id, key=key)
    assert ask("get_message", batch.id, message.id, key=key).body == "Hello there"
    assert ask("get_timeline", batch.id, message.id, key=key).recipient == OURS
    assert ask("list_conversation", phone, key=key, direction="mo") == [message]
    told = ask("list_events", key=key)
    assert {event.type for event in told} == {"incomingMessage"}
    assert {event.owner for event in told} == {message.owner}
    assert "MT" not in {each.direction for each in ask("list_batches", key=key)}
    with pytest.raises(Forbidden, match="outgoing"):
        ask("get_batch", sent.id, key=key)
    with pytest.raises(Forbidden):
        ask("send", "iP1", [PHONE], "Hi", key=key)


def test_a_child_account_is_made_named_and_paid(ask: Ask) -> None:
    again = uuid4().hex
    made = ask("create_child", "Branch", idempotency_key=again)
    assert ask("create_child", "Branch", idempotency_key=again) == made
    assert made.key not in repr(made)
    own = ask("get_account_details")
    assert (made.parent, made.organization, own.parent) == (own.account, own.name, None)
    assert (
        ask("rename_child", made.account, "Harbour").name == ask("get_child", made.account).name == "Harbour"
    )
    moved = ask("give_credit", made.account, 12.5, idempotency_key=again + "2")
    assert (moved.account, moved.amount, moved.balance) == (made.account, 12.5, 12.5)
    assert ask("get_account", key=made.key).balance == 12.5
    assert made.account in [child.account for child in ask("list_children", page_size=1)]
    assert ask("list_children", newest_first=True)[0].account == made.account
    with pytest.raises(NotFound):
        ask("get_child", "ip1-0")
    with pytest.raises(Conflict):
        ask("give_credit", made.account, 90_000_000)
    with pytest.raises(Conflict):
        ask("create_child", "Grandchild", key=made.key)
    with pytest.raises(InvalidRequest):
        ask("rename_child", made.account, "")


def accepted(ask: Ask, account: str) -> Any:
    """A batch from a sender that was just registered; None while the server does not know it yet."""
    try:
        return ask("send", "Branch", [PHONE], "Hi", account=account)
    except InvalidRequest:
        return None


def test_a_parent_asks_as_its_child(ask: Ask, served: Served) -> None:
    child = ask("create_child", "Branch")
    ask("give_credit", child.account, 10)
    ask("register_sender", "Branch", account=child.account)
    sent = until(lambda: accepted(ask, child.account))
    assert sent.owner == child.account
    assert ask("get_account", account=child.account).account == child.account
    assert [batch.id for batch in ask("list_batches", account=child.account)] == [sent.id]
    with pytest.raises(NotFound):
        ask("get_batch", sent.id)
    with pytest.raises(NotFound):
        ask("get_account", account="ip1-0")
    with Heliograph(served.key, url=served.url) as sms:
        branch = sms.as_account(child.account)
        assert branch.wait(sent.id, timeout=PATIENCE).id == sent.id
        assert [event.batch_id for event in branch.list_events()] != []
        assert branch.as_account(None).get_account().account == sms.get_account().account


def test_an_origin_that_fails_is_listed(ask: Ask) -> None:
    batch = ask("send", "iP1", [PHONE], "Hi", delivery_report_url=NOBODY)
    ask("wait", batch.id, timeout=PATIENCE)
    failed = until(
        lambda: [each for each in ask("list_failed_reports", page_size=1) if each.origin in NOBODY]
    )[0]
    assert (failed.failures > 0, failed.last_attempt.answer) == (True, 0)
    assert failed.last_attempt.reason
    assert failed.waiting > 0


def test_secrets_are_rotated_listed_and_removed(ask: Ask, served: Served) -> None:
    again = uuid4().hex
    account = ask("create_child", "Signed")
    (first,) = ask("list_webhook_secrets", account=account.account)
    rotate = {"account": account.account, "idempotency_key": again, "grace_hours": 2}
    made = ask("rotate_webhook_secret", **rotate)
    assert ask("rotate_webhook_secret", **rotate) == made
    assert made.secret not in repr(made)
    listed = ask("list_webhook_secrets", account=account.account, page_size=1)
    assert [each.id for each in listed] == [first.id, made.id]
    assert (listed[0].expires is None, listed[1].expires is None) == (False, True)
    with pytest.raises(Conflict):
        ask("remove_webhook_secret", made.id, account=account.account)
    assert ask("remove_webhook_secret", first.id, account=account.account).id == first.id
    told = ask("send_test_report", NOBODY, account=account.account, idempotency_key=again + "t")
    assert ask("send_test_report", NOBODY, account=account.account, idempotency_key=again + "t") == told
