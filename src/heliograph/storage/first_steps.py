"""How far an account is that somebody has just opened."""

import msgspec

from heliograph.storage.database import Transaction, load_query


class FirstSteps(msgspec.Struct, frozen=True):
    """What an account has done already."""

    has_sent: bool
    has_used_key: bool
    has_own_sender: bool
    """Whether a sender was registered after the account was opened."""

    @property
    def are_done(self) -> bool:
        """Whether nothing is left."""
        return self.has_sent and self.has_used_key and self.has_own_sender


async def read_first_steps(tx: Transaction, account_id: int) -> FirstSteps:
    """What of the first steps an account has done, each found by an index."""
    row = await tx.fetchrow(load_query("read_first_steps"), account_id)
    assert row is not None  # it has no FROM
    return FirstSteps(*row)
