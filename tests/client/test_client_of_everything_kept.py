"""What an account keeps, from conversations to keys, and held batches: both clients against a real server."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from heliograph.client import Conflict, DeliveryWindow, Forbidden, InvalidRequest, NewContact, NotFound
from tests.acceptance.conftest import Served
from tests.client.either_client import EitherClient

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

PHONE, OURS = "46701740605", "46701740699"
ABSENT = "0" * 24
Ask = Callable[..., Any]


@pytest.fixture
def ask(either: EitherClient, served: Served) -> Ask:
    """Call a method of one kind of client with the first account's key."""

    def ask_server(method: str, *arguments: Any, key: str | None = None, **options: Any) -> Any:
        client = {"url": served.url, "key": key or served.key}
        return either.call(method, *arguments, client=client, **options)

    return ask_server


def planned(ask: Ask) -> str:
    """A batch of tomorrow."""
    window = DeliveryWindow(opens=datetime.now(UTC) + timedelta(days=1))
    batch_id: str = ask("send", "iP1", [PHONE], "Later", delivery_windows=[window]).id
    return batch_id


def test_a_batch_is_paused_and_resumed(ask: Ask) -> None:
    batch_id = planned(ask)
    assert ask("pause_batch", batch_id).paused
    assert ask("pause_batch", batch_id).paused
    assert ask("get_batch", batch_id).paused
    assert not ask("resume_batch", batch_id).paused
    with pytest.raises(Conflict, match="not paused"):
        ask("resume_batch", batch_id)
    with pytest.raises(NotFound):
        ask("pause_batch", ABSENT)


def test_a_batch_is_rescheduled(ask: Ask) -> None:
    batch_id = planned(ask)
    opens = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    moved = ask("reschedule_batch", batch_id, [DeliveryWindow(opens=opens)])
    assert [window.opens for window in moved.delivery_windows] == [opens]
    with pytest.raises(InvalidRequest):
        ask("reschedule_batch", batch_id, [DeliveryWindow(opens=opens, closes=opens)])
    ask("cancel_batch", batch_id)
    with pytest.raises(Conflict):
        ask("reschedule_batch", batch_id, [DeliveryWindow(opens=opens)])


def test_a_conversation_is_read_and_counted(ask: Ask) -> None:
    phone = f"4672{uuid4().int % 10**7:07}"
    sent = [ask("send", "iP1", [phone], f"Number {n}").id for n in range(3)]
    assert [each.batch_id for each in ask("list_conversation", phone, page_size=2)] == sent
    newest = ask("list_conversation", phone, direction="mt", newest_first=True, page_size=2)
    assert [each.batch_id for each in newest] == sent[::-1]
    assert ask("list_conversation", phone, direction="mo") == []
    summary = ask("summarize_conversation", phone)
    assert (summary.participant, summary.total_message_count, summary.partial) == (phone, 3, False)
    assert sum(count.messages for count in summary.mobile_terminated_messages.values()) == 3
    assert summary.mobile_originated_messages == {}
    with pytest.raises(InvalidRequest):
        ask("summarize_conversation", "+46701740605")


def test_a_conversation_has_what_the_handset_wrote(ask: Ask, served: Served) -> None:
    phone = f"4672{uuid4().int % 10**7:07}"
    typed = served.command("handset", "send", phone, OURS, "Hello there")
    assert typed.returncode == 0, typed.stderr
    deadline = time.monotonic() + 20
    while not (messages := ask("list_conversation", phone, direction="mo")):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    assert [(message.sender, message.body, message.direction) for message in messages] == [
        (phone, "Hello there", "mo")
    ]
    assert ask("list_conversation", phone) == messages
    assert ask("summarize_conversation", phone).mobile_originated_messages != {}
    assert [event.body for event in ask("list_events") if event.sender == phone] == ["Hello there"]


