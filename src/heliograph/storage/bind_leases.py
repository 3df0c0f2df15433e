"""Who holds which bind of a carrier. The database's clock decides when a lease is over."""

from datetime import timedelta

from heliograph.storage.database import Transaction, load_query


async def take_bind_slot(
    tx: Transaction, carrier_id: int, slot: int, *, holder: str, lease: timedelta
) -> int | None:
    """Take a slot whose lease is over; the new epoch, or None while somebody holds it."""
    await tx.execute(load_query("make_bind_slot"), carrier_id, slot)
    epoch: int | None = await tx.fetchval(load_query("take_bind_slot"), carrier_id, slot, holder, lease)
    return epoch


async def renew_bind_lease(
    tx: Transaction,
    carrier_id: int,
    slot: int,
    epoch: int,
    *,
    lease: timedelta,
    bound: bool | None,
    answered_per_second: float | None = None,
    fault: str | None = None,
) -> bool:
    """Prolong a lease, also one that ran out and was not taken since; False if the slot is another's.

    ``bound`` is whether its link is, None where nobody looked, ``fault`` why it is not;
    ``answered_per_second`` is how fast the bind went since the last time, None leaves what is known.
    """
    values = carrier_id, slot, epoch, lease, bound, answered_per_second, fault
    return bool(await tx.fetchval(load_query("renew_bind_lease"), *values))


async def release_bind_slot(tx: Transaction, carrier_id: int, slot: int, epoch: int) -> int | None:
    """Give a slot back; the epoch after it, or None if it is another's already."""
    after: int | None = await tx.fetchval(load_query("release_bind_slot"), carrier_id, slot, epoch)
    return after


async def list_vanished_holders(tx: Transaction) -> list[tuple[int, int]]:
    """Carrier and slot of every lease that ran out without being given back."""
    return [(row["carrier_id"], row["slot"]) for row in await tx.fetch(load_query("list_vanished_holders"))]
