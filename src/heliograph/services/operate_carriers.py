"""What operators do to carriers: the rules that the command line and the portal share."""

from datetime import datetime

from heliograph.domain.carrier_rules import CarrierFault, carrier_faults, profile_faults
from heliograph.storage.carrier_settings import (
    CarrierChange,
    NewCarrier,
    change_carrier,
    create_carrier,
    find_carrier_by_name,
)
from heliograph.storage.database import Transaction
from heliograph.storage.sealing import Sealer


class CarrierRefused(Exception):
    """A carrier's settings break rules; ``faults`` holds every one."""

    def __init__(self, faults: list[CarrierFault]) -> None:
        super().__init__(faults[0].sentence)
        self.faults = faults


async def open_carrier(tx: Transaction, wanted: NewCarrier, *, sealer: Sealer, now: datetime) -> int:
    """A new carrier with a name of its own; its id. Raises CarrierRefused."""
    faults = carrier_faults(
        name=wanted.name,
        host=wanted.host,
        port=wanted.port,
        system_id=wanted.system_id,
        password=wanted.password,
        bind_mode=wanted.bind_mode,
        bind_count=wanted.bind_count,
    )
    faults += profile_faults(wanted.profile)
    if await find_carrier_by_name(tx, wanted.name) is not None:
        faults.append(CarrierFault("name", f"there is a carrier {wanted.name!r} already"))
    if faults:
        raise CarrierRefused(faults)
    return await create_carrier(tx, wanted, sealer=sealer, now=now)


async def edit_carrier(tx: Transaction, carrier_id: int, change: CarrierChange, *, sealer: Sealer) -> bool:
    """Change a carrier; False if it does not exist. Raises CarrierRefused."""
    faults = carrier_faults(
        host=change.host,
        port=change.port,
        system_id=change.system_id,
        password=change.password,
        bind_mode=change.bind_mode,
        bind_count=change.bind_count,
    )
    faults += profile_faults(change.profile or {})
    if faults:
        raise CarrierRefused(faults)
    return await change_carrier(tx, carrier_id, change, sealer=sealer) is not None
