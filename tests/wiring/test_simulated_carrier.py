"""Where the simulated carrier listens: chosen once, kept, and corrected when a port was taken."""

import socket
import stat
from pathlib import Path

import pytest

from heliograph.domain.ids import IdSource
from heliograph.services.first_start import FirstStartSettings, first_start
from heliograph.settings import Settings, SettingsError, SimulatorSettings
from heliograph.storage.carrier_settings import list_carriers
from heliograph.storage.database import Database
from heliograph.storage.sealing import Sealer
from heliograph.wiring.simulated_carrier import (
    FILE_NAME,
    CarrierPlace,
    choose_place,
    correct_carrier,
    find_place,
    simulator_settings,
)
from tests.support.rows import NOW

SEALER = Sealer(b"k" * 32)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation before its first start."""
    return Settings(data_dir=str(tmp_path))


def test_what_was_chosen_is_kept(settings: Settings, tmp_path: Path) -> None:
    assert find_place(settings) is None
    place = choose_place(settings)
    assert choose_place(settings) == find_place(settings) == place
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    run = simulator_settings(settings)
    assert (run.smpp_port, run.http_port, run.password) == (place.smpp_port, place.http_port, place.password)


def test_a_port_taken_by_somebody_else_is_replaced(settings: Settings) -> None:
    before = choose_place(settings)
    with socket.create_server(("127.0.0.1", before.smpp_port)):
        after = choose_place(settings)
    assert after.smpp_port != before.smpp_port
    assert (after.http_port, after.password) == (before.http_port, before.password)


def test_a_port_that_is_set_is_not_replaced(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(data_dir=str(tmp_path), simulator=SimulatorSettings(port=port))
        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}"):
            choose_place(settings)


def test_before_the_first_start_there_is_none(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="only part of the embedded installation"):
        simulator_settings(settings)


def test_a_broken_file_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{")
    with pytest.raises(SettingsError, match=FILE_NAME):
        find_place(settings)


async def test_the_stored_carrier_follows(database: str) -> None:
    async with Database(database) as opened:
        await first_start(
            opened,
            FirstStartSettings(
                simulator_host="127.0.0.1",
                simulator_port=2775,
                simulator_system_id="simulator",
                simulator_password="secret",
            ),
            sealer=SEALER,
            now=NOW,
            ids=IdSource(b"place"),
            random_bytes=lambda count: bytes(range(count)),
        )
        place = CarrierPlace(host="127.0.0.1", smpp_port=2776, http_port=1, password="secret")
        for _ in range(2):
            await correct_carrier(opened, place, sealer=SEALER)
        async with opened.transaction() as tx:
            (carrier,) = await list_carriers(tx)
    assert (carrier.port, carrier.revision) == (2776, 1)
