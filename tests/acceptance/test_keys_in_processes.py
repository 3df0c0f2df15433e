"""What is changed of a key holds in every process of an installation, soon."""

import time
from pathlib import Path
from typing import Any

from heliograph.domain.api_token import parse_token
from tests.acceptance.conftest import Served, serving, type_command
from tests.support.postgres import Postgres

SECONDS = 5.0
"""What is promised."""


def until(served: Served, key: str, wanted: int, ends: float) -> Any:
    """The answer once it has that status; it must have it in time."""
    while True:
        status, answer = served.ask("/v2/batches", key=key)
        if status == wanted:
            return answer
        assert time.monotonic() < ends, f"still {status}, {answer}"
        time.sleep(0.1)


def test_a_key_is_restricted_and_revoked_in_two_processes_within_5_seconds(
    postgres: Postgres, tmp_path: Path
) -> None:
    name = postgres.create_database()
    ours = {"HELIOGRAPH_DATABASE_URL": postgres.dsn(name), "HELIOGRAPH_SECRET_KEY": "5e" * 32}
    try:
        type_command("price", "create", "standard", **ours)
        made = type_command("account", "create", "Acme", "--json", **ours)
        assert made.returncode == 0, made.stderr
        listed = type_command("key", "create", "ip1-10001", "--json", **ours)
        key = listed.stdout.partition('"key":"')[2].partition('"')[0]
        token = parse_token(key)
        assert token is not None
        with (
            serving(tmp_path / "one", **ours) as one,
            serving(tmp_path / "two", **ours) as two,
        ):
            for served in (one, two):
                assert served.ask("/v2/batches", key=key) == (200, [])
            changed = type_command("key", "change", token.key_id, "--scope", "send", **ours)
            assert changed.returncode == 0, changed.stderr
            ends = time.monotonic() + SECONDS
            for served in (one, two):
                refused = until(served, key, 403, ends)
                assert (
                    refused["detail"]
                    == "This API key lacks the scope read or receive, which this request needs."
                )
            revoked = type_command("key", "revoke", token.key_id, **ours)
            assert revoked.returncode == 0, revoked.stderr
            ends = time.monotonic() + SECONDS
            for served in (one, two):
                until(served, key, 401, ends)
    finally:
        postgres.drop_database(name)
