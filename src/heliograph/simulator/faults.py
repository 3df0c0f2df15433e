"""What the simulated carrier does wrong on purpose, and its judgement of each submit_sm.

Faults can be changed while it runs. The same seed and the same submits in the same order give the same
faults.
"""

import random
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from heliograph.simulator.smpp_wire import RTHROTTLED, Submit
from heliograph.simulator.test_numbers import ORDINARY, Behaviour

Milliseconds = Annotated[float, Meta(ge=0, le=86_400_000)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Status = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every fault; the defaults are none."""

    answer_delay_ms: Milliseconds | None = None
    """Before submit_sm_resp; None as the simulator was started."""
    receipt_delay_ms: Milliseconds | None = None
    """Between a submit and its receipt; None as the simulator was started."""
    receipts: bool = True
    """False: no receipt is made for what is accepted from now on."""
    mute: Literal["no", "submits", "all"] = "no"
    """``submits``: accepted but never answered, while the link lives. ``all``: nothing is written."""
    cut_link_every: Annotated[int, Meta(ge=0)] = 0
    """Every n-th submit, counted over all links, closes its link unanswered; 0 never."""
    cut_after_accept: bool = False
    """Whether the submit that closes the link was accepted; else it is as if it never came."""
    unanswered_fraction: Fraction = 0.0
    """The share of submits that are accepted but never answered."""
    refuse_fraction: Fraction = 0.0
    """The share of submits that are answered with ``refuse_status``."""
    refuse_status: Status = 0x08
    throttle_tps: Annotated[float, Meta(ge=0)] = 0.0
    """Submits a second above which 0x58 is the answer; 0 no limit."""
    bind_status: Status = 0
    """Answer to every bind request in place of success."""


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of one submit."""

    status: int = 0
    """command_status of the answer; other than 0 it is refused."""
    behaviour: Behaviour = ORDINARY
    lost: bool = False
    """The link is closed as if the submit had never come."""


PLAIN: Final = Verdict()
_LOST: Final = Verdict(lost=True)
_THROTTLED: Final = Verdict(RTHROTTLED)
_KINDS_OF_TRY: Final = 10_000
"""How many segments whose tries are counted are remembered."""


class Judge:
    """Decides about submits, by the number they go to and by the faults that are on."""

    def __init__(self, faults: Faults, seed: int | None, numbers: Mapping[bytes, Behaviour]) -> None:
        self._numbers = numbers
        self._chance = random.Random(seed)
        self._tries: dict[tuple[bytes, bytes, bytes], int] = {}
        self._submits = 0
        self._allowance = 0.0
        self._allowed_at = 0.0
        self.change(faults)

    def change(self, faults: Faults) -> None:
        """Use these faults from now on."""
        self.faults = faults
        quiet = Faults(
            answer_delay_ms=faults.answer_delay_ms,
            receipt_delay_ms=faults.receipt_delay_ms,
            bind_status=faults.bind_status,
        )
        self._is_quiet = faults == quiet
        self._allowance = max(1.0, faults.throttle_tps)

    def judge(self, submit: Submit, at: float) -> Verdict:
        """What becomes of a submit that came at ``at`` (seconds of a steady clock)."""
        behaviour = self._numbers.get(submit.recipient)
        if self._is_quiet:
            return PLAIN if behaviour is None else self._by_number(submit, behaviour)
        return self._by_fault(at) or self._weakened(self._by_number(submit, behaviour or ORDINARY))

    def _by_fault(self, at: float) -> Verdict | None:
        faults = self.faults
        self._submits += 1
        if faults.cut_link_every and self._submits % faults.cut_link_every == 0:
            return Verdict(behaviour=Behaviour(cuts_link=True)) if faults.cut_after_accept else _LOST
        if faults.throttle_tps and not self._is_allowed(at):
            return _THROTTLED
        if faults.refuse_fraction and self._chance.random() < faults.refuse_fraction:
            return Verdict(faults.refuse_status)
        return None

    def _is_allowed(self, at: float) -> bool:
        pace = self.faults.throttle_tps
        self._allowance = min(max(1.0, pace), self._allowance + (at - self._allowed_at) * pace)
        self._allowed_at = at
        if self._allowance < 1.0:
            return False
        self._allowance -= 1.0
        return True

    def _by_number(self, submit: Submit, behaviour: Behaviour) -> Verdict:
        if not behaviour.refusals:
            return Verdict(behaviour=behaviour)
        if behaviour.refused_for_ever:
            return Verdict(behaviour.refusals[-1])
        key = (submit.destination, submit.source, submit.octets)
        tries = self._tries.pop(key, 0)
        if tries == len(behaviour.refusals):
            return Verdict(behaviour=behaviour)
        if len(self._tries) >= _KINDS_OF_TRY:
            self._tries.clear()
        self._tries[key] = tries + 1
        return Verdict(behaviour.refusals[tries])

    def _weakened(self, verdict: Verdict) -> Verdict:
        """The verdict with what the faults take away of it: answer, receipts."""
        if verdict.status:
            return verdict
        faults, behaviour = self.faults, verdict.behaviour
        unanswered = faults.mute == "submits" or (
            faults.unanswered_fraction > 0 and self._chance.random() < faults.unanswered_fraction
        )
        if unanswered:
            behaviour = msgspec.structs.replace(behaviour, answered=False)
        if not faults.receipts:
            behaviour = msgspec.structs.replace(behaviour, receipts=())
        return verdict if behaviour is verdict.behaviour else Verdict(behaviour=behaviour)
