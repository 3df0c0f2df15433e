"""Failures to sign in, and what somebody is about to answer while signing in."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from heliograph.domain.sign_in_throttle import Tries, TryPolicy, after_failure, wait_until
from heliograph.storage.database import Transaction, load_query

STEP_ENDS: Final = timedelta(minutes=10)


async def count_try(
    tx: Transaction, policies: Mapping[bytes, TryPolicy], *, now: datetime
) -> datetime | None:
    """Count a try as failed before it is looked at, so that many at once are no way around the count.

    None if it may be looked at; else when the next one may, and then this one is not counted.
    """
    tries = {}
    for subject in sorted(policies):
        row = await tx.fetchrow(load_query("lock_sign_in_try"), subject, now)
        assert row is not None
        tries[subject] = Tries(*row)
    waits = [until for each in tries.values() if (until := wait_until(each, now)) is not None]
    if waits:
        return max(waits)
    for subject, policy in policies.items():
        after = after_failure(tries[subject], policy, now)
        await tx.execute(load_query("note_sign_in_try"), subject, after.failures, after.throttled_until, now)
    return None


async def forget_tries(tx: Transaction, subjects: Sequence[bytes]) -> None:
    """Somebody has proved who they are: what failed before counts no more."""
    await tx.execute(load_query("forget_sign_in_tries"), list(subjects))


async def put_step(
    tx: Transaction, step_hash: bytes, user_id: int | None, challenge: bytes, *, now: datetime
) -> None:
    """Wait for somebody's answer; in place of what was waited for under the same hash."""
    await tx.execute(load_query("put_sign_in_step"), step_hash, user_id, challenge, now + STEP_ENDS)


async def find_step(tx: Transaction, step_hash: bytes, *, now: datetime) -> tuple[int | None, bytes] | None:
    """Whose answer is waited for, and to which challenge; None if to none."""
    row = await tx.fetchrow(load_query("find_sign_in_step"), step_hash, now)
    return None if row is None else (row[0], row[1])


async def use_step(tx: Transaction, step_hash: bytes, *, now: datetime) -> tuple[int | None, bytes] | None:
    """The same, and no answer is waited for any more."""
    row = await tx.fetchrow(load_query("use_sign_in_step"), step_hash, now)
    return None if row is None else (row[0], row[1])
