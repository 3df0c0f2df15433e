"""The proof of money: every balance is the sum of its ledger, every batch its share of it, every transfer
is taken from one account and given to another.

Read in one snapshot, so that it holds while messages are being sent.
"""

from typing import Final

import msgspec

from heliograph.storage.database import Database, load_query

MOST_BATCHES: Final = 100
"""Misbilled batches that are named; the sums of their accounts tell of all of them."""


class AccountProof(msgspec.Struct, frozen=True):
    """What is stored of one account's money, in micro-units. Charges are negative."""

    account_id: int
    number: str
    currency: str
    balance: int
    entries: int
    ledger: int
    top_ups: int
    charges: int
    refunds: int
    corrections: int
    transfers: int
    batches: int
    charged: int
    refunded: int

    def faults(self) -> list[str]:
        """What does not add up, in sentences."""
        checks = {
            f"the balance is {self.balance}, the ledger sums to {self.ledger}": self.balance == self.ledger,
            f"the ledger charges {-self.charges}, the batches {self.charged}": -self.charges == self.charged,
            f"the ledger refunds {self.refunds}, the batches {self.refunded}": self.refunds == self.refunded,
        }
        return [f"{self.number}: {sentence}" for sentence, holds in checks.items() if not holds]


class MisbilledBatch(msgspec.Struct, frozen=True):
    """A batch whose share is not the sum of its messages' prices."""

    number: str
    batch_id: bytes
    charged: int
    refunded: int
    price: int
    returned: int

    def fault(self) -> str:
        """What does not add up, in a sentence."""
        return (
            f"{self.number}: batch {self.batch_id.hex()} was charged {self.charged} and refunded"
            f" {self.refunded}, its messages cost {self.price} and returned {self.returned}"
        )


class LedgerProof(msgspec.Struct, frozen=True):
    """Everything that was compared."""

    accounts: list[AccountProof]
    misbilled: list[MisbilledBatch]

    def faults(self) -> list[str]:
        """What does not add up, in sentences with micro-units; empty when everything does."""
        of_accounts = [fault for account in self.accounts for fault in account.faults()]
        return of_accounts + self._transfer_faults() + [batch.fault() for batch in self.misbilled]

    def _transfer_faults(self) -> list[str]:
        """Currencies in which more was given than taken, or less."""
        sums: dict[str, int] = {}
        for account in self.accounts:
            sums[account.currency] = sums.get(account.currency, 0) + account.transfers
        return [
            f"transfers in {currency} sum to {total}, not to 0" for currency, total in sums.items() if total
        ]


async def prove_ledger(database: Database) -> LedgerProof:
    """Compare balances, ledger, batches and messages of all accounts; reads every row of them."""
    async with database.transaction() as tx:
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        accounts = await tx.fetch(load_query("prove_accounts"))
        misbilled = await tx.fetch(load_query("list_misbilled_batches"), MOST_BATCHES)
    return LedgerProof(
        [AccountProof(**dict(row)) for row in accounts], [MisbilledBatch(**dict(row)) for row in misbilled]
    )
