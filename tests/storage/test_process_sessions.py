"""Processes are known by the names of their sessions."""

import os
import socket
from datetime import UTC, datetime

import pytest

from heliograph.storage.database import Database, Purpose
from heliograph.storage.process_sessions import (
    Holder,
    Process,
    ProcessName,
    list_processes,
    match_leases,
    parse_session_name,
)

STARTED = datetime(2026, 11, 23, 4, 15, 9, tzinfo=UTC)


def named(role: str, host: str = "machine", pid: int = 7) -> ProcessName:
    return ProcessName.of(role, started_at=STARTED, pid=pid, host=host)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_longest_name_fits_and_comes_back(purpose: Purpose) -> None:
    name = named("dispatcher", host="heliograph-dispatcher-7f9c6d-x7k2p", pid=4_194_304)
    session = name.session_name(purpose.value)
    assert len(session) <= 63
    assert parse_session_name(session) == name
    assert name.host.endswith("x7k2p")


@pytest.mark.parametrize(
    "name",
    ["", "psql", "heliograph hot", "heliograph hot api zz 7 m", "heliograph hot api ffffffffffffffff 7 m"],
)
def test_sessions_of_anything_else_are_left_out(name: str) -> None:
    assert parse_session_name(name) is None


def test_a_host_of_other_characters_is_one_word() -> None:
    name = named("api", host="lådan i hörnet")
    assert parse_session_name(name.session_name("hot")) == name


def test_leases_are_told_of_their_process_and_of_one_that_was_lost() -> None:
    names = [named("keeper"), named("dispatcher"), named("dispatcher"), named("reporter")]
    holders = [Holder("dispatcher", "machine:7:0a1b2c3d", 4), Holder("reporter", "gone:8:ffffffff", 2)]
    assert match_leases(names, holders) == [
        Process("dispatcher", "machine:7", STARTED, 4),
        Process("keeper", "machine:7", STARTED, None),
        Process("reporter", "gone:8:ffffffff", None, 2),
        Process("reporter", "machine:7", STARTED, 0),
    ]


async def test_a_process_is_listed_while_it_is_connected(database: str) -> None:
    name = ProcessName.of("keeper", started_at=STARTED, pid=os.getpid(), host=socket.gethostname())
    here = Process("keeper", f"{name.host}:{name.pid}", STARTED, None)
    async with (
        Database(database) as reading,
        Database(database, session_name=name.session_name) as keeper,
    ):
        await keeper.fetch(Purpose.HOT, "SELECT 1")
        await keeper.fetch(Purpose.GENERAL, "SELECT 1")
        async with reading.transaction() as tx:
            assert await list_processes(tx) == [here]
