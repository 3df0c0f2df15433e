"""Judges what became of messages from handsets, by the journals of the outside parties and the database."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from heliograph.domain.status import Code
from heliograph.storage.database import Connection
from tests.crash.journals import IncomingTestimony, PostedMessage, WrittenMessage

Message = tuple[str, str, bool]
"""Phone, text, and whether it is incomplete: no two messages of a run have all in common."""

_FIGURES = frozenset({"messages", "segments", "repeated", "incomplete", "posted_again"})

_STORED = """
SELECT b.sender, b.body, b.missing_segments IS NOT NULL AS is_incomplete, m.code
FROM batch b LEFT JOIN message m ON m.account_id = b.account_id AND m.batch_id = b.batch_id
WHERE b.direction = 1
"""
_BLACKLISTED = "SELECT msisdn FROM blacklist"
_WISHES = "SELECT msisdn, source FROM blacklist_event ORDER BY happened_at"


class IncomingVerdict(NamedTuple):
    """What came out of one run: first figures, then faults, each of which must be empty."""

    messages: int
    """Sent by handsets."""
    segments: int
    repeated: int
    """Segments that the carrier delivered more than once."""
    incomplete: int
    """Messages of which one segment never came."""
    posted_again: int
    """Messages that came to the customer's server more than once."""

    lost: list[Message]
    """Answered with OK, all that the carrier had of it, and not stored."""
    stored_twice: list[Message]
    altered: list[Message]
    """Stored, and sent by no handset."""
    unanswered: list[int]
    """Segments that the carrier still has."""
    wrong_status: list[Message]
    """Stored with another status than 201, or with none."""
    unreported: list[Message]
    """Stored, and the customer's server has not taken it."""
    wrong_posts: list[Message]
    """POSTed without being stored, or under two ids, or in other bytes the second time."""
    wrong_stops: list[str]
    """Phones that are blacklisted and should not be, or not and should be, or whose wish counted twice."""

    @property
    def faults(self) -> dict[str, list[object]]:
        """What is wrong, by name; empty for a good run."""
        return {name: value for name, value in self._asdict().items() if value and name not in _FIGURES}


class StoredMessage(NamedTuple):
    """A message of the database."""

    message: Message
    code: int | None


class StoredWishes(NamedTuple):
    """What the database says about STOP and START."""

    blacklisted: Collection[str]
    history: Sequence[tuple[str, str]]
    """Phone and word, in their order."""


class Wishes(NamedTuple):
    """What handsets asked for."""

    stopped: Collection[str]
    """Phones that wrote STOP."""
    started: Collection[str]
    """Those of them that wrote START later."""


async def read_stored(connection: Connection) -> tuple[list[StoredMessage], StoredWishes]:
    """What the database says."""
    stored = [
        StoredMessage((row["sender"], row["body"], row["is_incomplete"]), row["code"])
        for row in await connection.fetch(_STORED)
    ]
    blacklisted = {row["msisdn"] for row in await connection.fetch(_BLACKLISTED)}
    history = [(row["msisdn"], row["source"]) for row in await connection.fetch(_WISHES)]
    return stored, StoredWishes(blacklisted, history)


def judge_incoming(
    written: Sequence[WrittenMessage],
    wishes: Wishes,
    carrier: IncomingTestimony,
    posted: Iterable[PostedMessage],
    stored: Sequence[StoredMessage],
    stored_wishes: StoredWishes,
) -> IncomingVerdict:
    """Compare what everybody says."""
    sent = {(each.phone, each.text, each.is_incomplete): each for each in written}
    assert len(sent) == len(written), "two messages of a run cannot be told apart"
    counts = Counter(each.message for each in stored)
    posts: dict[Message, list[PostedMessage]] = defaultdict(list)
    for post in posted:
        posts[post.phone, post.text, post.is_incomplete].append(post)
    return IncomingVerdict(
        messages=len(written),
        segments=sum(len(each.numbers) for each in written),
        repeated=len(carrier.repeated),
        incomplete=sum(each.is_incomplete for each in written),
        posted_again=sum(len(its) > 1 for its in posts.values()),
        lost=[
            message
            for message, each in sent.items()
            if carrier.answered.issuperset(each.numbers) and message not in counts
        ],
        stored_twice=[message for message, count in counts.items() if count > 1],
        altered=[message for message in counts if message not in sent],
        unanswered=[number for each in written for number in each.numbers if number not in carrier.answered],
        wrong_status=[each.message for each in stored if each.code != Code.DELIVERED],
        unreported=[
            message for message in counts if not any(each.is_taken for each in posts.get(message, ()))
        ],
        wrong_posts=[
            message
            for message, its in posts.items()
            if len({(post.webhook_id, post.body) for post in its}) > counts[message]
        ],
        wrong_stops=_wrong_stops(wishes, stored_wishes),
    )


def _wrong_stops(wishes: Wishes, stored: StoredWishes) -> list[str]:
    happened: dict[str, list[str]] = defaultdict(list)
    for phone, source in stored.history:
        happened[phone].append(source)
    wrong = []
    for phone in {*wishes.stopped, *happened, *stored.blacklisted}:
        expected = ["stop"] if phone in wishes.stopped else []
        expected += ["start"] if phone in wishes.started else []
        should_be = expected == ["stop"]
        if happened[phone] != expected or (phone in stored.blacklisted) != should_be:
            wrong.append(phone)
    return sorted(wrong)
