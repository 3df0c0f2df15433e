"""`heliograph guard`: the velocity guard, which watches or blocks many recipients behind one prefix."""

from typing import Any, Final, Literal

from cyclopts import App

from heliograph.domain.velocity_rules import (
    EVERY_COUNTRY,
    LARGEST_LIMIT,
    PERIODS,
    GuardMode,
    GuardRule,
    a_period,
    period_word,
    read_guard_prefix,
    rules_in_force,
)
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_rows
from heliograph.storage.accounts import list_accounts
from heliograph.storage.database import Transaction
from heliograph.storage.guard_rules import (
    ALL_ACCOUNTS,
    list_guard_rules,
    remove_guard_rule,
    set_guard_rule,
)
from heliograph.storage.guard_windows import GuardEvent, list_guard_events

app = App(
    name="guard",
    help="Watch or block bursts of messages to one country or prefix.",
    help_epilogue=examples("heliograph guard set 225 --limit 20 --per hour --mode block"),
)

_ALL: Final = "all"
_MOST_EVENTS: Final = 10_000


@app.command(
    name="list",
    help_epilogue=examples("heliograph guard list", "heliograph guard list --account ip1-10001 --json"),
)
async def list_rules(
    *, account: str | None = None, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """List every rule, or the rules that count for one account.

    Parameters
    ----------
    account
        The account's number: its own rules, and those for all accounts where it has none of its own.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        stored = await list_guard_rules(tx)
        if account is None:
            numbers = {each.account_id: each.number for each in await list_accounts(tx)}
            rows = [_document(numbers.get(each.account_id, _ALL), each.rule) for each in stored]
        else:
            found = await get_account(tx, account)
            own = {each.rule.prefix: each.rule for each in stored if each.account_id == found.account_id}
            for_all = [each.rule for each in stored if each.account_id == ALL_ACCOUNTS]
            rows = [
                _document(account if rule.prefix in own else _ALL, rule)
                for rule in rules_in_force(for_all, own.values())
            ]
    columns = {"account": "Account", "prefix": "Prefix", "limit": "Recipients", "per": "Per", "mode": "Mode"}
    show_rows(rows, columns, as_json=options.json, empty="Nothing is guarded.")


@app.command(
    name="set",
    help_epilogue=examples(
        "heliograph guard set 225 --limit 20 --per hour --mode block",
        "heliograph guard set '*' --limit 500 --per day",
        "heliograph guard set 46 --mode off --account ip1-10001",
    ),
)
async def set_rule(
    prefix: str,
    /,
    *,
    limit: int | None = None,
    per: Literal["minute", "hour", "day"] | None = None,
    mode: Literal["watch", "block", "off"] = "watch",
    account: str | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Set the rule for a prefix, in place of the one it had; it counts within seconds.

    Parameters
    ----------
    prefix
        What numbers begin with, such as 225 or +225; `*` is every country, each counted by itself.
    limit
        How many recipients at most.
    per
        In which time: of the clock, in UTC.
    mode
        watch sends and records what would have been blocked, block refuses it with status 405, off
        neither counts nor refuses.
    account
        The account's number (default: every account without a rule of its own for the prefix).
    """
    rule = _rule(_prefix(prefix), limit, per, GuardMode[mode.upper()])
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        await set_guard_rule(tx, await _account_id(tx, account), rule)
    done(_sentence(account, rule), _document(account or _ALL, rule), as_json=options.json)


@app.command(
    help_epilogue=examples(
        "heliograph guard remove 225", "heliograph guard remove '*' --account ip1-10001 --json"
    )
)
async def remove(
    prefix: str,
    /,
    *,
    account: str | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Remove a rule; for an account the one for all accounts then counts again.

    Parameters
    ----------
    prefix
        As it stands in the list.
    account
        The account's number (default: the rule for all accounts).
    """
    wanted = _prefix(prefix)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        if not await remove_guard_rule(tx, await _account_id(tx, account), wanted):
            whose = account or "all accounts"
            raise CommandRefused(f"there is no rule for {prefix} and {whose}; see `heliograph guard list`")
    document = {"account": account or _ALL, "prefix": wanted, "removed": True}
    done(f"The rule for {wanted} is removed.", document, as_json=options.json)


@app.command(
    help_epilogue=examples(
        "heliograph guard events", "heliograph guard events --account ip1-10001 --count 500 --json"
    )
)
async def events(
    *,
    account: str | None = None,
    count: int = 50,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """List when limits were passed, latest first, and what was or would have been blocked.

    Parameters
    ----------
    account
        The account's number (default: every account).
    count
        How many at most.
    """
    if not 1 <= count <= _MOST_EVENTS:
        raise CommandRefused(f"--count is a number from 1 to {_MOST_EVENTS}")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        account_id = None if account is None else (await get_account(tx, account)).account_id
        numbers = {each.account_id: each.number for each in await list_accounts(tx)}
        found = await list_guard_events(tx, account_id, limit=count)
    rows = [_event_document(numbers[event.account_id], event) for event in found]
    columns = {
        "at": "When",
        "account": "Account",
        "prefix": "Prefix",
        "recipients": "Recipients",
        "limit": "Limit",
        "per": "Per",
        "blocked": "Blocked",
        "wouldHaveBlocked": "Would have blocked",
    }
    show_rows(rows, columns, as_json=options.json, empty="No limit was passed.")


def _prefix(text: str) -> str:
    prefix = read_guard_prefix(text)
    if prefix is None:
        raise CommandRefused(
            f"{text!r} is no prefix to guard: at most 15 digits with the country code first, such as 225, or"
            f" {EVERY_COUNTRY} for every country by itself"
        )
    return prefix


def _rule(prefix: str, limit: int | None, per: str | None, mode: GuardMode) -> GuardRule:
    if mode is GuardMode.OFF:
        if limit is not None or per is not None:
            raise CommandRefused("--mode off counts nothing: leave out --limit and --per")
        return GuardRule(prefix, mode)
    if limit is None or per is None:
        raise CommandRefused("say how many and in which time: --limit 20 --per hour")
    if not 0 <= limit <= LARGEST_LIMIT:
        raise CommandRefused(f"--limit is a number from 0 to {LARGEST_LIMIT}")
    return GuardRule(prefix, mode, limit, PERIODS[per])


async def _account_id(tx: Transaction, account: str | None) -> int:
    return ALL_ACCOUNTS if account is None else (await get_account(tx, account)).account_id


def _sentence(account: str | None, rule: GuardRule) -> str:
    numbers = "each country" if rule.prefix == EVERY_COUNTRY else f"numbers that begin with {rule.prefix}"
    whose = account or "Every account without a rule of its own"
    if rule.mode is GuardMode.OFF:
        return f"{whose} is not guarded for {numbers}."
    done_to = "held to" if rule.mode is GuardMode.BLOCK else "watched beyond"
    return f"{whose} is {done_to} {rule.most} recipients {a_period(rule.seconds)} for {numbers}."


def _document(account: str, rule: GuardRule) -> dict[str, Any]:
    is_on = rule.mode is not GuardMode.OFF
    return {
        "account": account,
        "prefix": rule.prefix,
        "limit": rule.most if is_on else None,
        "per": period_word(rule.seconds) if is_on else None,
        "mode": rule.mode.name.lower(),
    }


def _event_document(account: str, event: GuardEvent) -> dict[str, Any]:
    return {
        "at": event.exceeded_at,
        "account": account,
        "prefix": event.prefix,
        "windowStart": event.starts_at,
        "per": period_word(event.seconds),
        "recipients": event.recipients,
        "limit": event.most,
        "mode": "block" if event.blocks else "watch",
        "blocked": event.blocked,
        "wouldHaveBlocked": event.would_have_blocked,
    }
