"""What goes wrong in crash runs with messages from handsets, by name."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tests.crash.crash_faults import TIMES, crash_postgres, kill_reporter_over_a_report, stop_postgres
from tests.crash.handset_traffic import HandsetTraffic
from tests.crash.installation import Installation

Disturb = Callable[[Installation, HandsetTraffic], Awaitable[None]]

PATIENCE_SECONDS = 3.0
"""How long a message waits for another segment in runs that watch it being given up: longer than any gap."""
WITHHELD = 0.3
LINKS_LOST = 2


async def nothing(installation: Installation, traffic: HandsetTraffic) -> None:
    """The fault is built in: a failpoint."""


def without_traffic(disturb: Callable[[Installation], Awaitable[None]]) -> Disturb:
    """A fault of the outgoing matrix."""

    async def disturb_only(installation: Installation, traffic: HandsetTraffic) -> None:
        await disturb(installation)

    return disturb_only


async def kill_dispatcher(installation: Installation, traffic: HandsetTraffic) -> None:
    """kill -9 at moments drawn by the seed, each in the middle of its work."""
    for _ in range(TIMES):
        await _in_the_middle(installation)
        installation.members["dispatcher"].kill()
        installation.members["dispatcher"].ready.clear()


async def kill_dispatcher_between_segments(installation: Installation, traffic: HandsetTraffic) -> None:
    """The dispatcher dies when it has answered some segments of messages and others have not come."""
    await _in_the_middle(installation)
    await traffic.hold()
    assert traffic.begun, "no message was in the middle: the run proves nothing"
    installation.members["dispatcher"].kill()
    installation.members["dispatcher"].ready.clear()
    traffic.go_on()


async def stop_dispatcher(installation: Installation, traffic: HandsetTraffic) -> None:
    """SIGTERM to the dispatcher, as at every upgrade; it comes back."""
    for _ in range(TIMES):
        await _in_the_middle(installation)
        installation.members["dispatcher"].ask_to_stop()
        installation.members["dispatcher"].ready.clear()


async def freeze_dispatcher(installation: Installation, traffic: HandsetTraffic) -> None:
    """The dispatcher stands still with segments it has read; the carrier delivers them to another one.

    Then it goes on, and both have the same.
    """
    other = installation.add_member("dispatcher", name="other dispatcher")
    await other.ready.wait()
    await _in_the_middle(installation)
    await _wait_for_unanswered(installation)
    links = list(installation.carrier.sessions)
    installation.members["dispatcher"].freeze()
    for link in links:
        link.abort()
    await installation.wait_until_working("dispatcher", name="other dispatcher")
    await asyncio.sleep(installation.random.uniform(0.1, 0.5))
    installation.members["dispatcher"].thaw()


async def lose_links(installation: Installation, traffic: HandsetTraffic) -> None:
    """The links break while segments wait for their answers."""
    for _ in range(LINKS_LOST):
        await installation.wait_until_working("dispatcher")
        await asyncio.sleep(installation.random.uniform(0, 0.2))
        await _wait_for_unanswered(installation)
        for link in list(installation.carrier.sessions):
            link.abort()


async def _in_the_middle(installation: Installation) -> None:
    await installation.wait_until_working("dispatcher")
    await asyncio.sleep(installation.random.uniform(0.1, 0.8))


async def _wait_for_unanswered(installation: Installation) -> None:
    """Return when the carrier waits for an answer to something it delivered."""
    while not any(link.unanswered for link in installation.carrier.sessions):
        await asyncio.sleep(0.001)


@dataclass(frozen=True)
class IncomingFault:
    """What goes wrong in a run."""

    disturb: Disturb = nothing
    failpoints: Mapping[str, str] = field(default_factory=dict)
    """Place in the code by role; the pass is drawn by the seed."""
    kills: str = ""
    """The role that must have died, or the run proved nothing."""
    repeats: bool = False
    """Whether the carrier must have delivered something again, or the run proved nothing."""
    posts_again: bool = False
    """Whether something must have been POSTed twice, or the run proved nothing."""
    withheld: float = 0.0
    """The share of longer messages of which one segment never comes."""
    passes: tuple[int, int] = (2, 10)
    """Of the failpoint, the first and the last that the seed may choose."""

    @property
    def settings(self) -> Mapping[str, str]:
        """Variables of every member."""
        if not self.withheld:
            return {}
        return {
            "HELIOGRAPH_INCOMING_SEGMENTS_SECONDS": str(PATIENCE_SECONDS),
            "HELIOGRAPH_KEEPER_POLL_SECONDS": "0.2",
        }


def _dispatcher_at(place: str) -> IncomingFault:
    return IncomingFault(failpoints={"dispatcher": place}, kills="dispatcher", repeats=True)


def _reporter_at(place: str) -> IncomingFault:
    return IncomingFault(failpoints={"reporter": place}, kills="reporter", posts_again=True)


def _keeper_at(place: str) -> IncomingFault:
    return IncomingFault(failpoints={"keeper": place}, kills="keeper", withheld=WITHHELD, passes=(1, 4))


INCOMING_FAULTS = {
    "dispatcher killed at random": IncomingFault(kill_dispatcher, kills="dispatcher"),
    "dispatcher killed with segments read and not stored": _dispatcher_at("receipts.received"),
    "dispatcher killed between joining and storing": _dispatcher_at("incoming.given_out"),
    "dispatcher killed before the commit": _dispatcher_at("receipts.pre_commit"),
    "dispatcher killed between commit and answer": _dispatcher_at("receipts.post_commit"),
    "dispatcher killed between two segments": IncomingFault(
        kill_dispatcher_between_segments, kills="dispatcher"
    ),
    "dispatcher asked to stop": IncomingFault(stop_dispatcher),
    "dispatcher frozen while another takes over": IncomingFault(freeze_dispatcher, repeats=True),
    "link lost with segments unanswered": IncomingFault(lose_links, repeats=True),
    "PostgreSQL stopped and started": IncomingFault(without_traffic(stop_postgres)),
    "PostgreSQL killed": IncomingFault(without_traffic(crash_postgres)),
    "reporter killed before a POST is answered": IncomingFault(
        without_traffic(kill_reporter_over_a_report), kills="reporter", posts_again=True
    ),
    "reporter killed between POST and record": _reporter_at("reports.posted"),
    "reporter killed before the record is committed": _reporter_at("reports.pre_commit"),
    "keeper killed between giving out and storing": _keeper_at("incoming.given_out"),
    "keeper killed before the commit of what it gives out": _keeper_at("incomplete.pre_commit"),
    "keeper killed after that commit": _keeper_at("incomplete.post_commit"),
}
