"""Deliver reports again that somebody chooses by batch, time, status or origin.

Reports that were given up, and where batches or a time are named also those delivered before: a receiver
that lost its data gets them once more, with the ids that they had. A call looks at a bounded number of
messages, in the order of their ids, and tells where the next one goes on.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from heliograph.domain.ids import IdSource, message_range
from heliograph.domain.refusals import NotFound
from heliograph.domain.replay_filter import (
    MOST_REPLAYED,
    ReplayFilter,
    ToldMessage,
    blocks_of,
    reports_of,
    together,
)
from heliograph.domain.report_events import Destination, RetryEvents, StoredEvent
from heliograph.storage.batch_listing import ids_around
from heliograph.storage.batch_reading import find_batch
from heliograph.storage.database import Transaction
from heliograph.storage.failed_reports import (
    GivenUp,
    enable_origin,
    hasten_messages,
    keep_given_up,
    list_given_up,
    list_told_messages,
    lock_given_up,
    queue_again,
)

UNKNOWN_BATCH: Final = "There is no such batch."
_SLICE: Final = 500
"""Messages looked at in one statement: between two of them other requests have their turn."""
_CLOCK_SLACK: Final = timedelta(minutes=1)
"""How far clocks are thought to be set back; the messages of so much time more are looked at."""


class ChosenReplay(NamedTuple):
    """What one call did."""

    was_disabled: bool
    """Whether one of the origins was disabled; none is any more."""
    queued: int
    """Reports that are sent now."""
    hastened: int
    """Messages among them whose other reports waited for a later attempt, which is made now."""
    next_after: bytes | None
    """The message behind which to go on; None once everything was looked at."""


class ReplayAccount(NamedTuple):
    """Whose reports they are."""

    account_id: int
    currency: str
    report_codes: str


class _Slice(NamedTuple):
    """What was found in a range of messages."""

    messages: list[ToldMessage]
    given_up: list[GivenUp]
    end: bytes
    """The last message that was looked at."""
    looked_at: int


async def replay_chosen(
    tx: Transaction,
    account: ReplayAccount,
    wanted: ReplayFilter,
    *,
    after: bytes = b"",
    now: datetime,
    ids: IdSource,
) -> ChosenReplay:
    """Queue the chosen reports of the messages behind one. Raises NotFound for a batch that is not there."""
    queued = hastened = 0
    left = MOST_REPLAYED
    origins: set[str] = set()
    next_after: bytes | None = None
    for start, until in await _ranges(tx, account.account_id, wanted):
        position = max(start, after)
        while position < until and next_after is None:
            found = await _look(tx, account.account_id, wanted, position, until, limit=min(_SLICE, left))
            chosen = await _choose(tx, account, wanted, found)
            for origin, messages in chosen.items():
                await queue_again(tx, account.account_id, origin, list(blocks_of(messages)), now=now, ids=ids)
                named = [message.events[0].message_id for message in messages]
                hastened += await hasten_messages(tx, account.account_id, origin, named, now)
                queued += sum(len(message.events) for message in messages)
            origins.update(chosen)
            position = found.end
            left -= found.looked_at
            if left <= 0:
                next_after = position
    # Origins come last, in the order of the reporters. Whatever else lies there is delivered as well.
    enabled = [await enable_origin(tx, account.account_id, origin) for origin in sorted(origins)]
    return ChosenReplay(any(enabled), queued, hastened, next_after)


async def _ranges(tx: Transaction, account_id: int, wanted: ReplayFilter) -> list[tuple[bytes, bytes]]:
    """Between which ids messages are looked at: behind the first of each pair, up to the second."""
    if not wanted.batch_ids:
        return [ids_around(wanted.created_from, wanted.created_to, _CLOCK_SLACK)]
    ranges = []
    for batch_id in sorted(set(wanted.batch_ids)):
        batch = await find_batch(tx, account_id, batch_id)
        if batch is None:
            raise NotFound(UNKNOWN_BATCH)
        if wanted.covers(batch.created_at):
            ranges.append((batch_id, message_range(batch_id, batch.message_count)[1]))
    return ranges


async def _look(
    tx: Transaction, account_id: int, wanted: ReplayFilter, after: bytes, until: bytes, *, limit: int
) -> _Slice:
    """The next messages, and what was given up of them; locked until the commit."""
    messages: list[ToldMessage] = []
    if wanted.reaches_delivered:
        messages = await list_told_messages(tx, account_id, after=after, until=until, limit=limit)
        if len(messages) == limit:
            until = messages[-1].message_id
    listed = await list_given_up(tx, account_id, origin=wanted.origin, after=after, until=until, limit=limit)
    if len(listed) == limit:
        until = listed[-1][1]
        messages = [message for message in messages if message.message_id <= until]
    given_up = await lock_given_up(tx, account_id, listed)
    return _Slice(messages, given_up, until, max(len(messages), len(listed)))


async def _choose(
    tx: Transaction, account: ReplayAccount, wanted: ReplayFilter, found: _Slice
) -> dict[str, list[RetryEvents]]:
    """The chosen reports by origin and message; of what was given up only the others stay."""
    chosen: dict[str, list[RetryEvents]] = defaultdict(list)
    told = {message.message_id: message for message in found.messages if wanted.covers(message.created_at)}
    parked = {row.message_id: row for row in found.given_up}
    if wanted.reaches_delivered:
        parked = {message_id: row for message_id, row in parked.items() if message_id in told}
    kept: list[tuple[GivenUp, Sequence[StoredEvent]]] = []
    for message_id in sorted({*told, *parked}):
        message, row = told.get(message_id), parked.get(message_id)
        anew = [] if message is None else reports_of(message, wanted, report_codes=account.report_codes)
        again = [] if row is None else [event for event in row.events.events if wanted.tells(event.code)]
        if row is not None and again:
            kept.append((row, [event for event in row.events.events if not wanted.tells(event.code)]))
            chosen[row.origin].append(together(row.events.currency, row.events.destination, anew, again))
        elif message is not None and message.origin and message.delivery_report_url and anew:
            destination = Destination(message.delivery_report_url, message.reference)
            chosen[message.origin].append(together(account.currency, destination, anew, again))
    await keep_given_up(tx, account.account_id, kept)
    return chosen
