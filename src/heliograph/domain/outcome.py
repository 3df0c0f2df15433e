"""What the answer to one submit_sm means for its segment: accepted, refused for good, try later, in doubt.

Any answer with a status other than ESME_ROK proves that the segment was not accepted, so that another try
cannot double it. The table is data: every code of SMPP 3.4 has a row, and a carrier's profile may differ.
"""

from enum import IntEnum, unique
from typing import Final

import msgspec

from heliograph.domain import retry
from heliograph.domain.carrier_profile import DEFAULT_PROFILE, CarrierProfile
from heliograph.domain.status import Code

_MINUTE: Final = 60.0


@unique
class Kind(IntEnum):
    """The eight ways a try can end."""

    OK = 0
    """Accepted by the carrier."""
    PERM = 1
    """Refused for good: the message has failed."""
    ROUTE = 2
    """Refused on this route; another carrier might take it. Without one, as PERM."""
    BUG = 3
    """Our PDU or the carrier's profile is wrong: failed, and somebody must look."""
    RETRY = 4
    """Refused for now: another try after a delay."""
    THROTTLE = 5
    """Too fast: the whole bind slows down; no try is consumed."""
    BIND = 6
    """The bind is unusable: the segment goes back to its queue; no try is consumed."""
    IN_DOUBT = 7
    """No answer: it may have been accepted. Never sent again by itself."""


class Rule(msgspec.Struct, frozen=True):
    """One row of the table. ``delays`` are the seconds before each further try; then it is refused."""

    kind: Kind
    code: int = Code.REJECTED
    """The public code once it is refused for good."""
    delays: tuple[float, ...] = ()
    endless: bool = False
    """The last delay repeats until the delivery window ends."""
    alarm: bool = False
    """Somebody should hear of it."""


class Outcome(msgspec.Struct, frozen=True):
    """What to do with the segment. ``retry_after`` is in seconds, None when there is no other try."""

    kind: Kind
    code: int
    """The public code that the message takes."""
    retry_after: float | None = None
    alarm: bool = False

    @property
    def is_final(self) -> bool:
        """Whether the segment has failed for good."""
        return self.kind in _FINAL

    @property
    def is_requeued(self) -> bool:
        """Whether the segment goes back to its queue, at once or after ``retry_after``."""
        return self.kind in _REQUEUED


_FINAL: Final = frozenset({Kind.PERM, Kind.ROUTE, Kind.BUG})
_REQUEUED: Final = frozenset({Kind.RETRY, Kind.THROTTLE, Kind.BIND})

ACCEPTED: Final = Outcome(Kind.OK, Code.AT_GATEWAY)
"""The carrier answered ESME_ROK."""
IN_DOUBT: Final = Outcome(Kind.IN_DOUBT, Code.SENDING)
"""No answer came before the response timer, or the link was lost after the PDU was written."""

_BUG: Final = Rule(Kind.BUG, alarm=True)
_PERM: Final = Rule(Kind.PERM)
_ROUTE: Final = Rule(Kind.ROUTE, alarm=True)
_REBIND: Final = Rule(Kind.BIND, delays=(1.0,))
_CREDENTIALS: Final = Rule(Kind.BIND, delays=(5 * _MINUTE,), alarm=True)
_UNMAPPED: Final = Rule(Kind.RETRY, delays=retry.ONCE, alarm=True)
_VAGUE: Final = Rule(Kind.RETRY, delays=retry.VAGUE)

