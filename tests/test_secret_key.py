"""The key that encrypts secrets in the database."""

import stat
from pathlib import Path

import pytest

from heliograph.secret_key import load_secret_key
from heliograph.settings import Settings, SettingsError

KEY = "0123456789abcdef" * 4


def test_the_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    key = load_secret_key(settings)
    assert len(key) == 32
    assert load_secret_key(settings) == key
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_the_secret_key_may_be_given(tmp_path: Path) -> None:
    assert load_secret_key(Settings(secret_key=KEY, database_url="postgresql://x")) == bytes.fromhex(KEY)
    for wrong in (KEY[:-1], KEY[:-1] + "x", KEY + "00"):
        with pytest.raises(SettingsError, match=r"HELIOGRAPH_SECRET_KEY: .* 64 hexadecimal digits") as told:
            load_secret_key(Settings(secret_key=wrong))
        assert wrong not in str(told.value)
    (tmp_path / "secret-key").write_text("broken")
    with pytest.raises(SettingsError, match="secret-key: the secret key must be"):
        load_secret_key(Settings(data_dir=str(tmp_path)))


def test_with_a_database_of_its_own_the_key_is_needed() -> None:
    with pytest.raises(SettingsError, match="HELIOGRAPH_SECRET_KEY is needed"):
        load_secret_key(Settings(database_url="postgresql://x"))