def added(ask: Ask, label: str, *names: str) -> list[Any]:
    """Contacts with a label."""
    wanted = [NewContact(properties={"firstName": name}, labels=[label]) for name in names]
    contacts: list[Any] = ask("add_contacts", wanted)
    return contacts


def test_contacts_are_added_and_listed_by_filters(ask: Ask) -> None:
    label = uuid4().hex
    contacts = added(ask, label, "Åsa", "Bo", "Cy")
    assert ask("list_contacts", labels=[label], page_size=2) == contacts
    assert ask("list_contacts", labels=[label], newest_first=True, page_size=2) == contacts[::-1]
    assert ask("list_contacts", labels=[label], properties={"firstName": "Åsa"}) == contacts[:1]
    assert ask("list_contacts", labels=[uuid4().hex]) == []


def test_contacts_show_what_is_known_of_their_number(ask: Ask) -> None:
    label = uuid4().hex
    wanted = NewContact(
        properties={"phoneNumber": f"+{PHONE}"}, labels=(label,), metadata={"phoneNumber": {"by": "us"}}
    )
    (contact,) = ask("add_contacts", [wanted])
    assert contact.metadata == {}
    whole = ask("get_contact", contact.id, with_metadata=True)
    assert (whole.metadata["phoneNumber"]["by"], whole.metadata["phoneNumber"]["isBlocked"]) == (
        "us",
        "false",
    )
    known = {"metadata": {"phoneNumber.isBlocked": "false"}, "with_metadata": True}
    assert ask("list_contacts", labels=[label], properties={"phoneNumber": f"+{PHONE}"}, **known) == [whole]


def test_an_import_is_counted_and_done_once(ask: Ask) -> None:
    label, key = uuid4().hex, uuid4().hex
    contacts = [NewContact(properties={"n": str(n)}, labels=[label]) for n in range(1200)]
    assert ask("import_contacts", contacts, idempotency_key=key) == 1200
    assert ask("import_contacts", contacts, idempotency_key=key) == 1200
    assert len(ask("list_contacts", labels=[label], page_size=1000)) == 1200
    with pytest.raises(InvalidRequest, match="1000"):
        ask("add_contacts", contacts)


def test_a_contact_is_changed_replaced_and_deleted(ask: Ask) -> None:
    label = uuid4().hex
    (contact,) = added(ask, label, "Åsa")
    changed = ask("change_contact", contact.id, properties={"city": "Malmö", "firstName": None})
    assert (changed.properties, changed.labels) == ({"city": "Malmö"}, [label])
    assert ask("change_contact", contact.id, labels=[]).labels == []
    replaced = ask("replace_contact", contact.id, NewContact(properties={"firstName": "Bo"}))
    assert replaced == ask("get_contact", contact.id)
    assert replaced.properties == {"firstName": "Bo"}
    assert ask("delete_contact", contact.id) == replaced
    for method in ("get_contact", "delete_contact", "change_contact"):
        with pytest.raises(NotFound):
            ask(method, contact.id)


def test_contacts_are_deleted_by_filters_and_never_without(ask: Ask) -> None:
    label = uuid4().hex
    contacts = added(ask, label, "Åsa", "Bo")
    assert ask("delete_contacts", labels=[label], properties={"firstName": "Bo"}) == contacts[1:]
    with pytest.raises(InvalidRequest):
        ask("delete_contacts")
    assert ask("list_contacts", labels=[label]) == contacts[:1]


def test_labels_are_put_on_counted_and_taken_off(ask: Ask) -> None:
    first, second = uuid4().hex, uuid4().hex
    ids = [contact.id for contact in added(ask, first, "Åsa", "Bo")]
    assert ask("label_contacts", second, ids).usage_count == 2
    summary = ask("summarize_contacts")
    assert {each.label_name: each.usage_count for each in summary.labels}[second] == 2
    assert "firstName" in {each.property_name for each in summary.properties}
    assert ask("delete_label", second).usage_count == 2
    assert [contact.labels for contact in ask("list_contacts", labels=[first])] == [[first], [first]]
    with pytest.raises(NotFound):
        ask("delete_label", second)


