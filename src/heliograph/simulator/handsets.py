"""The simulated handsets: what arrived, joined and decoded as a phone would, with bounded memory.

Arriving costs one append, since a load run brings tens of thousands a second; joining and decoding wait
until somebody looks.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, NamedTuple

import msgspec

from heliograph.simulator.deliveries import Delivery
from heliograph.simulator.handset_text import Piece, read_coding, read_piece, read_text
from heliograph.simulator.smpp_wire import Submit

_SENT_KEPT: Final = 1_000


class SegmentText(msgspec.Struct, frozen=True):
    """What one segment of a longer message says."""

    number: int
    """From 1."""
    text: str


class HandsetMessage(msgspec.Struct, kw_only=True):
    """One message as the handset shows it."""

    recipient: str
    sender: str
    text: str
    encoding: str
    """``gsm``, ``ucs``, ``latin1``, ``ascii``, or ``binary``, whose text is hexadecimal digits."""
    segments: int
    """How many segments it has."""
    complete: bool
    """Whether all of them arrived; the text is of those that did."""
    flash: bool
    arrived_at: datetime
    """When its last segment arrived."""
    repeats: int = 0
    """Segments that arrived again with the same octets."""
    segment_texts: list[SegmentText] = []
    """Of a message of several segments, those that arrived."""


class SentMessage(msgspec.Struct, kw_only=True):
    """One message that was written on the handset."""

    recipient: str
    text: str
    encoding: str
    segments: int
    sent_at: datetime
    state: Literal["waiting", "taken", "refused"]
    """Whether the other end answered for each segment, and how."""


class Departure(NamedTuple):
    """A message on its way from a handset."""

    sent_at: datetime
    msisdn: str
    recipient: str
    text: str
    encoding: str
    owed: list[Delivery]

    def shown(self) -> SentMessage:
        """It as the handset shows it."""
        is_refused = any(each.is_refused for each in self.owed)
        is_taken = all(each.is_taken for each in self.owed)
        return SentMessage(
            recipient=self.recipient,
            text=self.text,
            encoding=self.encoding,
            segments=len(self.owed),
            sent_at=self.sent_at,
            state="refused" if is_refused else "taken" if is_taken else "waiting",
        )


class Handset(msgspec.Struct):
    """One number that got something."""

    msisdn: str
    messages: int
    arrived_at: datetime
    """When the latest message arrived."""


class _Joining(msgspec.Struct):
    """The segments of one message so far."""

    arrival: datetime
    submit: Submit
    total: int
    pieces: dict[int, bytes]
    repeats: int = 0

    @property
    def is_complete(self) -> bool:
        return len(self.pieces) == self.total

    def shown(self) -> HandsetMessage:
        coding = read_coding(self.submit.data_coding)
        pieces = sorted(self.pieces.items())
        data = b"".join(octets for _, octets in pieces)
        return HandsetMessage(
            recipient=self.submit.recipient.decode("latin-1"),
            sender=self.submit.sender.decode("latin-1"),
            text=read_text(data, coding.alphabet),
            encoding=coding.alphabet,
            segments=self.total,
            complete=self.is_complete,
            flash=coding.flash,
            arrived_at=self.arrival,
            repeats=self.repeats,
            segment_texts=[
                SegmentText(number, read_text(octets, coding.alphabet)) for number, octets in pieces
            ]
            if self.total > 1
            else [],
        )


def assemble(arrivals: Iterable[tuple[datetime, Submit]]) -> list[HandsetMessage]:
    """The messages of segments in their order of arrival, oldest first.

    Segments of one sender, recipient and reference belong together in any order. One that came before with
    the same octets is a repeat. With other octets, or once the message is whole, it begins another one.
    """
    order: list[_Joining] = []
    latest: dict[tuple[bytes, bytes, int, int], _Joining] = {}
    for arrival, submit in arrivals:
        piece = read_piece(submit)
        if piece.total == 1:
            order.append(_Joining(arrival, submit, 1, {1: piece.data}))
            continue
        key = (submit.source, submit.destination, piece.reference, piece.total)
        joining = latest.get(key)
        if joining is None or _begins_another(joining, piece):
            joining = latest[key] = _Joining(arrival, submit, piece.total, {})
            order.append(joining)
        _join(joining, piece, arrival)
    return [joining.shown() for joining in order]


def _begins_another(joining: _Joining, piece: Piece) -> bool:
    return joining.is_complete or joining.pieces.get(piece.sequence, piece.data) != piece.data


def _join(joining: _Joining, piece: Piece, arrival: datetime) -> None:
    if piece.sequence in joining.pieces:
        joining.repeats += 1
        return
    joining.pieces[piece.sequence] = piece.data
    joining.arrival = arrival


class Handsets:
    """Every handset of the simulated network. The oldest segments give way once ``capacity`` is reached."""

    def __init__(self, capacity: int) -> None:
        self._arrivals: deque[tuple[datetime, Submit]] = deque(maxlen=capacity)
        self.arrive = self._arrivals.append
        """Take one segment: ``arrive((moment, submit))``."""
        self.sent: deque[Departure] = deque(maxlen=_SENT_KEPT)
        """What was written on handsets, oldest first."""

    def __repr__(self) -> str:
        return f"<Handsets {len(self._arrivals)} of {self._arrivals.maxlen} segments>"

    def list_handsets(self) -> list[Handset]:
        """Every number with a message, the latest one first."""
        found: dict[str, Handset] = {}
        for message in assemble(self._arrivals):
            handset = found.setdefault(message.recipient, Handset(message.recipient, 0, message.arrived_at))
            handset.messages += 1
            handset.arrived_at = max(handset.arrived_at, message.arrived_at)
        return sorted(found.values(), key=lambda handset: handset.arrived_at, reverse=True)

    def list_messages(self, msisdn: str) -> list[HandsetMessage]:
        """What one number got, oldest first."""
        wanted = msisdn.encode("latin-1", "replace")
        return assemble((at, submit) for at, submit in self._arrivals if submit.recipient == wanted)

    def list_sent(self, msisdn: str) -> list[SentMessage]:
        """What was written on one number, oldest first."""
        return [each.shown() for each in self.sent if each.msisdn == msisdn]

    def clear(self, msisdn: str | None = None) -> None:
        """Forget the messages of one number, or of all."""
        if msisdn is None:
            self._arrivals.clear()
            self.sent.clear()
            return
        still_sent = [each for each in self.sent if each.msisdn != msisdn]
        self.sent.clear()
        self.sent.extend(still_sent)
        unwanted = msisdn.encode("latin-1", "replace")
        kept = [arrival for arrival in self._arrivals if arrival[1].recipient != unwanted]
        self._arrivals.clear()
        self._arrivals.extend(kept)
