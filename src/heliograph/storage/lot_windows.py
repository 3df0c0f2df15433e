"""Lots whose window opened or closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from heliograph.storage.database import Transaction, load_query


class LotToRelease(NamedTuple):
    """A scheduled lot whose window has opened."""

    lot_id: bytes
    account_id: int
    priority: int
    segment_count: int
    weight: int
    """Of its account, in the carrier's fair order."""


class LotToClose(NamedTuple):
    """A lot whose window closed before all of it was submitted."""

    lot_id: bytes
    account_id: int
    opens_at: datetime
    next_segment: int
    skipped: Sequence[int]
    answered: bytes | None
    opens_again: bool
    """Whether a later window exists."""
    is_paused: bool
    payload: bytes


async def list_carriers_with_lots_due(tx: Transaction) -> list[int]:
    """The carriers with a lot to release or to close."""
    return [row["carrier_id"] for row in await tx.fetch(load_query("list_carriers_with_lots_due"))]


async def lock_lots_to_release(tx: Transaction, carrier_id: int, limit: int) -> list[LotToRelease]:
    """Scheduled lots whose window has opened, locked; those locked by another are passed over."""
    return [
        LotToRelease(*row) for row in await tx.fetch(load_query("lock_lots_to_release"), carrier_id, limit)
    ]


async def lock_lots_to_close(tx: Transaction, carrier_id: int, limit: int) -> list[LotToClose]:
    """Lots whose window has closed, locked; those locked by another are passed over."""
    return [LotToClose(*row) for row in await tx.fetch(load_query("lock_lots_to_close"), carrier_id, limit)]


async def advance_fair_positions(
    tx: Transaction, carrier_id: int, advances: dict[tuple[int, int], int]
) -> dict[tuple[int, int], int]:
    """Move accounts on in the carrier's fair order; keys are (priority, account).

    Returns their new last positions. The rows stay locked until the transaction ends.
    """
    keys = sorted(advances)
    rows = await tx.fetch(
        load_query("advance_fair_positions"),
        carrier_id,
        [priority for priority, _ in keys],
        [account_id for _, account_id in keys],
        [advances[key] for key in keys],
    )
    return {(row["priority"], row["account_id"]): row["position"] for row in rows}


async def release_lots(tx: Transaction, carrier_id: int, positions: dict[bytes, int]) -> None:
    """Make locked lots ready at their positions."""
    await tx.execute(load_query("release_lots"), carrier_id, list(positions), list(positions.values()))


async def move_lots_to_next_window(tx: Transaction, carrier_id: int, lot_ids: list[bytes]) -> None:
    """Schedule locked lots for the window that follows."""
    await tx.execute(load_query("move_lots_to_next_window"), carrier_id, lot_ids)


async def finish_expired_lots(
    tx: Transaction, carrier_id: int, submitted: dict[bytes, bytes], due_at: datetime
) -> None:
    """Remove locked lots; messages of them that were submitted (by lot, packed) wait for their receipts."""
    await tx.execute(
        load_query("finish_expired_lots"), carrier_id, list(submitted), list(submitted.values()), due_at
    )


async def was_carrier_bound(tx: Transaction, carrier_id: int, since: datetime) -> bool:
    """Whether any link of the carrier was bound since a time."""
    return bool(await tx.fetchval(load_query("was_carrier_bound"), carrier_id, since))
