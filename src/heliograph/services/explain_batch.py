"""What a batch would become if it were sent just now: everything that accept would decide, nothing stored.

The batch comes from the very code that accepting uses; only the debit is replaced by a look at the balance.
"""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from heliograph.domain.batch import RawBatch
from heliograph.storage.accounts import Account, AccountDirectory
from heliograph.storage.batches import PreparedBatch


class Explanation(msgspec.Struct, frozen=True):
    """A batch that is not stored, and what is known beside it."""

    batch: PreparedBatch
    balance: int
    """What the account has, in micro-units."""
    carrier_names: Mapping[int, str]

    over_cap: bool = False
    """Whether the account would spend more in the day than it may."""

    @property
    def is_covered(self) -> bool:
        """Whether the balance suffices for the batch."""
        return not self.batch.total or self.batch.total <= self.balance

    @property
    def funded(self) -> bool:
        """Whether the batch would be paid."""
        return self.is_covered and not self.over_cap


class ExplainBatch:
    """Answers POST /v2/batches?dryRun=true. ``prepare`` is how accepting would make a batch of a request."""

    def __init__(
        self, accounts: AccountDirectory, prepare: Callable[[Account, RawBatch], Awaitable[PreparedBatch]]
    ) -> None:
        self._accounts = accounts
        self._prepare = prepare

    async def explain(self, account: Account, raw: RawBatch) -> Explanation:
        """What accepting would make of a request. Raises InvalidRequest with every fault, as it would."""
        # What accepting learns of a blacklist from its debit must be asked for here.
        judged = msgspec.structs.replace(account, has_blacklist=True)
        batch = await self._prepare(judged, raw)
        balance = await self._accounts.balance(account.account_id)
        routing = await self._accounts.routing()
        explanation = Explanation(batch, balance, routing.carrier_names)
        cap = account.daily_cap
        if cap is None or not batch.total or not explanation.is_covered:
            return explanation
        spent = await self._accounts.spent_today(account.account_id, batch.created_at)
        if batch.total <= max(0, cap - spent):
            return explanation
        return msgspec.structs.replace(explanation, batch=batch.beyond_cap(), over_cap=True)
