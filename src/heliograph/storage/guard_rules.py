"""The rules of the velocity guard, as operators set them; every process goes by them within seconds."""

from typing import Final

import msgspec

from heliograph.domain.velocity_rules import GuardMode, GuardRule, rules_in_force
from heliograph.storage.database import Transaction, load_query

ALL_ACCOUNTS: Final = 0
"""Stands for every account that has no rule of its own for the same prefix."""


class StoredRule(msgspec.Struct, frozen=True):
    """A rule and whose it is: an account, or ``ALL_ACCOUNTS``."""

    account_id: int
    rule: GuardRule


class _Row(msgspec.Struct, frozen=True):
    for_all: bool
    prefix: str
    mode: GuardMode
    most: int
    seconds: int

    @property
    def rule(self) -> GuardRule:
        return GuardRule(self.prefix, self.mode, self.most, self.seconds)


_decode = msgspec.json.Decoder(list[_Row]).decode


def decode_rules(rows: str | None) -> tuple[GuardRule, ...]:
    """The rules in force for an account, of its own and those for all as ``find_account`` has them."""
    if rows is None:
        return ()
    decoded = _decode(rows)
    return rules_in_force(
        [row.rule for row in decoded if row.for_all], [row.rule for row in decoded if not row.for_all]
    )


async def list_guard_rules(tx: Transaction, account_id: int | None = None) -> list[StoredRule]:
    """The rules of an account, or every rule there is, those for all accounts first."""
    rows = await tx.fetch(load_query("list_guard_rules"), account_id)
    return [
        StoredRule(
            row["account_id"], GuardRule(row["prefix"], GuardMode(row["mode"]), row["most"], row["seconds"])
        )
        for row in rows
    ]


async def set_guard_rule(tx: Transaction, account_id: int, rule: GuardRule) -> None:
    """Set a rule, in place of the one with the same prefix."""
    await tx.execute(
        load_query("set_guard_rule"), account_id, rule.prefix, int(rule.mode), rule.most, rule.seconds
    )


async def remove_guard_rule(tx: Transaction, account_id: int, prefix: str) -> bool:
    """Remove a rule; False if there was none."""
    return await tx.fetchval(load_query("remove_guard_rule"), account_id, prefix) is not None
