"""Cutting accepted messages into lots: small batches of one commit are mixed, large ones sliced.

Messages may share a lot when account, carrier, priority and release time are the same, and when their
windows close in the same second: a lot closes when the first of them does.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import repeat

import msgspec

from heliograph.domain.delivery_windows import DeliveryWindow, last_close, next_window
from heliograph.domain.ids import IdSource
from heliograph.domain.lot import (
    LARGEST_LOT,
    LotContents,
    LotMessage,
    LotText,
    cut_lots,
    encode_contents,
    fair_positions,
)
from heliograph.storage.batches import NO_CARRIER, PreparedBatch

_Key = tuple[int, int, int, float, int, tuple[DeliveryWindow, ...]]


class NewLot(msgspec.Struct, frozen=True):
    """A lot to be inserted."""

    lot_id: bytes
    account_id: int
    weight: int
    priority: int
    is_ready: bool
    opens_at: datetime
    closes_at: datetime
    later: tuple[DeliveryWindow, ...]
    segment_count: int
    first_id: bytes
    last_id: bytes
    payload: bytes


class _Mixing:
    """Messages that may share a lot, with the texts they use."""

    __slots__ = (
        "carrier_id",
        "closes_at",
        "is_ready",
        "later",
        "messages",
        "numbers",
        "opens_at",
        "owner",
        "texts",
    )

    def __init__(self, carrier_id: int, batch: PreparedBatch, present: "_Present") -> None:
        self.carrier_id = carrier_id
        self.owner = batch
        self.is_ready = present.is_ready
        self.opens_at = present.window.opens
        self.closes_at = present.window.closes
        self.later = present.later
        self.texts: list[LotText] = []
        self.numbers: dict[tuple[str, str, int, bool], int] = {}
        self.messages: list[LotMessage] = []

    def number_of(self, sender: str, body: str, encoding: int, flash: bool) -> int:
        key = sender, body, encoding, flash
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.texts)
            self.texts.append(LotText(sender, body, encoding, flash))
        return number

    def cut(self, largest: int) -> Iterable[LotContents]:
        if len(self.texts) == 1 or len(self.messages) <= 1:
            for messages in cut_lots(self.messages, largest=largest):
                yield LotContents(self.texts, list(messages))
            return
        for messages in cut_lots(self.messages, largest=largest):
            yield _with_own_texts(self.texts, messages)


class _Present(msgspec.Struct, frozen=True):
    """How a batch stands to its delivery windows at the time of its commit."""

    window: DeliveryWindow
    """The one that is open, else the next."""
    later: tuple[DeliveryWindow, ...]
    is_ready: bool
    closes_second: int
    last_close: int


def _present(windows: tuple[DeliveryWindow, ...], now: datetime) -> _Present:
    if len(windows) == 1:
        window = windows[0]
        second = int(window.closes.timestamp())
        return _Present(window, (), window.opens <= now, second, second)
    window = next_window(windows, now) or windows[-1]
    return _Present(
        window,
        windows[windows.index(window) + 1 :],
        window.opens <= now,
        int(window.closes.timestamp()),
        int(last_close(windows).timestamp()),
    )


def _with_own_texts(texts: Sequence[LotText], messages: Sequence[LotMessage]) -> LotContents:
    """A lot with no other texts than its messages use."""
    used = {number: place for place, number in enumerate(dict.fromkeys(message.text for message in messages))}
    if len(used) == len(texts):
        return LotContents(list(texts), list(messages))
    return LotContents(
        [texts[number] for number in used],
        [msgspec.structs.replace(message, text=used[message.text]) for message in messages],
    )


class LotCutter:
    """Gathers the messages of batches accepted together, then cuts them into lots.

    A lot has at most as many segments as its carrier takes in a second.
    """

    def __init__(self, ids: IdSource, now: datetime) -> None:
        self._ids = ids
        self._now = now
        self._mixings: dict[_Key, _Mixing] = {}

    def add(self, batch: PreparedBatch, start: int = 0, stop: int | None = None) -> None:
        """Add the messages ``start`` to ``stop`` of a paid batch that are to be sent."""
        present = _present(batch.draft.windows, self._now)
        chosen = slice(start, stop)
        rows = zip(
            batch.carriers[chosen],
            batch.message_ids[chosen],
            batch.recipients[chosen],
            batch.segments[chosen],
            batch.encodings[chosen],
            repeat(batch.draft.body) if batch.bodies is None else batch.bodies[chosen],
            strict=False,
        )
        sender, flash, until = batch.draft.sender, batch.draft.flash, present.last_close
        carrier_before, body_before, number = NO_CARRIER, "", 0
        for carrier_id, message_id, recipient, segments, encoding, body in rows:
            if carrier_id == NO_CARRIER:
                continue
            if carrier_id != carrier_before:
                mixing = self._mixing(carrier_id, batch, present)
                append, carrier_before, body_before = mixing.messages.append, carrier_id, ""
            if body is not body_before:
                number, body_before = mixing.number_of(sender, body, encoding, flash), body
            append(LotMessage(message_id, recipient, number, segments, None, 0, until))

    def _mixing(self, carrier_id: int, batch: PreparedBatch, present: _Present) -> _Mixing:
        window = present.window
        key = (
            carrier_id,
            batch.draft.priority,
            batch.account.account_id,
            0.0 if present.is_ready else window.opens.timestamp(),
            present.closes_second,
            present.later,
        )
        mixing = self._mixings.get(key)
        if mixing is None:
            mixing = self._mixings[key] = _Mixing(carrier_id, batch, present)
            return mixing
        if window.opens < mixing.opens_at:
            mixing.opens_at = window.opens
        if window.closes < mixing.closes_at:
            mixing.closes_at = window.closes
        return mixing

    def cut(self) -> dict[int, list[NewLot]]:
        """The lots by carrier, carriers in ascending order; what was gathered is forgotten."""
        mixings, self._mixings = self._mixings, {}
        lots: dict[int, list[NewLot]] = {}
        for mixing in sorted(mixings.values(), key=lambda mixing: mixing.carrier_id):
            pace = mixing.owner.segments_per_second.get(mixing.carrier_id, LARGEST_LOT)
            cut = lots.setdefault(mixing.carrier_id, [])
            cut.extend(self._new_lot(mixing, contents) for contents in mixing.cut(int(pace)))
        return lots

    def _new_lot(self, mixing: _Mixing, contents: LotContents) -> NewLot:
        messages, account = contents.messages, mixing.owner.account
        identifiers = [message.message_id for message in messages]
        return NewLot(
            self._ids.new(int(self._now.timestamp())),
            account.account_id,
            account.weight,
            mixing.owner.draft.priority,
            mixing.is_ready,
            mixing.opens_at,
            mixing.closes_at,
            mixing.later,
            sum([message.segments for message in messages]),
            min(identifiers),
            max(identifiers),
            encode_contents(contents),
        )


class Places(msgspec.Struct, frozen=True):
    """Where new lots of a carrier stand in its fair order, counted from where their accounts are now."""

    advances: dict[tuple[int, int], int]
    """How far each (priority, account) moves on; in ascending order of the key."""
    offsets: list[int | None]
    """The place of each lot after its account's start; None for a scheduled lot, which has no place yet."""


def place_lots(lots: Sequence[NewLot]) -> Places:
    """Give each ready lot its place behind those of its account and priority that come before it."""
    advances: dict[tuple[int, int], int] = {}
    offsets: list[int | None] = []
    for lot in lots:
        if not lot.is_ready:
            offsets.append(None)
            continue
        key = lot.priority, lot.account_id
        (offset,) = fair_positions(advances.get(key, 0), [lot.segment_count], weight=lot.weight)
        advances[key] = offset
        offsets.append(offset)
    return Places(dict(sorted(advances.items())), offsets)


class LaterWindows(msgspec.Struct, frozen=True):
    """The windows after the present one of many lots, end to end, with each lot's slice (1-based)."""

    starts: list[int]
    ends: list[int]
    opens: list[datetime]
    closes: list[datetime]


def later_windows(lots: Sequence[NewLot]) -> LaterWindows:
    """The later windows of lots as columns."""
    starts: list[int] = []
    ends: list[int] = []
    flat: list[DeliveryWindow] = []
    for lot in lots:
        starts.append(len(flat) + 1)
        flat.extend(lot.later)
        ends.append(len(flat))
    return LaterWindows(starts, ends, [window.opens for window in flat], [window.closes for window in flat])
