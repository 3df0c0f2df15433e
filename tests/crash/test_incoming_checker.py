"""The judge of messages from handsets finds each fault that it is there for."""

import pytest

from tests.crash.incoming_checker import StoredMessage, StoredWishes, Wishes, judge_incoming
from tests.crash.journals import IncomingTestimony, PostedMessage, WrittenMessage

PHONE, STOPPED, BACK = "46730000001", "46730000002", "46730000003"
WRITTEN = [
    WrittenMessage(PHONE, "1 whole", (1, 2), is_incomplete=False),
    WrittenMessage(PHONE, "2 …", (3,), is_incomplete=True),
]
WISHES = Wishes({STOPPED, BACK}, {BACK})
CARRIER = IncomingTestimony({1, 2, 3}, {2})
POSTED = [
    PostedMessage("id 1", PHONE, "1 whole", False, b"1", False),
    PostedMessage("id 1", PHONE, "1 whole", False, b"1", True),
    PostedMessage("id 2", PHONE, "2 …", True, b"2", True),
]
STORED = [StoredMessage((PHONE, "1 whole", False), 201), StoredMessage((PHONE, "2 …", True), 201)]
STORED_WISHES = StoredWishes({STOPPED}, [(STOPPED, "stop"), (BACK, "stop"), (BACK, "start")])


def faults(
    *,
    carrier: IncomingTestimony = CARRIER,
    posted: list[PostedMessage] = POSTED,
    stored: list[StoredMessage] = STORED,
    wishes: StoredWishes = STORED_WISHES,
) -> list[str]:
    return list(judge_incoming(WRITTEN, WISHES, carrier, posted, stored, wishes).faults)


def test_all_is_well() -> None:
    verdict = judge_incoming(WRITTEN, WISHES, CARRIER, POSTED, STORED, STORED_WISHES)
    assert verdict.faults == {}
    assert (verdict.messages, verdict.segments, verdict.repeated, verdict.incomplete) == (2, 3, 1, 1)
    assert verdict.posted_again == 1


def test_a_message_that_is_not_stored() -> None:
    assert faults(stored=STORED[:1], posted=POSTED[:2]) == ["lost"]


def test_a_message_that_the_carrier_still_has_is_not_lost() -> None:
    carrier = IncomingTestimony({1, 2}, set())
    assert faults(carrier=carrier, stored=STORED[:1], posted=POSTED[:2]) == ["unanswered"]


def test_a_message_that_is_stored_twice() -> None:
    assert faults(stored=[*STORED, STORED[0]]) == ["stored_twice"]


@pytest.mark.parametrize(
    "message", [(PHONE, "1 whol", False), (PHONE, "1 whole", True), (STOPPED, "1 whole", False)]
)
def test_a_message_that_nobody_sent_so(message: tuple[str, str, bool]) -> None:
    assert faults(stored=[*STORED, StoredMessage(message, 201)]) == ["altered", "unreported"]


@pytest.mark.parametrize("code", [None, 1])
def test_a_message_without_its_status(code: int | None) -> None:
    assert faults(stored=[STORED[0], StoredMessage(STORED[1].message, code)]) == ["wrong_status"]


def test_a_message_that_is_not_reported() -> None:
    assert faults(posted=POSTED[:2]) == ["unreported"]
    assert faults(posted=[*POSTED[:2], POSTED[2]._replace(is_taken=False)]) == ["unreported"]


@pytest.mark.parametrize(
    "post",
    [
        PostedMessage("id 3", PHONE, "1 whole", False, b"1", True),
        PostedMessage("id 1", PHONE, "1 whole", False, b"other bytes", True),
        PostedMessage("id 3", PHONE, "nobody sent this", False, b"3", True),
    ],
)
def test_a_post_that_is_wrong(post: PostedMessage) -> None:
    assert faults(posted=[*POSTED, post]) == ["wrong_posts"]


@pytest.mark.parametrize(
    "wishes",
    [
        StoredWishes(set(), STORED_WISHES.history),
        StoredWishes({STOPPED, BACK}, STORED_WISHES.history),
        StoredWishes({STOPPED, PHONE}, STORED_WISHES.history),
        StoredWishes({STOPPED}, [*STORED_WISHES.history, (STOPPED, "stop")]),
        StoredWishes({STOPPED}, STORED_WISHES.history[:2]),
    ],
)
def test_a_wish_that_was_not_obeyed_once(wishes: StoredWishes) -> None:
    assert faults(wishes=wishes) == ["wrong_stops"]
