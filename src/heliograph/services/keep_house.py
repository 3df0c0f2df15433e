"""Chores of no hurry: partitions ahead of time, summaries folded, what is out of date dropped."""

from datetime import datetime, timedelta

from heliograph.domain.daily_cap import day_of
from heliograph.domain.retention import DEFAULT_DAYS
from heliograph.storage.database import Database, Purpose, load_query
from heliograph.storage.erasure import find_shortest_retention
from heliograph.storage.partitions import BY_DAY, EVENT_DAYS, drop_partitions, make_partitions
from heliograph.storage.portal_drafts import KEPT as DRAFTS_KEPT
from heliograph.storage.portal_logins import IDLE, LONGEST
from heliograph.storage.removals import KEPT as REMOVALS_KEPT

FOLDED_FROM = 50
"""Changes of a batch's summary that wait before they are folded."""
IDEMPOTENCY_KEPT = timedelta(hours=48)
SPENDING_KEPT = timedelta(days=7)
GUARD_WINDOWS_KEPT = timedelta(days=2)
"""For windows of the velocity guard in which nothing happened."""
GUARD_EVENTS_KEPT = timedelta(days=90)
RECEIPTS_AT_ONCE = 1_000
"""Of a carrier, that never found their message."""
LINKS_KEPT = timedelta(days=1)
"""After their end."""
TRIES_KEPT = timedelta(days=1)
GIVEN_UP_MAIL_KEPT = timedelta(days=3)


class KeepHouse:
    """One step does every chore once; several keepers may run at the same time.

    ``event_days`` is for how long events are kept for the readers of the feed, ``retention_days`` for how
    long texts and numbers are where an account says nothing.
    """

    def __init__(
        self, database: Database, *, event_days: int = EVENT_DAYS, retention_days: int = DEFAULT_DAYS
    ) -> None:
        self._database = database
        self._retention_days = retention_days
        # A day more: what a reader is promised may lie in a transaction of the day before.
        self._kept = {**BY_DAY, "event_block": event_days + 1}
        self._is_first_step = True

    async def step(self, now: datetime) -> int:
        """Do what is to be done; always 0, since no chore is urgent enough to come back at once."""
        told_days = await self._told_days()
        async with self._database.transaction(Purpose.OWNER) as tx:
            # Another keeper may be at it: two would make the same partition.
            if await tx.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('heliograph.partitions'))"):
                await make_partitions(tx, now)
                await drop_partitions(tx, now, {**self._kept, "receipt_block": told_days})
        await self._fold_summaries()
        async with self._database.transaction() as tx:
            await tx.execute(load_query("prune_idempotency"), now - IDEMPOTENCY_KEPT)
            await tx.execute(load_query("prune_daily_spend"), day_of(now - SPENDING_KEPT))
            await tx.execute(
                load_query("prune_guard_windows"), now - GUARD_WINDOWS_KEPT, now - GUARD_EVENTS_KEPT
            )
            await tx.execute(load_query("prune_portal_drafts"), now - DRAFTS_KEPT)
            await tx.execute(load_query("prune_removals"), now - REMOVALS_KEPT)
            for row in await tx.fetch(load_query("list_carrier_ids")):
                await tx.execute(
                    load_query("prune_unmatched_receipts"),
                    row["carrier_id"],
                    now - timedelta(days=told_days),
                    RECEIPTS_AT_ONCE,
                )
            if self._is_first_step:
                await tx.execute(load_query("delete_foreign_event_blocks"))
            await tx.execute(load_query("prune_logins"), now - IDLE, now - LONGEST)
            await tx.execute(load_query("prune_links"), now - LINKS_KEPT)
            await tx.execute(load_query("prune_invitations"), now - LINKS_KEPT)
            await tx.execute(load_query("prune_sign_in_steps"), now)
            await tx.execute(load_query("prune_sign_in_tries"), now - TRIES_KEPT)
            await tx.execute(load_query("prune_given_up_mail"), now - GIVEN_UP_MAIL_KEPT)
        self._is_first_step = False
        return 0

    async def _told_days(self) -> int:
        """How long to keep what carriers told, as it came, texts and numbers of all accounts together.

        No longer than any account wants it kept.
        """
        async with self._database.transaction() as tx:
            shortest = await find_shortest_retention(tx, self._retention_days)
        return min(self._kept["receipt_block"], shortest - 1)

    async def _fold_summaries(self) -> None:
        async with self._database.transaction() as tx:
            batches = await tx.fetch(load_query("list_batches_to_fold"), FOLDED_FROM)
        for row in batches:
            async with self._database.transaction() as tx:
                await tx.execute(load_query("fold_summary_changes"), row["account_id"], row["batch_id"])
