"""Where the simulated carrier of an embedded installation listens, and who may bind to it.

Chosen at the first start and kept in the data directory, so that the stored carrier stays true. A port that
somebody else has taken in between is replaced.
"""

import os
import secrets
import socket
from pathlib import Path
from typing import Final

import msgspec

from heliograph.settings import Settings, SettingsError
from heliograph.simulator.simulator_settings import SimulatorSettings
from heliograph.storage.carrier_settings import CarrierChange, change_carrier, list_carriers
from heliograph.storage.database import Database
from heliograph.storage.sealing import Sealer

FILE_NAME: Final = "simulated-carrier.json"
SYSTEM_ID: Final = "simulator"


class CarrierPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept; the password guards nothing but a toy, yet is nobody else's."""

    host: str
    smpp_port: int
    http_port: int
    system_id: str = SYSTEM_ID
    password: str

    @property
    def handsets_url(self) -> str:
        return f"http://{self.host}:{self.http_port}"


def choose_place(settings: Settings) -> CarrierPlace:
    """Where the simulated carrier listens from now on: as set, else as before, else on free ports.

    Raises SettingsError when a port that is set is taken.
    """
    known = find_place(settings)
    wanted = settings.simulator
    place = CarrierPlace(
        host=wanted.host,
        smpp_port=_free_port(wanted.host, wanted.port, known.smpp_port if known else 0),
        http_port=_free_port(wanted.host, wanted.http_port, known.http_port if known else 0),
        password=known.password if known else secrets.token_hex(4),
    )
    if place != known:
        _write(_file(settings), msgspec.json.encode(place))
    return place


def find_place(settings: Settings) -> CarrierPlace | None:
    """Where it listens, None before the first start."""
    try:
        return msgspec.json.decode(_file(settings).read_bytes(), type=CarrierPlace)
    except (FileNotFoundError, PermissionError):
        return None
    except msgspec.DecodeError as error:
        raise SettingsError(f"{_file(settings)}: {error}") from None


def simulator_settings(settings: Settings) -> SimulatorSettings:
    """How the simulated carrier runs. Raises SettingsError before the first start."""
    place = find_place(settings)
    if place is None:
        raise SettingsError("the simulated carrier is only part of the embedded installation")
    return SimulatorSettings(
        system_id=place.system_id,
        password=place.password,
        smpp_host=place.host,
        smpp_port=place.smpp_port,
        http_host=place.host,
        http_port=place.http_port,
        receipt_delay=settings.simulator.receipt_seconds,
    )


async def correct_carrier(database: Database, place: CarrierPlace, *, sealer: Sealer) -> None:
    """Make the stored simulated carrier, if it is there, agree with where it listens."""
    async with database.transaction() as tx:
        for carrier in await list_carriers(tx):
            is_ours = carrier.simulated and carrier.system_id == place.system_id
            if is_ours and (carrier.host, carrier.port) != (place.host, place.smpp_port):
                change = CarrierChange(host=place.host, port=place.smpp_port)
                await change_carrier(tx, carrier.carrier_id, change, sealer=sealer)


def _file(settings: Settings) -> Path:
    return settings.data_path / FILE_NAME


def _free_port(host: str, chosen: int, before: int) -> int:
    for port in (chosen,) if chosen else (before, 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            bound: int = probe.getsockname()[1]
            return bound
    raise SettingsError(f"the simulated carrier cannot listen on {host}:{chosen}")


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content + b"\n")
    unfinished.rename(path)