RULES: Final[dict[int, Rule]] = {
    0x00: Rule(Kind.OK, code=Code.AT_GATEWAY),
    0x01: _BUG,  # RINVMSGLEN
    0x02: _BUG,  # RINVCMDLEN
    0x03: _BUG,  # RINVCMDID
    0x04: _REBIND,  # RINVBNDSTS
    0x05: Rule(Kind.BIND, delays=(_MINUTE,)),  # RALYBND: the old session must die at the carrier first
    0x06: _BUG,  # RINVPRTFLG
    0x07: _BUG,  # RINVREGDLVFLG
    0x08: Rule(Kind.RETRY, delays=retry.SYSTEM_ERROR),  # RSYSERR
    0x0A: Rule(Kind.ROUTE, code=Code.INVALID_SENDER),  # RINVSRCADR
    0x0B: Rule(Kind.PERM, code=Code.INVALID_RECIPIENT),  # RINVDSTADR
    0x0C: _BUG,  # RINVMSGID: query, cancel and replace only
    0x0D: Rule(Kind.BIND, delays=(1.0,), alarm=True),  # RBINDFAIL
    0x0E: _CREDENTIALS,  # RINVPASWD
    0x0F: _ROUTE,  # RINVSYSID: some servers mean "not authorised to send" with it
    0x11: _BUG,  # RCANCELFAIL: cancel only
    0x13: _BUG,  # RREPLACEFAIL: replace only
    0x14: Rule(Kind.RETRY, delays=retry.QUEUE_FULL, endless=True),  # RMSGQFUL
    0x15: _BUG,  # RINVSERTYP
    0x33: _BUG,  # RINVNUMDESTS: submit_multi only
    0x34: _BUG,  # RINVDLNAME: submit_multi only
    0x40: _BUG,  # RINVDESTFLAG: submit_multi only
    0x42: _BUG,  # RINVSUBREP
    0x43: _BUG,  # RINVESMCLASS
    0x44: _BUG,  # RCNTSUBDL
    0x45: _VAGUE,  # RSUBMITFAIL
    0x48: _BUG,  # RINVSRCTON
    0x49: _BUG,  # RINVSRCNPI
    0x50: _BUG,  # RINVDSTTON
    0x51: _BUG,  # RINVDSTNPI
    0x53: _CREDENTIALS,  # RINVSYSTYP
    0x54: _BUG,  # RINVREPFLAG
    0x55: _BUG,  # RINVNUMMSGS: query_last_msgs only
    0x58: Rule(Kind.THROTTLE, delays=(1.0,)),  # RTHROTTLED
    0x61: _BUG,  # RINVSCHED
    0x62: _BUG,  # RINVEXPIRY
    0x63: _BUG,  # RINVDFTMSGID
    0x64: Rule(Kind.RETRY, delays=retry.TEMPORARY),  # RX_T_APPN
    0x65: _PERM,  # RX_P_APPN
    0x66: _PERM,  # RX_R_APPN
    0x67: _BUG,  # RQUERYFAIL: query only
    0xC0: _BUG,  # RINVOPTPARSTREAM
    0xC1: _BUG,  # ROPTPARNOTALLWD
    0xC2: _BUG,  # RINVPARLEN
    0xC3: _BUG,  # RMISSINGOPTPARAM
    0xC4: _BUG,  # RINVOPTPARAMVAL
    0xFE: _VAGUE,  # RDELIVERYFAILURE
    0xFF: _VAGUE,  # RUNKNOWNERR
    0x100: _ROUTE,  # SMPP 5.0: service type unauthorised
    0x101: _ROUTE,  # SMPP 5.0: prohibited
    0x102: Rule(Kind.RETRY, delays=retry.SYSTEM_ERROR),  # SMPP 5.0: service unavailable
    0x103: _ROUTE,  # SMPP 5.0: service denied
    0x104: _BUG,  # SMPP 5.0: data coding
}
"""Every code of SMPP 3.4 (5.1.3) and those of 5.0 met on such links."""

_SMPP_5: Final = range(0x100, 0x400)
_VENDOR: Final = range(0x400, 0x500)
_VENDOR_RULE: Final = Rule(Kind.RETRY, delays=retry.VAGUE, alarm=True)


def rule_for(command_status: int, profile: CarrierProfile = DEFAULT_PROFILE) -> Rule:
    """The row of a status, the carrier's own one first; every number of 32 bits has one."""
    if override := profile.status_overrides.get(command_status):
        return Rule(Kind[override.kind], code=override.code, delays=override.delays)
    if rule := RULES.get(command_status):
        return rule
    if command_status in _SMPP_5:
        return _BUG
    return _VENDOR_RULE if command_status in _VENDOR else _UNMAPPED


def decide(command_status: int | None, tries: int, profile: CarrierProfile = DEFAULT_PROFILE) -> Outcome:
    """What the answer to a submit_sm means; None stands for no answer.

    ``tries`` is how often this segment was answered with RETRY before, this answer not counted. A refusal for
    good carries its public code, waiting ones 114.
    """
    if command_status == 0 and not profile.status_overrides:
        return ACCEPTED
    if command_status is None:
        return IN_DOUBT
    rule = rule_for(command_status, profile)
    if rule.kind is Kind.OK:
        return ACCEPTED
    if rule.kind in _FINAL:
        return Outcome(rule.kind, rule.code, None, rule.alarm)
    if rule.kind is not Kind.RETRY:
        return Outcome(rule.kind, Code.RETRYING, rule.delays[0] if rule.delays else 1.0, rule.alarm)
    return _next_try(rule, tries)


def _next_try(rule: Rule, tries: int) -> Outcome:
    if tries < len(rule.delays):
        return Outcome(Kind.RETRY, Code.RETRYING, rule.delays[tries], rule.alarm)
    if rule.endless:
        return Outcome(Kind.RETRY, Code.RETRYING, rule.delays[-1], rule.alarm)
    return Outcome(Kind.PERM, rule.code, None, rule.alarm)
