"""The simulated SMSC: what all its links share. Accepts, numbers, delivers to handsets, owes receipts.

One read of a link is one block: judged, journalled and answered together.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from heliograph.domain import encoding as texts
from heliograph.domain import gsm7
from heliograph.domain.encoding import Encoding
from heliograph.domain.segmentation import segments, with_udh
from heliograph.simulator import smpp_wire as wire
from heliograph.simulator.deliveries import INCOMING, Deliveries, Delivery
from heliograph.simulator.faults import Faults, Judge
from heliograph.simulator.handsets import Departure, Handsets
from heliograph.simulator.journal import Journal, JournalRecord
from heliograph.simulator.simulator_settings import SimulatorSettings
from heliograph.simulator.smpp_wire import Submit
from heliograph.simulator.smsc_session import SmscSession
from heliograph.simulator.test_numbers import ORDINARY, Behaviour, PlannedReceipt, by_address

_GRAIN: Final = 0.002
"""Seconds between two looks at the receipts: what falls due in between goes out in one write."""
_FIRST_NUMBER_BITS: Final = 44


class Counts(msgspec.Struct):
    """What happened since the start."""

    submits: int = 0
    accepted: int = 0
    refused: int = 0
    malformed: int = 0
    receipts_sent: int = 0
    """Times a deliver_sm was written, repeats and incoming messages included."""
    receipts_repeated: int = 0
    receipts_acknowledged: int = 0
    receipts_refused: int = 0
    """Answered with a status that makes a carrier give up."""
    incoming: int = 0
    """Messages sent from handsets, in segments."""
    links_opened: int = 0
    links_cut: int = 0
    """Closed by a fault or a test number."""
    binds_refused: int = 0


class Smsc:
    """One carrier. ``start`` it in a running loop; ``now`` tells the time of day, aware, UTC."""

    def __init__(self, settings: SimulatorSettings, *, now: Callable[[], datetime]) -> None:
        self.settings = settings
        self.now = now
        self.counts = Counts()
        self.handsets = Handsets(settings.handset_capacity)
        self.deliveries = Deliveries(settings.receipt_dialect)
        self.judge = Judge(
            settings.faults, settings.seed, by_address(delay_factor=settings.fixed_delay_factor)
        )
        self.sessions: list[SmscSession] = []
        self._journal = Journal(settings.journal) if settings.journal else None
        chance = random.Random(settings.seed) if settings.seed is not None else random.SystemRandom()
        self._next_number = chance.getrandbits(_FIRST_NUMBER_BITS)
        self._next_reference = 0
        self._next_session = 0
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = 0.0
        self._is_stopped = False
        self._use_delays()

    def __repr__(self) -> str:
        return f"<Smsc {len(self.sessions)} links, {self.counts.submits} submits, {self.deliveries!r}>"

    async def start(self) -> tuple[str, int]:
        """Listen; returns the address. Raises OSError when the port is taken."""
        self._loop = asyncio.get_running_loop()
        self.seconds = self._loop.time
        host, port = self.settings.smpp_host, self.settings.smpp_port
        self._server = await self._loop.create_server(self._new_session, host, port, backlog=128)
        found_host, found_port = self._server.sockets[0].getsockname()[:2]
        return str(found_host), int(found_port)

    async def stop(self) -> None:
        """Close every link and stop listening. What is owed is forgotten."""
        self._is_stopped = True
        self._server.close()
        if self._timer is not None:
            self._timer.cancel()
        for session in tuple(self.sessions):
            session.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    @property
    def faults(self) -> Faults:
        return self.judge.faults

    def change_faults(self, faults: Faults) -> None:
        """Use these faults from now on; delays that are None are those of the settings again."""
        self.judge.change(faults)
        self._use_delays()

    def send_incoming(self, msisdn: str, recipient: str, text: str) -> int:
        """Send a text from a handset to one of the sender's numbers; returns how many segments it takes.

        Raises UnicodeEncodeError for a lone surrogate, TooManySegments beyond 255.
        """
        encoding = Encoding.GSM7 if gsm7.is_encodable(text) else Encoding.UCS2
        self._next_reference += 1
        pieces = with_udh(segments(texts.encode(text, encoding), encoding), self._next_reference)
        source, destination = b"\1\1" + msisdn.encode("ascii"), b"\1\1" + recipient.encode("ascii")
        esm_class = wire.UDHI if len(pieces) > 1 else 0
        data_coding = texts.data_coding(encoding)
        owed = [
            self.owe_incoming(wire.deliver_body(source, destination, esm_class, data_coding, piece))
            for piece in pieces
        ]
        coding = "gsm" if encoding is Encoding.GSM7 else "ucs"
        self.handsets.sent.append(Departure(self.now(), msisdn, recipient, text, coding, owed))
        self.send_deliveries()
        return len(pieces)

    def owe_incoming(self, body: bytes) -> Delivery:
        """Owe a deliver_sm from a handset, whatever is in it; ``send_deliveries`` sends it."""
        delivery = Delivery(body, self._take_number(), INCOMING)
        self.deliveries.ready.append(delivery)
        self.counts.incoming += 1
        return delivery

    def accept(self, submit: Submit, behaviour: Behaviour, moment: datetime, stamp: bytes, at: float) -> int:
        """Take a segment: hand it to its handset and owe its receipts. Returns its number.

        ``moment`` and ``stamp`` are the time of day, ``at`` the same moment of the steady clock.
        """
        self.counts.accepted += 1
        number = self._take_number()
        if behaviour is ORDINARY or behaviour.reaches_handset:
            self.handsets.arrive((moment, submit))
        for planned in behaviour.receipts:
            if _is_wanted(submit.registered_delivery, planned):
                delay = self._receipt_delay if planned.after is None else planned.after
                self.deliveries.plan(at + delay + planned.extra, number, planned, stamp, submit)
        return number

    def send_deliveries(self) -> None:
        """Send what is due over the links with room for it, and set the timer for what is due next."""
        deliveries = self.deliveries
        at = self.seconds()
        due = deliveries.next_due
        if due is not None and due <= at:
            deliveries.release_due(at, deliveries.date(self.now()))
            due = deliveries.next_due
        if deliveries.ready:
            for session in tuple(self.sessions):
                session.deliver(deliveries.ready)
            self.sessions[:] = self.sessions[1:] + self.sessions[:1]
        if due is not None:
            self._wake_at(max(due, at + _GRAIN))

    def note(self, record: JournalRecord) -> None:
        """Add a record to the journal, if there is one."""
        if self._journal is not None:
            self._journal.add(record)

    def flush_journal(self) -> None:
        """Write the journal down; before anything that was noted is told to the other end."""
        if self._journal is not None:
            self._journal.flush()

    @property
    def has_journal(self) -> bool:
        return self._journal is not None

    def take_back(self, session: SmscSession, unanswered: list[Delivery]) -> None:
        """A link ended: what it left unanswered goes to the others, or waits for the next."""
        self.sessions.remove(session)
        self.deliveries.give_back(unanswered)
        if unanswered and not self._is_stopped:
            self.send_deliveries()

    def _new_session(self) -> SmscSession:
        self._next_session += 1
        return SmscSession(self, self._next_session)

    def _take_number(self) -> int:
        self._next_number += 1
        return self._next_number

    def _use_delays(self) -> None:
        faults, settings = self.faults, self.settings
        answer, receipt = faults.answer_delay_ms, faults.receipt_delay_ms
        self.answer_delay = settings.answer_delay if answer is None else answer / 1000
        self._receipt_delay = settings.receipt_delay if receipt is None else receipt / 1000

    def _wake_at(self, when: float) -> None:
        if self._timer is not None:
            if self._wakes_at <= when:
                return
            self._timer.cancel()
        self._wakes_at = when
        self._timer = self._loop.call_at(when, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.send_deliveries()


_WANTED: Final = 0x03
_INTERMEDIATE_WANTED: Final = 0x10


def _is_wanted(registered_delivery: int, planned: PlannedReceipt) -> bool:
    """Whether the sender asked for such a receipt (SMPP 3.4, 5.2.17)."""
    mode = registered_delivery & _WANTED
    if mode == 1:
        return True
    if planned.state == "ENROUTE":
        return bool(registered_delivery & _INTERMEDIATE_WANTED)
    return mode == 2 and planned.state != "DELIVRD"
