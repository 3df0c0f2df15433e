"""`heliograph limit`: how fast an account may send, and what it may spend in a day."""

from typing import Any

from cyclopts import App

from heliograph.domain.pricing import as_number
from heliograph.faces.cli.amounts import money, parse_amount
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.key_options import NONE, rate_from, rate_shown
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_one
from heliograph.storage.account_limits import AccountLimits, read_limits, set_limits
from heliograph.storage.accounts import StoredAccount
from heliograph.storage.daily_caps import read_spent

app = App(
    name="limit",
    help="See and set the limits of an account.",
    help_epilogue=examples("heliograph limit set ip1-10001 --daily-cap 500"),
)

_LABELS = {
    "account": "Account",
    "rateText": "Recipients a second",
    "capText": "Daily cap",
    "spentText": "Spent today (UTC)",
}


@app.command(help_epilogue=examples("heliograph limit show ip1-10001"))
async def show(
    account: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Show the limits of an account, and what it has spent today where it has a daily cap.

    Parameters
    ----------
    account
        The account's number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        limits = await read_limits(tx, found.account_id)
        is_capped = limits.daily_cap is not None
        spent = await read_spent(tx, found.account_id, now=ground.now()) if is_capped else None
    show_one(_document(found, limits, spent), _LABELS, as_json=options.json)


@app.command(
    name="set",
    help_epilogue=examples(
        "heliograph limit set ip1-10001 --rate 50 --burst 1000 --daily-cap 500",
        "heliograph limit set ip1-10001 --rate none --daily-cap none",
    ),
)
async def set_of_account(
    account: str,
    /,
    *,
    rate: str | None = None,
    burst: int | None = None,
    daily_cap: str | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Set limits of an account; what is not named stays as it is.

    Parameters
    ----------
    account
        The account's number.
    rate
        Recipients a second, all keys together, or `none`.
    burst
        How many at once after a rest (default: what the rate gives in a second).
    daily_cap
        What it may spend in a day of UTC, in units of its currency, or `none`.
    """
    if rate is None and burst is None and daily_cap is None:
        raise CommandRefused("nothing to change: name at least one option")
    cap = None if daily_cap in (None, NONE) else parse_amount(daily_cap or "")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        before = await read_limits(tx, found.account_id)
        limits = AccountLimits(
            rate_from(rate, burst, before.rate), before.daily_cap if daily_cap is None else cap
        )
        await set_limits(tx, found.account_id, limits)
    done(f"{account} is changed.", _document(found, limits, None), as_json=options.json)


def _document(account: StoredAccount, limits: AccountLimits, spent: int | None) -> dict[str, Any]:
    cap = limits.daily_cap
    return {
        "account": account.number,
        "rate": None if limits.rate is None else limits.rate.per_second,
        "burst": None if limits.rate is None else limits.rate.burst,
        "rateText": rate_shown(limits.rate),
        "dailyCap": None if cap is None else as_number(cap),
        "capText": NONE if cap is None else money(cap, account.currency),
        "spent": None if spent is None else as_number(spent),
        "spentText": None if spent is None else money(spent, account.currency),
    }
