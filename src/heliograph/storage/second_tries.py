"""Which segments in doubt are sent once more. Everything here runs in the caller's transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

from heliograph.domain.flight import RESOLVE_TIME
from heliograph.domain.second_try import BOUND_WITHIN, DoubtfulMessage, SecondTry, Undecided
from heliograph.storage.database import Transaction, load_query


async def list_carriers_with_undecided_doubt(tx: Transaction) -> list[int]:
    """The carriers with segments in doubt of which it is not decided whether they are sent once more."""
    rows = await tx.fetch(load_query("list_carriers_with_undecided_doubt"))
    return [row["carrier_id"] for row in rows]


async def had_receipts_time_to_come(tx: Transaction, carrier_id: int) -> bool:
    """Whether a link of the carrier has been bound for so long that what waited for it has come."""
    return bool(
        await tx.fetchval(load_query("was_carrier_bound_for"), carrier_id, RESOLVE_TIME, BOUND_WITHIN)
    )


async def lock_undecided_doubts(
    tx: Transaction, carrier_id: int, now: datetime, limit: int
) -> list[Undecided]:
    """Segments for whose receipt was waited long enough; those locked by another are passed over."""
    rows = await tx.fetch(load_query("lock_undecided_doubts"), carrier_id, now, limit)
    return [Undecided(*row) for row in rows]


async def read_doubtful_messages(
    tx: Transaction, account_id: int, message_ids: Collection[bytes]
) -> dict[bytes, DoubtfulMessage]:
    """What must be known of an account's messages to send them once more."""
    ordered = sorted(message_ids)
    rows = await tx.fetch(load_query("read_doubtful_messages"), account_id, ordered, ordered[0], ordered[-1])
    return {row["message_id"]: DoubtfulMessage(*row) for row in rows}


async def decide_second_tries(
    tx: Transaction,
    carrier_id: int,
    *,
    held: Sequence[Undecided],
    sent: Sequence[SecondTry],
    now: datetime,
) -> None:
    """Note for good which locked segments are sent once more and which never are."""
    rows = [(one.message_id, one.segment, False) for one in held]
    rows += [(one.message.message_id, one.segment, True) for one in sent]
    await tx.execute(
        load_query("decide_second_tries"),
        carrier_id,
        *(list(column) for column in zip(*rows, strict=True)),
        now,
    )


async def put_off_some(
    tx: Transaction, carrier_id: int, segments: Sequence[Undecided], *, until: datetime
) -> None:
    """Ask again for these locked segments then."""
    await tx.execute(
        load_query("put_off_some_second_tries"),
        carrier_id,
        until,
        [one.message_id for one in segments],
        [one.segment for one in segments],
    )


async def withdraw_second_tries(tx: Transaction, account_id: int, first: bytes, last: bytes) -> None:
    """Send nothing once more of the messages with ids from ``first`` to ``last``."""
    for carrier in await tx.fetch(load_query("list_carrier_ids")):
        await tx.execute(load_query("withdraw_second_tries"), carrier["carrier_id"], account_id, first, last)
