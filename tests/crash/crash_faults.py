"""What goes wrong in crash runs, by name."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from heliograph.simulator.faults import Faults
from tests.crash.installation import WINDOW, Installation
from tests.support.report_receiver import Received, take

Disturb = Callable[[Installation], Awaitable[None]]

TIMES = 2
"""How often something is repeated that happens at a random moment."""


async def nothing(installation: Installation) -> None:
    """The fault is built in: a failpoint or the carrier's behaviour."""


def kill_at_random(role: str) -> Disturb:
    """kill -9 of a role at moments drawn by the seed, each in the middle of its work."""

    async def disturb(installation: Installation) -> None:
        for _ in range(TIMES):
            await installation.wait_until_working(role)
            await asyncio.sleep(installation.random.uniform(0.1, 0.8))
            installation.members[role].kill()
            installation.members[role].ready.clear()

    return disturb


async def stop_dispatcher(installation: Installation) -> None:
    """SIGTERM to the dispatcher, as at every upgrade; it comes back."""
    for _ in range(TIMES):
        await installation.wait_until_working("dispatcher")
        await asyncio.sleep(installation.random.uniform(0.1, 0.8))
        installation.members["dispatcher"].ask_to_stop()
        installation.members["dispatcher"].ready.clear()


async def freeze_dispatcher(installation: Installation) -> None:
    """The dispatcher stands still until another one has its slot and sends; then it goes on."""
    await installation.wait_until_working("dispatcher")
    other = installation.add_member("dispatcher", name="other dispatcher")
    await other.ready.wait()
    await asyncio.sleep(installation.random.uniform(0.1, 0.8))
    installation.members["dispatcher"].freeze()
    await installation.wait_until_working("dispatcher", name="other dispatcher")
    await asyncio.sleep(installation.random.uniform(0.1, 0.5))
    installation.members["dispatcher"].thaw()


async def kill_reporter_over_a_report(installation: Installation) -> None:
    """The reporter dies while the customer's server has a report and has not answered it."""
    left = installation.random.randint(2, 12)
    died = asyncio.Event()

    def hang_up(received: Received) -> int:
        nonlocal left
        left -= 1
        if left:
            return take(received)
        installation.members["reporter"].kill()
        installation.decide_on_report = take
        died.set()
        return 0

    installation.decide_on_report = hang_up
    await asyncio.wait_for(died.wait(), 30)


async def stop_postgres(installation: Installation) -> None:
    """PostgreSQL goes away in the middle and comes back."""
    await installation.wait_until_working("dispatcher")
    await asyncio.sleep(installation.random.uniform(0.1, 0.8))
    await asyncio.to_thread(installation.server.stop)
    await asyncio.sleep(installation.random.uniform(0.2, 1.0))
    await asyncio.to_thread(installation.server.start)


async def crash_postgres(installation: Installation) -> None:
    """Every process of PostgreSQL is killed at once; it recovers."""
    await installation.wait_until_working("dispatcher")
    await asyncio.sleep(installation.random.uniform(0.1, 0.8))
    await asyncio.to_thread(installation.server.crash)
    await asyncio.to_thread(installation.server.start)


@dataclass(frozen=True)
class Fault:
    """What goes wrong in a run, and what it may leave in doubt."""

    disturb: Disturb = nothing
    failpoints: Mapping[str, str] = field(default_factory=dict)
    """Place in the code by role; the pass is drawn by the seed."""
    carrier: Faults = field(default_factory=Faults)
    kills: str = ""
    """The role that must have died, or the run proved nothing."""
    may_doubt: int = WINDOW
    """The most segments that one occurrence may put in doubt."""


def _at(role: str, place: str, *, may_doubt: int = 0) -> Fault:
    return Fault(failpoints={role: place}, kills=role, may_doubt=may_doubt)


FAULTS = {
    "dispatcher killed at random": Fault(disturb=kill_at_random("dispatcher"), kills="dispatcher"),
    "dispatcher killed before the flight's commit": _at(
        "dispatcher", "dispatch.pre_commit", may_doubt=WINDOW
    ),
    "dispatcher killed between intent commit and write": _at(
        "dispatcher", "dispatch.post_commit", may_doubt=WINDOW
    ),
    "dispatcher killed between answer and outcome commit": _at(
        "dispatcher", "dispatch.answered", may_doubt=WINDOW
    ),
    "dispatcher killed before a receipt is committed": _at(
        "dispatcher", "receipts.pre_commit", may_doubt=WINDOW
    ),
    "dispatcher killed before a committed receipt is answered": _at(
        "dispatcher", "receipts.post_commit", may_doubt=WINDOW
    ),
    "dispatcher asked to stop in mid-window": Fault(disturb=stop_dispatcher, may_doubt=0),
    "dispatcher frozen while another takes over": Fault(disturb=freeze_dispatcher),
    "api killed at random": Fault(disturb=kill_at_random("api"), kills="api", may_doubt=0),
    "api killed before the commit": _at("api", "api.pre_commit"),
    "api killed between commit and answer": _at("api", "api.post_commit"),
    "api killed before the answer": _at("api", "api.pre_response"),
    "reporter killed before a report is answered": Fault(
        disturb=kill_reporter_over_a_report, kills="reporter", may_doubt=0
    ),
    "reporter killed between POST and record": _at("reporter", "reports.posted"),
    "reporter killed before the record is committed": _at("reporter", "reports.pre_commit"),
    "link cut in mid-window": Fault(carrier=Faults(cut_link_every=700, cut_after_accept=True)),
    "PostgreSQL stopped and started": Fault(disturb=stop_postgres),
    "PostgreSQL killed": Fault(disturb=crash_postgres),
}
