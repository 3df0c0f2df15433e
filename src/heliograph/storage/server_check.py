"""What a server and its roles must be before anything is entrusted to them."""

from collections.abc import Mapping
from typing import Any

from heliograph.storage.database import Database, Purpose

OLDEST_SERVER = 160000


class UnsuitableServer(Exception):
    """The database server would lose commits or show one account's rows to another; one line."""


async def check_server_settings(database: Database) -> None:
    """Refuse a server that would lose commits, or roles that could pass by row-level security.

    Raises UnsuitableServer with every fault found.
    """
    faults: list[str] = []
    for purpose in (Purpose.FACE, Purpose.HOT, Purpose.GENERAL):
        async with database.transaction(purpose) as tx:
            row = await tx.fetchrow(_SESSION_FACTS)
        assert row is not None
        faults += [fault for fault in _faults(dict(row)) if fault not in faults]
    if faults:
        raise UnsuitableServer("; ".join(faults))


_SESSION_FACTS = """
SELECT current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS full_page_writes,
       current_setting('synchronous_commit') AS synchronous_commit,
       current_setting('server_version_num')::int AS version,
       current_setting('TimeZone') AS timezone,
       current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS standby,
       rolname AS role, rolsuper OR rolbypassrls AS unbound
  FROM pg_roles WHERE rolname = current_user
"""


def _faults(facts: Mapping[str, Any]) -> list[str]:
    checks = {
        "fsync must be on": facts["fsync"] == "on",
        "full_page_writes must be on": facts["full_page_writes"] == "on",
        "synchronous_commit must not be off": facts["synchronous_commit"] != "off",
        "PostgreSQL must be 16 or newer": facts["version"] >= OLDEST_SERVER,
        "the time zone of our sessions must be UTC": facts["timezone"] == "UTC",
        "the database must be encoded in UTF8": facts["encoding"] == "UTF8",
        "the server must not be a standby": not facts["standby"],
        f"role {facts['role']} must not bypass row-level security": not facts["unbound"],
    }
    return [fault for fault, fulfilled in checks.items() if not fulfilled]
