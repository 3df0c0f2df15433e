"""Which processes work on this database: each names its sessions, and the server knows who is connected.

Nothing is written for it, and a process that dies is gone from the list with its connections.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from heliograph.storage.database import Transaction, load_query

HOST_TAIL: Final = 16
"""A session's name has 63 octets at most; what tells machines apart is mostly at the end of theirs."""
_PREFIX: Final = "heliograph"


class ProcessName(NamedTuple):
    """A process of a role, as its sessions name it."""

    role: str
    started_at: datetime
    pid: int
    host: str
    """The end of the machine's name."""

    @classmethod
    def of(cls, role: str, *, started_at: datetime, pid: int, host: str) -> "ProcessName":
        """The process of a role on a machine; the name keeps whole seconds."""
        plain = "".join(
            each if each.isascii() and each.isprintable() and each != " " else "?" for each in host
        )
        return cls(role, started_at.replace(microsecond=0), pid, plain[-HOST_TAIL:])

    def session_name(self, purpose: str) -> str:
        """What a session of this process for a purpose is called."""
        return f"{_PREFIX} {purpose} {self.role} {int(self.started_at.timestamp()):x} {self.pid} {self.host}"


class Process(NamedTuple):
    """A process that is connected, or whose leases still run."""

    role: str
    process: str
    started_at: datetime | None
    """None if only its leases tell of it: it was lost a moment ago."""
    leases: int | None
    """None for roles that hold none."""


class Holder(NamedTuple):
    """A process that holds leases: of binds (a dispatcher) or of buckets (a reporter)."""

    role: str
    holder: str
    leases: int


def parse_session_name(name: str) -> ProcessName | None:
    """The process that named a session so; None for a session of anything else."""
    match name.split(" "):
        case [prefix, _, role, started, pid, host] if prefix == _PREFIX:
            try:
                return ProcessName(role, datetime.fromtimestamp(int(started, 16), UTC), int(pid), host)
            except (ValueError, OverflowError, OSError):
                return None
        case _:
            return None


def match_leases(names: Iterable[ProcessName], holders: Iterable[Holder]) -> list[Process]:
    """Every process once, with the leases it holds, by role."""
    held = {_place(each): each for each in holders}
    processes = []
    for name in set(names):
        holder = held.pop((name.role, name.host, str(name.pid)), None)
        has_leases = name.role in ("dispatcher", "reporter")
        leases = (holder.leases if holder else 0) if has_leases else None
        processes.append(Process(name.role, f"{name.host}:{name.pid}", name.started_at, leases))
    processes += [Process(each.role, each.holder, None, each.leases) for each in held.values()]
    return sorted(processes, key=lambda each: (each.role, each.process))


async def list_processes(tx: Transaction) -> list[Process]:
    """The processes that are connected now, and those whose leases still run."""
    sessions = await tx.fetch(load_query("list_session_names"))
    names = [name for row in sessions if (name := parse_session_name(row["application_name"]))]
    return match_leases(names, await list_holders(tx))


async def list_holders(tx: Transaction) -> list[Holder]:
    """Processes that hold leases now."""
    return [Holder(*row) for row in await tx.fetch(load_query("list_lease_holders"))]


def _place(holder: Holder) -> tuple[str, str, str]:
    host, pid, _ = ("::" + holder.holder).rsplit(":", 2)
    return holder.role, host.removeprefix("::")[-HOST_TAIL:], pid
