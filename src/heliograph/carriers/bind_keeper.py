"""Keeps one bind slot bound: connects, binds, waits for the end of the link, and tries again in good time."""

import asyncio
import random
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from heliograph.carriers.carrier import CarrierSettings, Rebinding
from heliograph.carriers.lane import Lane
from heliograph.carriers.link import BindRefused, Link, LinkLost
from heliograph.domain.bind_fault import (
    CLOSED,
    NO_ANSWER,
    NO_TLS,
    REFUSED_CONNECTION,
    UNKNOWN_HOST,
    UNREACHABLE,
    refusal_code,
)

UNBIND_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 1.0
_FAULTS: Final = (
    (TimeoutError, NO_ANSWER),
    (ConnectionRefusedError, REFUSED_CONNECTION),
    (socket.gaierror, UNKNOWN_HOST),
    (ssl.SSLError, NO_TLS),
    (ConnectionError, CLOSED),
    (LinkLost, CLOSED),
)
"""The first that fits counts."""

log = structlog.get_logger()


def _fault_of(error: Exception) -> str:
    for kind, fault in _FAULTS:
        if isinstance(error, kind):
            return fault
    return UNREACHABLE


class BindKeeper:
    """The link of one lane. ``until_allowed`` returns when the slot may be bound at all."""

    def __init__(
        self,
        carrier: CarrierSettings,
        slot: int,
        lane: Lane,
        *,
        clock: Callable[[], float],
        tls: ssl.SSLContext | None,
        until_allowed: Callable[[], Awaitable[None]],
        on_bound: Callable[[], None],
        on_unbound: Callable[[], None],
        on_alarm: Callable[[str, int], None],
    ) -> None:
        self._carrier = carrier
        self._name = f"{carrier.name}/{slot}"
        self._lane = lane
        self._clock = clock
        self._tls = tls
        self._until_allowed = until_allowed
        self._on_bound = on_bound
        self._on_unbound = on_unbound
        self._on_alarm = on_alarm
        self._log = log.bind(carrier=carrier.name, slot=slot)
        self.rebinding = Rebinding()
        self.link: Link | None = None
        """The link, from its bind to its end."""
        self.fault: str | None = None
        """Why the last try failed, as ``bind_fault`` writes it; None while a link is bound."""

    def __repr__(self) -> str:
        return f"<BindKeeper {self._name} {self.link or f'unbound, {self.rebinding.failures} failures'}>"

    @property
    def is_bound(self) -> bool:
        """Whether messages may pass."""
        return self.link is not None and self.link.is_bound

    async def keep(self) -> None:
        """Keep the slot bound until cancelled; then unbind."""
        try:
            while True:
                await self._until_allowed()
                await asyncio.sleep(await self._bind_and_hold())
        finally:
            link, self.link = self.link, None
            if link is not None:
                await link.unbind(UNBIND_SECONDS)

    async def _bind_and_hold(self) -> float:
        """Bind and wait for the end of the link; how long to wait before the next try."""
        try:
            link = await self._bind()
        except BindRefused as refused:
            self._tell(refusal_code(refused.command_status))
            return self._after_refusal(refused.command_status)
        except (OSError, TimeoutError, LinkLost) as error:
            self._tell(_fault_of(error))
            self._log.warning("carrier.unreachable", error=type(error).__name__)
            delay = self.rebinding.after_failure(random.random())
            if alarm := self.rebinding.alarm_for(0):
                self._on_alarm(alarm, 0)
            return delay
        bound_at = self._clock()
        self.link, self.fault = link, None
        self._lane.rebind_after = None
        self._log.info("carrier.bound")
        self._on_bound()
        await self._hold(link)
        self.link = None
        self._on_unbound()
        self._log.warning("carrier.unbound", reason=link.lost_reason)
        delay = self.rebinding.after_loss(self._clock() - bound_at, random.random())
        return max(delay, self._lane.rebind_after or 0.0)

    def _tell(self, fault: str) -> None:
        """Have somebody look at why there is no bind; once, as long as it stays the same."""
        before, self.fault = self.fault, fault
        if fault != before:
            self._on_unbound()

    def _after_refusal(self, command_status: int) -> float:
        self._log.warning("carrier.bind_refused", command_status=f"0x{command_status:08X}")
        delay = self.rebinding.after_refusal(command_status, self._carrier.profile, random.random())
        if alarm := self.rebinding.alarm_for(command_status):
            self._on_alarm(alarm, command_status)
        return delay

    async def _bind(self) -> Link:
        carrier, profile = self._carrier, self._carrier.profile
        link = Link(
            self._lane,
            self._clock,
            window=profile.window,
            timers=carrier.timer_settings(),
            name=self._name,
        )
        try:
            await link.connect(carrier.host, carrier.port, tls=self._tls, seconds=profile.connect_seconds)
            await link.bind(carrier.bind_request())
        except BaseException:
            link.abort("not bound")
            raise
        return link

    async def _hold(self, link: Link) -> None:
        """Wait for the link's end; one that the carrier made unusable is ended once its answers came."""
        while not await link.wait_ended(_LOOK_SECONDS):
            if self._lane.rebind_after is not None:
                if link.unanswered_count:
                    await link.wait_ended(UNBIND_SECONDS)
                await link.unbind(UNBIND_SECONDS)
