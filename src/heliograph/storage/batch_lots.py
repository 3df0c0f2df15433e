"""The lots that hold a batch's messages: locked, read, and its waiting messages queued anew.

Everything here runs in the caller's transaction, lots before messages.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from heliograph.domain.flight import QueuedLot
from heliograph.domain.lot import LotContents, LotMessage, LotState, LotText, decode_contents
from heliograph.storage.cancel import delete_unsent_lots, lock_submitted, take_out
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.lots import insert_queued_lots

LOTS_AT_ONCE: Final = 20


class LockedLot(NamedTuple):
    """A lot that may hold messages of a batch, locked so that nobody claims it meanwhile."""

    carrier_id: int
    lot_id: bytes
    next_segment: int
    """Segments before it were, or may have been, submitted."""
    skipped: Sequence[int]
    """Positions of messages taken out before."""
    answered: bytes | None
    """One bit a segment, lowest bit first."""
    priority: int = 1
    state: int = LotState.READY
    fair_position: int = 0
    opens_at: datetime = datetime.min.replace(tzinfo=UTC)
    closes_at: datetime = datetime.max.replace(tzinfo=UTC)
    later_opens: Sequence[datetime] = ()
    later_closes: Sequence[datetime] = ()


async def lock_lots(tx: Transaction, account_id: int, first: bytes, last: bytes) -> list[LockedLot]:
    """The account's lots at any carrier that may hold messages with ids from ``first`` to ``last``."""
    lots: list[LockedLot] = []
    for carrier in await tx.fetch(load_query("list_carrier_ids")):
        lots += await lock_lots_at(tx, carrier["carrier_id"], account_id, first, last)
    return lots


async def lock_lots_at(
    tx: Transaction, carrier_id: int, account_id: int, first: bytes, last: bytes
) -> list[LockedLot]:
    """Those at one carrier.

    Who locked them before us may have queued their messages anew in lots that the look before the wait could
    not see: we look again until nothing new is found.
    """
    found: list[LockedLot] = []
    while True:
        rows = await tx.fetch(load_query("lock_lots_of_batch"), carrier_id, account_id, first, last)
        known = {lot.lot_id for lot in found}
        found = [LockedLot(*row) for row in rows]
        if known.issuperset(lot.lot_id for lot in found):
            return found


async def read_payloads(
    tx: Transaction, account_id: int, carrier_id: int, lot_ids: Sequence[bytes]
) -> dict[bytes, bytes]:
    """The payloads of locked lots of one carrier."""
    rows = await tx.fetch(load_query("read_lot_payloads"), carrier_id, account_id, lot_ids)
    return {row["lot_id"]: row["payload"] for row in rows}


class Share(NamedTuple):
    """What a lot holds of a batch."""

    lot: LockedLot
    waiting: list[tuple[int, LotMessage]]
    """Messages of which this lot submitted nothing, with their positions."""
    submitting: list[bytes]
    """Messages of which this lot submitted a segment that has no answer yet, or only a part."""
    whole: bool
    """Whether the lot would be empty without ``waiting``."""
    texts: Sequence[LotText] = ()


def share_of(lot: LockedLot, messages: Sequence[LotMessage], first: bytes, last: bytes) -> Share:
    """What a lot of these messages holds of the batch whose messages have ids from ``first`` to ``last``."""
    share = Share(lot, [], [], whole=False)
    answered = int.from_bytes(lot.answered or b"", "little")
    skipped = frozenset(lot.skipped)
    end = others = 0
    for position, message in enumerate(messages):
        start, end = end, end + message.to_submit
        if position in skipped:
            continue
        if not first <= message.message_id <= last:
            others += 1
        elif start >= lot.next_segment:
            share.waiting.append((position, message))
        elif end > lot.next_segment or (answered >> start) & _ones(end - start) != _ones(end - start):
            share.submitting.append(message.message_id)
    return share._replace(whole=lot.next_segment == 0 and not others)


def _ones(count: int) -> int:
    return (1 << count) - 1


async def read_shares(
    tx: Transaction, account_id: int, carrier_id: int, lots: Sequence[LockedLot], first: bytes, last: bytes
) -> list[Share]:
    """The shares of one carrier's lots, read some lots at a time so that other requests are not held up."""
    shares: list[Share] = []
    for start in range(0, len(lots), LOTS_AT_ONCE):
        some = lots[start : start + LOTS_AT_ONCE]
        payloads = await read_payloads(tx, account_id, carrier_id, [lot.lot_id for lot in some])
        for lot in some:
            contents = decode_contents(payloads[lot.lot_id])
            shares.append(share_of(lot, contents.messages, first, last)._replace(texts=contents.texts))
    return shares


