"""The limits of accounts, as operators set them."""

import msgspec

from heliograph.domain.rate_limit import RateLimit, rate_limit
from heliograph.storage.database import Transaction, load_query


class AccountLimits(msgspec.Struct, frozen=True):
    """How fast an account may send, and the most it may spend in a day; None for no limit."""

    rate: RateLimit | None
    daily_cap: int | None
    """In micro-units."""


async def read_limits(tx: Transaction, account_id: int) -> AccountLimits:
    """The limits of an account that exists."""
    row = await tx.fetchrow(load_query("read_limits"), account_id)
    assert row is not None
    return AccountLimits(rate_limit(row["rate_limit"], row["rate_burst"]), row["daily_cap"])


async def set_limits(tx: Transaction, account_id: int, limits: AccountLimits) -> None:
    """Set all limits of an account; every process goes by them within a few seconds."""
    rate = limits.rate
    await tx.execute(
        load_query("set_limits"),
        account_id,
        None if rate is None else rate.per_second,
        None if rate is None else rate.burst,
        limits.daily_cap,
    )
