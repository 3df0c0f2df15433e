"""The configuration of the embedded PostgreSQL: its settings, who may connect, its roles and database.

The files lie outside the cluster and belong to the user who runs Heliograph, so that the server's own user
cannot change them.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

PORT = 5432
DATABASE = "heliograph"
ADMIN_ROLE = "heliograph_admin"
OWNER_ROLE = "heliograph_owner"

DURABILITY: Mapping[str, str] = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "wal_compression": "off",
    "wal_buffers": "16MB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "jit": "off",
    # Dispatch needs no parallel plan, and two cores have better things to do.
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    # Queue tables turn over quickly: look often, and finish fast.
    "autovacuum_naptime": "5s",
    "autovacuum_vacuum_cost_limit": "1000",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.05",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # Statements, parameters and rows carry texts and numbers of people: they stay out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
}

BOOTSTRAP_SQL = f"""
SELECT 'CREATE ROLE {OWNER_ROLE} LOGIN CREATEROLE'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{OWNER_ROLE}')
UNION ALL
SELECT 'ALTER ROLE {OWNER_ROLE} SET createrole_self_grant = ''set'''
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{OWNER_ROLE}')
UNION ALL
SELECT 'CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')
UNION ALL
SELECT 'REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')
\\gexec
SELECT name || '=' || setting FROM pg_settings
 WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums');
"""


def write_configuration(
    data_dir: Path,
    *,
    socket_dir: Path,
    major: int,
    durability: Mapping[str, str],
    settings: Mapping[str, str],
    system_users: Collection[str],
) -> Path:
    """Write conf/ of the data directory and return the path of its postgresql.conf.

    The operator's conf/local.conf wins over our settings, but not over those of durability.
    """
    folder = data_dir / "conf"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    where = {
        "hba_file": str(folder / "pg_hba.conf"),
        "ident_file": str(folder / "pg_ident.conf"),
        "unix_socket_directories": '"{}"'.format(str(socket_dir).replace('"', '""')),
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "log_directory": str(data_dir / "log"),
    }
    # ALTER SYSTEM would be a second, hidden place for settings.
    ours = _SETTINGS | _sizes() | ({"allow_alter_system": "off"} if major >= 17 else {})
    text = "# Written by heliograph at each start. Your own settings belong into local.conf.\n"
    text += _lines(ours | dict(settings)) + "include_if_exists 'local.conf'\n" + _lines(where)
    _write(folder / "postgresql.conf", text + _lines(durability))
    _write(folder / "pg_hba.conf", "local all all peer map=heliograph\n")
    _write(folder / "pg_ident.conf", _identity_map(system_users))
    return folder / "postgresql.conf"


def _identity_map(system_users: Collection[str]) -> str:
    pairs = [(user, role) for user in sorted(system_users) for role in (ADMIN_ROLE, OWNER_ROLE)]
    return "".join(f'heliograph "{user}" {role}\n' for user, role in pairs)


def _sizes() -> dict[str, str]:
    mebibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return {
        "shared_buffers": "256MB" if mebibytes >= 4096 else "128MB",
        "effective_cache_size": f"{max(mebibytes // 2, 256)}MB",
    }


def _lines(settings: Mapping[str, str]) -> str:
    return "".join(f"{name} = '{_escaped(value)}'\n" for name, value in settings.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _write(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, "utf-8")
    unfinished.chmod(0o644)
    unfinished.rename(path)
