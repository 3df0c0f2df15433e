"""Reads the conversation of one account with a participant: what goes to a number or comes from a sender.

There are two streams of messages, both in the order of ids: those *to* the participant, found one by one, and
those *from* it, found by their batches: all messages of a batch have its sender and the ids that follow it.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

import msgspec

from heliograph.domain.ids import id_bytes, message_range
from heliograph.storage.batch_listing import HIGHEST_ID, LOWEST_ID
from heliograph.storage.batch_reading import MessageCount, StoredBatch, count_large_batches
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.message_changes import COUNTED_BY_ROWS
from heliograph.storage.message_reading import StoredMessage

COUNTED_MESSAGES: Final = 100_000
COUNTED_BATCHES: Final = 10_000
"""How many of the newest messages to a participant, or batches from it, a summary counts."""


_Counts: TypeAlias = dict[bool, dict[int, MessageCount]]
"""By code, of incoming messages (True) and of others."""


class Place(NamedTuple):
    """A message and its batch, by their ids."""

    message_id: bytes
    batch_id: bytes


class _Sent(NamedTuple):
    """A batch from the participant, and how many messages it has."""

    batch_id: bytes
    message_count: int
    incoming: bool


class Shown(NamedTuple):
    """A message of a conversation with its batch."""

    message: StoredMessage
    batch: StoredBatch


class Counted(msgspec.Struct, frozen=True):
    """The messages of a conversation by code."""

    outgoing: Mapping[int, MessageCount]
    incoming: Mapping[int, MessageCount]
    is_partial: bool
    """Whether there are older messages that were not counted."""


async def list_conversation(
    tx: Transaction,
    account_id: int,
    participant: str,
    *,
    incoming: bool | None,
    limit: int,
    newest_first: bool,
    after: bytes = b"",
) -> list[Place]:
    """The first ``limit`` messages of a conversation, of one direction or of both, after an id if given."""
    above, below = LOWEST_ID, HIGHEST_ID
    if after and newest_first:
        below = after
    elif after:
        above = after
    direction = None if incoming is None else int(incoming)
    filled_to = await tx.fetchval(load_query("read_conversation_progress"))
    to_it = await tx.fetch(
        load_query("list_messages_to_newest_first" if newest_first else "list_messages_to_oldest_first"),
        account_id,
        participant,
        filled_to,
        above,
        below,
        direction,
        limit,
    )
    # Of the batch that an id lies in no message may be left, hence one more.
    from_it = await tx.fetch(
        load_query("list_batches_from_newest_first" if newest_first else "list_batches_from_oldest_first"),
        account_id,
        participant,
        above,
        below,
        direction,
        limit + 1,
    )
    sent = _places((_Sent(*row) for row in from_it), above, below, newest_first=newest_first)
    merged = heapq.merge((Place(*row) for row in to_it), sent, reverse=newest_first)
    return list(islice(merged, limit))


def _places(batches: Iterable[_Sent], above: bytes, below: bytes, *, newest_first: bool) -> Iterator[Place]:
    """The messages of batches in order, those between two ids."""
    lowest, highest = int.from_bytes(above, "big") + 1, int.from_bytes(below, "big") - 1
    for batch in batches:
        number = int.from_bytes(batch.batch_id, "big")
        numbers = range(max(number + 1, lowest), min(number + batch.message_count, highest) + 1)
        for message in reversed(numbers) if newest_first else numbers:
            yield Place(id_bytes(message), batch.batch_id)


async def list_latest(
    tx: Transaction, account_id: int, *, limit: int, below: bytes = HIGHEST_ID
) -> list[Place]:
    """The newest messages of an account, whoever they are to or from; those below an id if given."""
    rows = await tx.fetch(load_query("list_latest_messages"), account_id, below, limit)
    return [Place(*row) for row in rows]


async def find_place(tx: Transaction, account_id: int, message_id: bytes) -> Place | None:
    """A message whose batch is not known; None where there is none, or its batch is hidden."""
    row = await tx.fetchrow(load_query("find_message_place"), account_id, message_id)
    return None if row is None else Place(*row)


async def read_places(tx: Transaction, account_id: int, places: Sequence[Place]) -> list[Shown]:
    """Messages with their batches, in the order asked for."""
    if not places:
        return []
    message_ids = [place.message_id for place in places]
    batch_ids = list({place.batch_id for place in places})
    found = await tx.fetch(
        load_query("read_messages"), account_id, message_ids, min(message_ids), max(message_ids)
    )
    messages = {row["message_id"]: StoredMessage(*row) for row in found}
    rows = await tx.fetch(load_query("read_batches"), account_id, batch_ids, min(batch_ids), max(batch_ids))
    batches = {row["batch_id"]: StoredBatch(*row) for row in rows}
    return [
        Shown(messages[place.message_id], batches[place.batch_id])
        for place in places
        if place.message_id in messages
    ]


async def count_conversation(tx: Transaction, account_id: int, participant: str) -> Counted:
    """The messages of a conversation by direction and code, as far as a bounded look at the newest tells."""
    counts: _Counts = {False: {}, True: {}}
    filled_to = await tx.fetchval(load_query("read_conversation_progress"))
    to_it = await tx.fetch(
        load_query("count_messages_to"), account_id, participant, filled_to, COUNTED_MESSAGES
    )
    _add(counts, to_it)
    found = await tx.fetch(
        load_query("list_batches_from_newest_first"),
        account_id,
        participant,
        LOWEST_ID,
        HIGHEST_ID,
        None,
        COUNTED_BATCHES + 1,
    )
    batches = _affordable([_Sent(*row) for row in found[:COUNTED_BATCHES]])
    await _count_sent(tx, account_id, batches, counts)
    is_partial = sum(row["messages"] for row in to_it) >= COUNTED_MESSAGES or len(batches) < len(found)
    return Counted(counts[False], counts[True], is_partial)


async def _count_sent(tx: Transaction, account_id: int, batches: Sequence[_Sent], counts: _Counts) -> None:
    """Add the messages of batches: of small ones by their rows, of large ones by their summaries."""
    small = [batch for batch in batches if batch.message_count <= COUNTED_BY_ROWS]
    large = [batch.batch_id for batch in batches if batch.message_count > COUNTED_BY_ROWS]
    if small:
        ranges = [message_range(batch.batch_id, batch.message_count) for batch in small]
        first, last = [low for low, _ in ranges], [high for _, high in ranges]
        incoming = [batch.incoming for batch in small]
        statement = load_query("count_messages_of_batches")
        _add(counts, await tx.fetch(statement, account_id, incoming, first, last, min(first), max(last)))
    if large:
        for by_code in (await count_large_batches(tx, account_id, large)).values():
            _add(counts, [(False, code, *count) for code, count in by_code.items()])


def _affordable(batches: Sequence[_Sent]) -> Sequence[_Sent]:
    """As many batches as may be counted by their rows; at least one."""
    messages = 0
    for place, batch in enumerate(batches):
        if messages >= COUNTED_MESSAGES:
            return batches[:place]
        messages += batch.message_count if batch.message_count <= COUNTED_BY_ROWS else 1
    return batches


def _add(counts: _Counts, rows: Iterable[Iterable[int]]) -> None:
    for incoming, code, messages, segments in rows:
        before = counts[bool(incoming)].get(code, MessageCount(0, 0))
        counts[bool(incoming)][code] = MessageCount(before.messages + messages, before.segments + segments)