def test_keys_are_made_listed_and_revoked(ask: Ask) -> None:
    name = uuid4().hex
    expires = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    made = ask(
        "create_key", name, scopes=["read", "keys"], networks=["127.0.0.0/8"], test=True, expires=expires
    )
    assert (made.scopes, made.networks, made.test, made.expires) == (
        ["keys", "read"],
        ["127.0.0.0/8"],
        True,
        expires,
    )
    assert made.key not in repr(made)
    assert ask("list_conversation", PHONE, key=made.key) is not None
    with pytest.raises(Forbidden):
        ask("create_key", "More", key=made.key, scopes=["send"])
    assert made.id in [key.id for key in ask("list_keys", page_size=1)]
    assert ask("list_keys", newest_first=True)[0].name == name
    assert ask("revoke_key", made.id).revoked is not None
    with pytest.raises(NotFound):
        ask("revoke_key", "nosuchkey")


def test_the_same_idempotency_key_makes_one_key(ask: Ask) -> None:
    again = uuid4().hex
    assert ask("create_key", "Web", idempotency_key=again) == ask("create_key", "Web", idempotency_key=again)


def test_the_feed_tells_of_every_event_of_a_batch(ask: Ask) -> None:
    batch = ask("send", "iP1", [PHONE, "46701740612"], "Hi")
    ask("wait", batch.id, timeout=30)
    events = ask("list_events", batch_id=batch.id, page_size=1)
    assert len({event.event_id for event in events}) == len(events)
    assert {(event.recipient, event.code) for event in events} >= {(PHONE, 201), ("46701740612", 512)}
    assert ask("list_events", batch_id=batch.id, codes=[405]) == []


def test_senders_and_the_blacklist_are_kept(ask: Ask) -> None:
    assert ask("register_sender", "Kept").sender == ask("get_sender", "Kept").sender == "Kept"
    assert "Kept" in [each.sender for each in ask("list_senders")]
    assert ask("remove_sender", "Kept").sender == "Kept"
    assert ask("block", "46701740697").msisdn == ask("get_blacklisted", "46701740697").msisdn
    assert "46701740697" in [each.msisdn for each in ask("list_blacklist")]
    assert ask("unblock", "46701740697").msisdn == "46701740697"


def test_reports_are_sent_again_by_batch_time_and_status(ask: Ask) -> None:
    nobody = "http://127.0.0.1:65533/reports"
    batch = ask("send", "iP1", [PHONE], "Hi", delivery_report_url=nobody)
    ask("wait", batch.id, timeout=30)
    again = ask("replay_reports", batch_ids=[batch.id], statuses=[201])
    assert (again.reports, again.has_more, again.cursor, again.origin) == (1, False, None, None)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    narrow = {"origin": nobody, "created_from": an_hour_ago, "created_to": an_hour_ago, "after": ABSENT}
    assert ask("replay_reports", **narrow).reports == 0
    key = uuid4().hex
    first, second = (ask("replay_reports", batch_ids=[batch.id], idempotency_key=key) for _ in range(2))
    assert first == second
    assert first.reports >= 2
    with pytest.raises(NotFound):
        ask("replay_reports", batch_ids=[ABSENT])
    with pytest.raises(ValueError, match="time zone"):
        ask("replay_reports", created_from=datetime(2026, 11, 22))  # noqa: DTZ001 - as people write it


def test_a_test_report_tells_what_came_back(ask: Ask) -> None:
    told = ask("send_test_report", "http://127.0.0.1:65533/reports")
    assert (told.received, told.answer) == (False, 0)
    assert told.reason
    assert told.headers["webhook-id"].startswith("test-")
    with pytest.raises(InvalidRequest):
        ask("send_test_report", "shop.example")
