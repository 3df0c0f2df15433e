"""Carriers and routes: the writes of the operator, and what the dispatcher needs to bind.

A carrier's password is stored sealed. Every change raises the carrier's revision, which its links follow.
"""

from datetime import datetime

import msgspec

from heliograph.domain.carrier_profile import CarrierProfile, load_profile
from heliograph.domain.routing import Route
from heliograph.storage.carrier_costs import remove_every_cost
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.sealing import Sealer
from heliograph.storage.thin_margins import replace_thin_margins


class CarrierInUse(Exception):
    """The carrier cannot be removed: routes, lots or messages without a final receipt speak of it."""


class NewCarrier(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier to be made; ``profile`` as ``carrier_profile.load_profile`` reads it."""

    name: str
    host: str
    port: int
    system_id: str
    password: str
    bind_mode: str = "transceiver"
    bind_count: int = 1
    tls: bool = False
    profile: dict[str, object] = {}
    simulated: bool = False


class CarrierChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a carrier; None leaves a thing as it is."""

    host: str | None = None
    port: int | None = None
    system_id: str | None = None
    password: str | None = None
    bind_mode: str | None = None
    bind_count: int | None = None
    tls: bool | None = None
    profile: dict[str, object] | None = None
    enabled: bool | None = None


class StoredCarrier(msgspec.Struct, frozen=True):
    """A carrier as the operator set it, without its password."""

    carrier_id: int
    name: str
    host: str
    port: int
    system_id: str
    bind_mode: str
    bind_count: int
    tls: bool
    profile: CarrierProfile
    simulated: bool
    enabled: bool
    revision: int
    cost_currency: str | None = None
    """Of what it takes for a segment; None where that is unknown."""


async def create_carrier(tx: Transaction, carrier: NewCarrier, *, sealer: Sealer, now: datetime) -> int:
    """A new carrier; its id. Raises ProfileError if the profile breaks a rule."""
    carrier_id: int = await tx.fetchval(
        load_query("create_carrier"),
        carrier.name,
        carrier.host,
        carrier.port,
        carrier.system_id,
        sealer.seal(carrier.password),
        carrier.bind_mode,
        carrier.bind_count,
        carrier.tls,
        _checked(carrier.profile),
        carrier.simulated,
        now,
    )
    return carrier_id


async def change_carrier(
    tx: Transaction, carrier_id: int, change: CarrierChange, *, sealer: Sealer
) -> int | None:
    """Change a carrier; its new revision, None if it does not exist. Raises ProfileError."""
    revision: int | None = await tx.fetchval(
        load_query("change_carrier"),
        carrier_id,
        change.host,
        change.port,
        change.system_id,
        None if change.password is None else sealer.seal(change.password),
        change.bind_mode,
        change.bind_count,
        change.tls,
        None if change.profile is None else _checked(change.profile),
        change.enabled,
    )
    return revision


def _checked(profile: dict[str, object]) -> str:
    load_profile(profile)
    return msgspec.json.encode(profile).decode()


async def list_carriers(tx: Transaction) -> list[StoredCarrier]:
    """Every carrier, by id."""
    return [
        StoredCarrier(**dict(row) | {"profile": load_profile(msgspec.json.decode(row["profile"], type=dict))})
        for row in await tx.fetch(load_query("list_carriers"))
    ]


async def find_carrier_by_name(tx: Transaction, name: str) -> int | None:
    """The id of a carrier."""
    found: int | None = await tx.fetchval(load_query("find_carrier_by_name"), name)
    return found


async def carrier_password(tx: Transaction, carrier_id: int, *, sealer: Sealer) -> str | None:
    """The password to bind with, None if there is no such carrier. Raises UnreadableSecret."""
    sealed: bytes | None = await tx.fetchval(load_query("find_carrier_password"), carrier_id)
    return None if sealed is None else sealer.open(sealed)


async def remove_carrier(tx: Transaction, carrier_id: int) -> bool:
    """Remove a carrier that nothing speaks of; False if it does not exist. Raises CarrierInUse."""
    if await tx.fetchval(load_query("has_carrier_work"), carrier_id):
        raise CarrierInUse("routes or messages still need this carrier")
    removed = await tx.fetchval(load_query("remove_carrier"), carrier_id) is not None
    # After it: whoever sets costs locks the carrier first.
    await remove_every_cost(tx, carrier_id)
    await replace_thin_margins(tx, carrier_id, [])
    return removed


async def create_route(
    tx: Transaction,
    carrier_id: int,
    *,
    prefix: str = "",
    account_id: int | None = None,
    sender: str | None = None,
) -> int:
    """A new route; its id."""
    route_id: int = await tx.fetchval(load_query("create_route"), prefix, account_id, sender, carrier_id)
    return route_id


async def restore_route(tx: Transaction, route: Route) -> int:
    """A route that was removed, as old as it was; its id, another one where a newer route has that by now."""
    route_id: int = await tx.fetchval(
        load_query("restore_route"),
        route.route_id,
        route.prefix,
        route.account_id,
        route.sender,
        route.carrier_id,
    )
    return route_id


async def list_routes(tx: Transaction) -> list[Route]:
    """Every route, by id."""
    return [Route(**dict(row)) for row in await tx.fetch(load_query("list_routes"))]


async def remove_route(tx: Transaction, route_id: int) -> bool:
    """Remove a route; False if it does not exist. Lots already made keep their carrier."""
    return await tx.fetchval(load_query("remove_route"), route_id) is not None