async def begun_among(
    tx: Transaction, account_id: int, shares: Sequence[Share], first: bytes, last: bytes
) -> set[bytes]:
    """Messages that wait with some of their segments while a carrier has, or may have, others of them."""
    if all(message.only is None for share in shares for _, message in share.waiting):
        return set()
    begun = await lock_submitted(tx, account_id, first, last)
    begun.update(message_id for share in shares for message_id in share.submitting)
    return begun


def leaves(message: LotMessage, kept: AbstractSet[bytes], *, second_tries: bool) -> bool:
    """Whether a waiting message leaves its lot: not if it is in ``kept``, but for its second tries."""
    return second_tries if message.second_try else message.message_id not in kept


async def take_waiting_out(
    tx: Transaction,
    account_id: int,
    carrier_id: int,
    shares: Sequence[Share],
    kept: AbstractSet[bytes],
    *,
    second_tries: bool = True,
) -> None:
    """Take the waiting messages out of one carrier's lots, as ``leaves`` says."""
    positions: dict[bytes, list[int]] = {}
    emptied: list[bytes] = []
    for share in shares:
        taken = [
            position
            for position, message in share.waiting
            if leaves(message, kept, second_tries=second_tries)
        ]
        if share.whole and len(taken) == len(share.waiting):
            emptied.append(share.lot.lot_id)
        elif taken:
            positions[share.lot.lot_id] = taken
    if positions:
        await take_out(tx, account_id, carrier_id, positions)
    if emptied:
        await delete_unsent_lots(tx, account_id, carrier_id, emptied)


class Span(NamedTuple):
    """When messages may be sent: the present window and those after it."""

    opens_at: datetime
    closes_at: datetime
    later_opens: Sequence[datetime]
    later_closes: Sequence[datetime]

    @property
    def last_close(self) -> datetime:
        """When the last of them closes."""
        return self.later_closes[-1] if self.later_closes else self.closes_at


async def queue_anew(
    tx: Transaction,
    account_id: int,
    carrier_id: int,
    shares: Sequence[Share],
    kept: AbstractSet[bytes],
    *,
    state: LotState | None,
    span: Span | None,
    new_id: Callable[[], bytes],
) -> int:
    """Move waiting messages of a batch into lots of their own; how many moved.

    ``state`` and ``span`` are what the new lots have, None what the old ones had; those that were ready
    wait to be released. Messages in ``kept`` stay where they are; their second tries move, but not to
    another time: a doubt has an end of its own.
    """
    moved = 0
    second_tries = span is None
    for start in range(0, len(shares), LOTS_AT_ONCE):
        some = shares[start : start + LOTS_AT_ONCE]
        lots: list[QueuedLot] = []
        for share in some:
            messages = [
                message for _, message in share.waiting if leaves(message, kept, second_tries=second_tries)
            ]
            if messages:
                contents = _contents(share.texts, messages, span)
                lots.append(_queued(share.lot, account_id, contents, state, span, new_id()))
                moved += len(messages)
        if lots:
            await take_waiting_out(tx, account_id, carrier_id, some, kept, second_tries=second_tries)
            await insert_queued_lots(tx, carrier_id, lots)
    return moved


def _queued(
    lot: LockedLot,
    account_id: int,
    contents: LotContents,
    state: LotState | None,
    span: Span | None,
    lot_id: bytes,
) -> QueuedLot:
    old = Span(lot.opens_at, lot.closes_at, lot.later_opens, lot.later_closes)
    if state is None:
        state = LotState.PAUSED if lot.state == LotState.PAUSED else LotState.SCHEDULED
    window = span or old
    if span and lot.state == LotState.SCHEDULED and any(message.tries for message in contents.messages):
        # A try that was put off does not come earlier than it was to.
        window = span._replace(opens_at=max(span.opens_at, min(old.opens_at, span.closes_at)))
    return QueuedLot(lot_id, account_id, lot.priority, state, 0, *window, contents)


def _contents(texts: Sequence[LotText], messages: Sequence[LotMessage], span: Span | None) -> LotContents:
    """A lot of these messages with no other texts than they use."""
    used = {number: place for place, number in enumerate(dict.fromkeys(message.text for message in messages))}
    replaced = list(messages)
    if len(used) < len(texts):
        replaced = [msgspec.structs.replace(message, text=used[message.text]) for message in replaced]
    else:
        used = dict.fromkeys(range(len(texts)), 0)
    if span:
        until = int(span.last_close.timestamp())
        replaced = [msgspec.structs.replace(message, last_close=until) for message in replaced]
    return LotContents([texts[number] for number in used], replaced)
