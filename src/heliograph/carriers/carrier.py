"""A carrier as its row describes it, and how its binds are kept up: when to try again and whom to tell."""

from typing import Final

import msgspec

from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.domain.outcome import rule_for
from heliograph.domain.retry import STABLE_SECONDS, jittered, reconnect_delay
from heliograph.smpp.constants import CommandStatus
from heliograph.smpp.pdus import BindReceiver, BindRequest, BindTransceiver, BindTransmitter
from heliograph.smpp.timers import TimerSettings


class CarrierSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier: where it listens, who we are to it, how it differs. Equal settings need no restart."""

    carrier_id: int
    name: str
    host: str
    port: int
    system_id: str
    password: str
    bind_mode: str = "transceiver"
    """``transceiver``, ``transmitter`` or ``receiver``."""
    bind_count: int = 1
    tls: bool = False
    profile: CarrierProfile = CarrierProfile()
    revision: int = 0

    def __repr__(self) -> str:
        return f"<Carrier {self.carrier_id} {self.name} x{self.bind_count} revision {self.revision}>"

    @property
    def submits(self) -> bool:
        """Whether its binds may submit messages."""
        return self.bind_mode != "receiver"

    def bind_request(self) -> BindRequest:
        """The PDU that binds (SMPP 3.4, 4.1)."""
        return _BINDS[self.bind_mode](
            system_id=self.system_id,
            password=self.password,
            system_type=self.profile.system_type,
            interface_version=self.profile.interface_version,
            address_range=self.profile.address_range,
        )

    def timer_settings(self) -> TimerSettings:
        """The timers of its sessions."""
        return TimerSettings(
            session_init=self.profile.bind_seconds,
            bind_answer=self.profile.bind_seconds,
            enquire_link=self.profile.enquire_link_seconds,
            enquire_link_answer=self.profile.enquire_answer_seconds,
            silence=self.profile.enquire_answer_seconds,
            response=self.profile.response_seconds,
        )


_BINDS: Final[dict[str, type[BindRequest]]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
}

ALREADY_BOUND_SECONDS: Final = 60.0
"""The old session must die at the carrier before it takes a new one."""
REFUSED_SECONDS: Final = 300.0
"""Between two binds that the carrier refuses for what we are: it locks out those who hammer."""
_TEMPORARY: Final = frozenset(
    {
        CommandStatus.ESME_RSYSERR,
        CommandStatus.ESME_RMSGQFUL,
        CommandStatus.ESME_RTHROTTLED,
        CommandStatus.ESME_RX_T_APPN,
        CommandStatus.ESME_RBINDFAIL,
    }
)
_ALARM_AFTER: Final = 3


class Rebinding(msgspec.Struct):
    """How often in a row a bind slot failed to bind, and what follows from it. Times are seconds."""

    failures: int = 0

    def after_loss(self, held_seconds: float, draw: float) -> float:
        """How long to wait after a bound link was lost; one that held a minute forgets what was before."""
        if held_seconds >= STABLE_SECONDS:
            self.failures = 0
        self.failures += 1
        return reconnect_delay(self.failures, draw)

    def after_failure(self, draw: float) -> float:
        """How long to wait after no link came about."""
        self.failures += 1
        return reconnect_delay(self.failures, draw)

    def after_refusal(self, command_status: int, profile: CarrierProfile, draw: float) -> float:
        """How long to wait after the carrier refused the bind."""
        self.failures += 1
        backoff = reconnect_delay(self.failures, draw)
        if command_status == CommandStatus.ESME_RALYBND:
            return max(ALREADY_BOUND_SECONDS * (1.0 + draw / 4), backoff)
        if command_status in _TEMPORARY:
            return backoff
        if command_status in profile.status_overrides:
            delays = rule_for(command_status, profile).delays
            return jittered(delays[0], draw) if delays else backoff
        return REFUSED_SECONDS * (1.0 + draw / 4)

    def alarm_for(self, command_status: int) -> str | None:
        """The alarm that a failure raises: at once for what a person must mend, else after three in a row.

        ``command_status`` is 0 where no bind was answered at all.
        """
        if command_status in (CommandStatus.ESME_RINVPASWD, CommandStatus.ESME_RINVSYSID):
            return "carrier_credentials_refused"
        if command_status and command_status not in _TEMPORARY | {CommandStatus.ESME_RALYBND}:
            return "carrier_bind_refused"
        return "carrier_unbound" if self.failures >= _ALARM_AFTER else None
