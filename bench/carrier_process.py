"""The carrier of the bench: the simulated carrier in a process of its own, without a journal."""

import time
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from heliograph.simulator.faults import Faults
from heliograph.simulator.simulator_settings import SimulatorSettings
from heliograph.simulator.smpp_wire import Submit
from heliograph.simulator.smsc import Smsc
from heliograph.simulator.test_numbers import Behaviour

SYSTEM_ID: Final = "bench"
PASSWORD: Final = "bench"
RECEIPT_SECONDS: Final = 0.05
MAX_UNANSWERED: Final = 100


class TimedSmsc(Smsc):
    """Notes when each submit came, while it is asked to."""

    arrivals: dict[str, float] | None = None
    """Recipient to seconds of the monotonic clock."""

    def accept(self, submit: Submit, behaviour: Behaviour, moment: datetime, stamp: bytes, at: float) -> int:
        if self.arrivals is not None:
            self.arrivals[submit.recipient.decode("ascii")] = time.monotonic()
        return super().accept(submit, behaviour, moment, stamp, at)


async def set_up() -> dict[str, Any]:
    """The carrier as a tool; ``port`` tells where it listens for SMPP."""
    smsc = TimedSmsc(
        SimulatorSettings(
            system_id=SYSTEM_ID,
            password=PASSWORD,
            receipt_delay=RECEIPT_SECONDS,
            max_unanswered_receipts=MAX_UNANSWERED,
        ),
        now=lambda: datetime.now(UTC),
    )
    _, port = await smsc.start()

    def send_receipts(wanted: bool) -> None:
        smsc.change_faults(Faults(receipts=wanted))

    def note_arrivals() -> None:
        smsc.arrivals = {}

    def arrivals() -> dict[str, float]:
        noted, smsc.arrivals = smsc.arrivals or {}, None
        return noted

    return {
        "port": lambda: port,
        "links": lambda: len([session for session in smsc.sessions if session.bound_as]),
        "submits": lambda: smsc.counts.submits,
        "counts": lambda: msgspec.structs.asdict(smsc.counts),
        "send_receipts": send_receipts,
        "note_arrivals": note_arrivals,
        "arrivals": arrivals,
    }
