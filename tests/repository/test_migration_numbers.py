"""Migrations are numbered one after the other: a number taken by two is noticed without a database."""

from pathlib import Path

import pytest

from heliograph.storage.migrations_runner import MigrationError, read_migrations
from tests.repository.source_tree import MIGRATIONS


def test_every_number_is_used_once_and_none_is_left_out() -> None:
    found = read_migrations(MIGRATIONS)
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    assert len(found) == len(list(MIGRATIONS.iterdir())), "a file that no migration is read from"


@pytest.mark.parametrize(
    "names",
    [
        ("0001_pre_a.sql", "0002_pre_b.sql", "0002_pre_c.sql"),
        ("0001_pre_a.sql", "0003_pre_b.sql"),
        ("0002_pre_a.sql",),
    ],
    ids=["used twice", "left out", "begins later"],
)
def test_a_number_used_twice_and_a_gap_are_found(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(MigrationError, match="not numbered 1 to"):
        read_migrations(tmp_path)
