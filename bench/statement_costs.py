"""Where PostgreSQL's time goes: its own count of statements, for profiles only."""

from typing import Final

from bench.bench_server import BenchServer
from heliograph.storage.database import connect
from heliograph.storage.postgres_configuration import ADMIN_ROLE, DATABASE

SERVER_SETTINGS: Final = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "top",
    "pg_stat_statements.track_planning": "on",
    "track_io_timing": "on",
}
_TOP: Final = """
SELECT calls, rows, total_exec_time + total_plan_time AS ms, wal_bytes::float8,
       left(regexp_replace(regexp_replace(query, '--[^\n]*', '', 'g'), '\\s+', ' ', 'g'), 110) AS text
FROM pg_stat_statements
ORDER BY 3 DESC
LIMIT 12
"""


async def forget_statements(server: BenchServer) -> None:
    """Begin to count anew."""
    connection = await connect(server.postgres.dsn(DATABASE, ADMIN_ROLE))
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public")
        await connection.execute("SELECT public.pg_stat_statements_reset()")
    finally:
        await connection.close()


async def costliest_statements(server: BenchServer) -> list[str]:
    """The statements that took longest since the count began, one a line; warming runs included."""
    connection = await connect(server.postgres.dsn(DATABASE, ADMIN_ROLE), settings={"search_path": "public"})
    try:
        rows = await connection.fetch(_TOP)
    finally:
        await connection.close()
    return [
        f"{row['ms']:9.0f} ms {row['calls']:7} calls {row['rows']:8} rows "
        f"{row['wal_bytes'] / 1e6:6.1f} MB of WAL  {row['text'].strip()}"
        for row in rows
    ]
