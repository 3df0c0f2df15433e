"""The deliver_sm PDUs a carrier owes: receipts that wait for their time, then for a link with room.

Pure: whoever owns the queue tells the time and sends. The ordinary delay is the same for all, so what is due
next is at the left of a deque; the few others are in a heap.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

import msgspec

from heliograph.simulator import smpp_wire as wire
from heliograph.simulator.receipt_dialects import Dialect, Receipt, answer_id, date_format, receipt_writer
from heliograph.simulator.smpp_wire import Submit
from heliograph.simulator.test_numbers import PlannedReceipt

INCOMING: Final = "INCOMING"
"""The state of a delivery that is no receipt but a message from a handset."""

_Due = tuple[float, int, PlannedReceipt, bytes, Submit]


class Delivery(msgspec.Struct, gc=False):
    """One deliver_sm, sent until it is answered."""

    body: bytes
    number: int
    """The number of the message it reports, or of the incoming message itself."""
    state: str
    """``stat`` of the receipt, or ``INCOMING``."""
    sends: int = 0
    """How often it was written to a link."""
    is_taken: bool = False
    """Whether it was answered with success."""
    is_refused: bool = False
    """Whether it was answered with a status that makes a carrier give up."""


class Deliveries:
    """Everything owed to the sender's receiving links."""

    def __init__(self, dialect: Dialect) -> None:
        self._write: Callable[[Receipt, bytes], tuple[int, bytes, bytes]] = receipt_writer(dialect)
        self._id_template = answer_id(dialect)
        self.date: Callable[[datetime], bytes] = date_format(dialect)
        """A time as the dialect writes it."""
        self._steady: deque[_Due] = deque()
        self._others: list[tuple[float, int, _Due | Delivery]] = []
        self._count = 0
        self.ready: deque[Delivery] = deque()
        """Those whose time has come, in the order in which to send them."""

    def __repr__(self) -> str:
        return f"<Deliveries {self.waiting} waiting, {len(self.ready)} ready>"

    @property
    def waiting(self) -> int:
        """How many wait for their time."""
        return len(self._steady) + len(self._others)

    @property
    def next_due(self) -> float | None:
        """When the next one's time comes (seconds of the owner's steady clock)."""
        steady = self._steady[0][0] if self._steady else None
        if not self._others:
            return steady
        return self._others[0][0] if steady is None else min(steady, self._others[0][0])

    def answer_id(self, number: int) -> bytes:
        """The id of a message as the answer to its submit_sm has it."""
        return self._id_template % number

    def plan(
        self, due: float, number: int, planned: PlannedReceipt, submitted: bytes, submit: Submit
    ) -> None:
        """Owe a receipt at ``due`` for the message ``number``, submitted at ``submitted`` (see ``date``)."""
        item = (due, number, planned, submitted, submit)
        steady = self._steady
        is_ordinary = planned.after is None and not planned.extra
        if is_ordinary and (not steady or due >= steady[-1][0]):
            steady.append(item)
        else:
            self._hold(due, item)

    def retry(self, due: float, delivery: Delivery) -> None:
        """Send a delivery again at ``due``: it was answered with a temporary error."""
        self._hold(due, delivery)

    def give_back(self, deliveries: Iterable[Delivery]) -> None:
        """Take back what a lost link left unanswered: it comes first on the next one, in the same order."""
        self.ready.extendleft(reversed(list(deliveries)))

    def release_due(self, at: float, done: bytes) -> None:
        """Move those whose time has come to ``ready``; ``done`` is the date their receipts show."""
        steady, ready = self._steady, self.ready
        while steady and steady[0][0] <= at:
            ready.append(self._written(steady.popleft(), done))
        while self._others and self._others[0][0] <= at:
            item = heapq.heappop(self._others)[2]
            ready.append(item if isinstance(item, Delivery) else self._written(item, done))

    def _hold(self, due: float, item: _Due | Delivery) -> None:
        self._count += 1
        heapq.heappush(self._others, (due, self._count, item))

    def _written(self, item: _Due, done: bytes) -> Delivery:
        _, number, planned, submitted, submit = item
        receipt = Receipt(number, planned.state, planned.error, submitted, _beginning(submit))
        data_coding, text, tlvs = self._write(receipt, done)
        esm_class = wire.INTERMEDIATE if planned.intermediate else wire.RECEIPT
        body = wire.deliver_body(submit.destination, submit.source, esm_class, data_coding, text, tlvs)
        return Delivery(body, number, planned.state)


def _beginning(submit: Submit) -> bytes:
    """The octets whose beginning a receipt may show: text in the default alphabet, without its header."""
    if submit.data_coding:
        return b""
    if submit.esm_class & wire.UDHI and submit.octets:
        return submit.octets[1 + submit.octets[0] :]
    return submit.octets
