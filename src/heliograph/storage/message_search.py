"""Finds messages of one account by what they are: status, sender, direction, reference, time, words in them.

Batches are chosen by index, and their messages looked at one after the other, newest first: so many a call,
and the answer says where it stopped. Of a number, its conversation is looked through.
"""

from typing import Final, NamedTuple

import msgspec

from heliograph.domain.ids import ID_BYTES, id_bytes
from heliograph.storage.batch_listing import HIGHEST_ID, BatchFilter, list_batches
from heliograph.storage.batch_reading import StoredBatch
from heliograph.storage.conversation_reading import Place, Shown, list_conversation, read_places
from heliograph.storage.database import Transaction, load_query

LOOKED_AT: Final = 20_000
"""Messages of one call."""
_MOST_BATCHES: Final = 4_000
"""Of one call, most of whose texts may tell that none of their messages is wanted."""
_STEP: Final = 500
_OF_A_NUMBER: Final = 5_000
_NUMBER_STEP: Final = 250


class MessageSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages are asked for; what is empty chooses every one."""

    batches: BatchFilter = BatchFilter()
    codes: tuple[int, ...] = ()
    text: str = ""
    """In the message, in any case."""

    @property
    def is_empty(self) -> bool:
        """Whether every message is chosen."""
        return self == MessageSearch()


class FoundMessages(NamedTuple):
    """The next messages, newest first."""

    places: list[Place]
    below: bytes | None
    """Where the next call goes on; None behind the oldest."""


class _Range(NamedTuple):
    """Messages of a batch that are looked at, by the numbers of their ids."""

    first: int
    last: int
    in_batch: bool
    """Whether the text of the batch has the words."""


async def search_messages(
    tx: Transaction, account_id: int, wanted: MessageSearch, *, below: bytes = HIGHEST_ID, limit: int
) -> FoundMessages:
    """The next messages of any number with ids below one: at most ``limit``, of a bounded stretch."""
    found: list[Place] = []
    messages_left, batches_left = LOOKED_AT, _MOST_BATCHES
    while messages_left > 0 and batches_left > 0:
        step = await list_batches(tx, account_id, wanted.batches, limit=_STEP, newest_first=True, after=below)
        ranges, is_cut = _ranges(step, wanted, below, messages_left)
        found += await _look(tx, account_id, wanted, ranges, limit=limit + 1 - len(found))
        if len(found) > limit:
            return FoundMessages(found[:limit], found[limit - 1].message_id)
        if len(step) < _STEP and not is_cut:
            return FoundMessages(found, None)
        messages_left -= sum(each.last - each.first + 1 for each in ranges)
        batches_left -= len(step)
        below = id_bytes(ranges[-1].first) if is_cut else step[-1].batch_id
    return FoundMessages(found, below)


def _ranges(
    batches: list[StoredBatch], wanted: MessageSearch, below: bytes, most: int
) -> tuple[list[_Range], bool]:
    """What is looked at of batches, no more than so many messages; whether more is left of them."""
    highest = int.from_bytes(below[:ID_BYTES], "big") - 1
    text, ranges = wanted.text.lower(), list[_Range]()
    for batch in batches:
        in_batch = text in batch.body.lower()
        number = int.from_bytes(batch.batch_id, "big")
        first, last = number + 1, min(number + batch.message_count, highest)
        if last < first or not (in_batch or batch.templated):
            continue
        if most <= 0:
            return ranges, True
        cut_first = max(first, last - most + 1)
        ranges.append(_Range(cut_first, last, in_batch))
        most -= last - cut_first + 1
        if cut_first > first:
            return ranges, True
    return ranges, False


async def _look(
    tx: Transaction, account_id: int, wanted: MessageSearch, ranges: list[_Range], *, limit: int
) -> list[Place]:
    if not ranges:
        return []
    rows = await tx.fetch(
        load_query("search_messages"),
        account_id,
        [id_bytes(each.first) for each in ranges],
        [id_bytes(each.last) for each in ranges],
        [each.in_batch for each in ranges],
        id_bytes(ranges[-1].first),
        id_bytes(ranges[0].last),
        wanted.codes or None,
        wanted.text.lower(),
        limit,
    )
    return [Place(*row) for row in rows]


async def search_number(
    tx: Transaction, account_id: int, number: str, wanted: MessageSearch, *, below: bytes = b"", limit: int
) -> FoundMessages:
    """The next messages to and from a number with ids below one."""
    found: list[Place] = []
    step = limit + 1 if wanted.is_empty else _NUMBER_STEP
    for _ in range(0, _OF_A_NUMBER, _NUMBER_STEP):
        places = await list_conversation(
            tx,
            account_id,
            number,
            incoming=wanted.batches.incoming,
            limit=step,
            newest_first=True,
            after=below,
        )
        for shown in await read_places(tx, account_id, places):
            if _is_chosen(shown, wanted):
                found.append(Place(shown.message.message_id, shown.batch.batch_id))
            if len(found) > limit:
                return FoundMessages(found[:limit], found[limit - 1].message_id)
        if len(places) < step:
            return FoundMessages(found, None)
        below = places[-1].message_id
    return FoundMessages(found, below)


def _is_chosen(shown: Shown, wanted: MessageSearch) -> bool:
    message, batch, of_batch = shown.message, shown.batch, wanted.batches
    body = batch.body if message.body is None else message.body
    return (
        (not wanted.codes or message.code in wanted.codes)
        and wanted.text.lower() in body.lower()
        and of_batch.sender in (None, batch.sender)
        and of_batch.reference in (None, batch.reference)
        and (not of_batch.tags or not set(of_batch.tags).isdisjoint(batch.tags))
        and (of_batch.created_from is None or batch.created_at >= of_batch.created_from)
        and (of_batch.created_to is None or batch.created_at < of_batch.created_to)
    )
