"""What a customer chooses for an account."""

import msgspec

from heliograph.storage.database import Transaction, load_query


class AccountChoices(msgspec.Struct, frozen=True):
    """Which reports, how often they are tried, where they may go; a daily cap; how long texts are kept."""

    report_codes: str
    report_schedule: str
    http_reports: bool
    own_daily_cap: int | None
    """In micro-units; None for no cap of their own."""
    daily_cap: int | None
    """The operator's: the lower of the two counts."""
    retention_days: int | None
    """How long texts and numbers are kept; None as the installation says."""
    in_doubt_policy: str
    """What becomes of a message in doubt whose receipt is overdue: domain/second_try.py."""


async def read_choices(tx: Transaction, account_id: int) -> AccountChoices:
    """What is chosen for an account that exists."""
    row = await tx.fetchrow(load_query("read_account_choices"), account_id)
    assert row is not None
    return AccountChoices(*row)


async def set_choices(tx: Transaction, account_id: int, choices: AccountChoices) -> None:
    """Choose; every process goes by it within a few seconds. The operator's cap stays as it is."""
    await tx.execute(
        load_query("set_account_choices"),
        account_id,
        choices.report_codes,
        choices.report_schedule,
        choices.http_reports,
        choices.own_daily_cap,
        choices.retention_days,
        choices.in_doubt_policy,
    )
