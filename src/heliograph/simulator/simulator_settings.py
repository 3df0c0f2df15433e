"""How a simulated carrier is set up."""

from typing import Annotated

import msgspec
from msgspec import Meta

from heliograph.simulator.faults import Faults
from heliograph.simulator.receipt_dialects import Dialect

Port = Annotated[int, Meta(ge=0, le=65_535)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be chosen; a port of 0 takes a free one."""

    system_id: Annotated[str, Meta(min_length=1, max_length=15)]
    """Who may bind; any number of binds share what they are owed."""
    password: Annotated[str, Meta(max_length=8)]
    smpp_host: str = "127.0.0.1"
    smpp_port: Port = 0
    http_host: str = "127.0.0.1"
    http_port: Port = 0
    """Where the handsets are read; whoever reaches it reads every message and may change the faults."""
    answer_delay: Seconds = 0.0
    """Before each submit_sm_resp."""
    receipt_delay: Seconds = 1.0
    """Between a submit and its receipt."""
    fixed_delay_factor: Annotated[float, Meta(ge=0)] = 1.0
    """Multiplies the delays that belong to test numbers, such as a receipt after 30 seconds."""
    receipt_retry_delay: Seconds = 1.0
    """Before a receipt answered with a temporary error is sent again."""
    max_unanswered_receipts: Annotated[int, Meta(ge=1)] = 100
    """On each link."""
    receipt_dialect: Dialect = Dialect()
    enquire_link_seconds: Seconds = 30.0
    """Silence after which the link is asked whether it lives, and again after which it is closed; 0 never."""
    journal: str | None = None
    """File that every submit, receipt and answer is appended to before it is answered."""
    handset_capacity: Annotated[int, Meta(ge=1)] = 10_000
    """Segments kept for reading; the oldest give way."""
    seed: int | None = None
    """Makes message ids and random faults the same in every run. None: ids differ from every run before."""
    faults: Faults = Faults()
