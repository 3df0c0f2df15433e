"""`heliograph account`: who owns batches and credit."""

import re
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from heliograph.domain.pricing import as_number
from heliograph.domain.refusals import Refusal
from heliograph.domain.report_url import UrlRefusal, parse_incoming_url
from heliograph.domain.retention import LEAST_DAYS, MOST_DAYS
from heliograph.domain.sender import check_sender
from heliograph.domain.sender_rules import SenderRules, first_senders
from heliograph.faces.cli.amounts import money, parse_amount
from heliograph.faces.cli.command_ground import ACTOR, Ground
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_account, get_price_list
from heliograph.faces.cli.terminal import done, show_one, show_rows
from heliograph.faces.cli.typed_names import checked_name
from heliograph.services.operate_accounts import change_settings
from heliograph.storage.accounts import (
    AccountSettingsChange,
    StoredAccount,
    list_accounts,
    list_senders,
)
from heliograph.storage.audit_log import write_audit_entry
from heliograph.storage.database import Transaction
from heliograph.storage.inbound_numbers import set_incoming_url
from heliograph.storage.new_accounts import NewAccount, open_account
from heliograph.storage.price_lists import StoredPriceList, list_price_lists

app = App(
    name="account",
    help="Make, list and change accounts.",
    help_epilogue=examples("heliograph account create Acme --credit 500 --sender Acme"),
)

_LABELS = {
    "number": "Account",
    "name": "Name",
    "parent": "Parent",
    "balance": "Balance",
    "currency": "Currency",
    "priceList": "Price list",
    "senders": "Senders",
    "optionalSender": "Optional sender",
    "weight": "Weight",
    "reports": "Reports",
    "httpReports": "Reports over http",
    "incomingUrl": "Incoming messages to",
    "retentionDays": "Days texts are kept",
    "inDoubt": "In doubt",
    "disabled": "Disabled",
    "created": "Created",
}


@app.command(
    help_epilogue=examples(
        "heliograph account create Acme --credit 500 --sender Acme",
        "heliograph account create 'Acme GmbH' --currency EUR --json",
        "heliograph account create 'Acme Warehouse' --parent ip1-10001",
    )
)
async def create(
    name: str,
    /,
    *,
    currency: str | None = None,
    price_list: str | None = None,
    credit: str | None = None,
    sender: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    parent: str | None = None,
    optional_sender: bool = True,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Make an account with a key and a webhook secret, which are shown once.

    Parameters
    ----------
    name
        What you call it.
    currency
        Three letters; an account has one currency for ever (default: as set).
    price_list
        What its messages cost (default: the only list in its currency).
    credit
        First credit, in units of the currency: 12.50.
    sender
        A sender it may use; may be repeated.
    parent
        The number of the account that it is a child of: it has the parent's
        currency and price list.
    optional_sender
        Whether it may register senders of its own; without that it gets the default senders, and no others.
    """
    checked_name(name, "the account")
    amount = parse_amount(credit) if credit is not None else 0
    for each in sender:
        if refusal := check_sender(each):
            raise CommandRefused(refusal.sentence)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        senders = _first_senders(sender, ground.sender_rules, optional_sender=optional_sender)
        above = None if parent is None else await _parent(tx, parent)
        if above is None:
            chosen = await _choose_price_list(tx, price_list, _currency(currency or ground.currency))
        else:
            chosen = await _inherited_price_list(tx, above, price_list, currency)
        opened = await open_account(
            tx,
            NewAccount(
                name=name,
                currency=chosen.currency,
                price_list_id=chosen.price_list_id,
                number_prefix=ground.number_prefix,
                senders=senders,
                optional_sender=optional_sender,
                credit=amount,
                parent_id=None if above is None else above.account_id,
            ),
            sealer=ground.sealer(),
            now=ground.now(),
            ids=ground.ids,
            random_bytes=ground.random_bytes,
        )
    document = {
        "number": opened.number,
        "name": name,
        "key": opened.token,
        "webhookSecret": opened.webhook_secret,
    }
    labels = {"number": "Account", "name": "Name", "key": "Key", "webhookSecret": "Webhook secret"}
    show_one(document, labels, as_json=options.json)
    if not options.json:
        done("\nKeep both: neither can be shown again.", document, as_json=False)


@app.command(name="list", help_epilogue=examples("heliograph account list", "heliograph account list --json"))
async def list_all(*, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument) -> None:
    """List every account with its balance."""
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        lists = await list_price_lists(tx)
        rows = [_document(account, lists, ground) for account in await list_accounts(tx)]
    columns = {
        key: _LABELS[key] for key in ("number", "name", "balance", "currency", "priceList", "disabled")
    }
    show_rows(rows, columns, as_json=options.json, empty="No accounts yet.")


@app.command(help_epilogue=examples("heliograph account show ip1-10001"))
async def show(
    account: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Show one account.

    Parameters
    ----------
    account
        Its number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        senders = [each.sender for each in await list_senders(tx, found.account_id)]
        document = {**_document(found, await list_price_lists(tx), ground), "senders": senders}
    show_one(document, _LABELS, as_json=options.json)


@app.command(
    help_epilogue=examples(
        "heliograph account change ip1-10001 --reports final",
        "heliograph account change ip1-10001 --incoming-url https://example.com/sms",
        "heliograph account change ip1-10001 --retention-days 30",
        "heliograph account change ip1-10001 --in-doubt resend-once",
        "heliograph account change ip1-10001 --disabled",
    )
)
async def change(
    account: str,
    /,
    *,
    name: str | None = None,
    price_list: str | None = None,
    weight: int | None = None,
    reports: Literal["all", "final"] | None = None,
    http_reports: bool | None = None,
    incoming_url: str | None = None,
    optional_sender: bool | None = None,
    retention_days: int | None = None,
    in_doubt: Literal["hold", "resend-once"] | None = None,
    disabled: Annotated[bool | None, Parameter(negative="--enabled")] = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Change an account; what is not named stays as it is.

    Parameters
    ----------
    account
        Its number.
    name
        What you call it.
    price_list
        What its messages cost from now on.
    weight
        Its share of a busy carrier, 1 to 1000.
    reports
        Which statuses are reported: all of them, or final ones only.
    http_reports
        Whether reports may go to http:// addresses.
    incoming_url
        Where its incoming messages are POSTed; an empty text ends that.
    optional_sender
        Whether it may use senders of its own; without that, only the default senders.
    retention_days
        For how many days message texts and phone numbers are kept, 10 to 3650; 0 for as the setting
        accounts.retention_days says.
    in_doubt
        What becomes of a message whose answer was lost and whose receipt is overdue: never sent again, or
        once more, which may deliver it twice.
    disabled
        Whether its keys are refused.
    """
    if name is not None:
        checked_name(name, "the account")
    if retention_days is not None and retention_days and not LEAST_DAYS <= retention_days <= MOST_DAYS:
        raise CommandRefused(
            f"texts are kept for {LEAST_DAYS} to {MOST_DAYS} days, or 0: as the setting says"
        )
    if weight is not None and not 1 <= weight <= 1000:
        raise CommandRefused("the weight is a number from 1 to 1000")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        wanted = AccountSettingsChange(
            name=name,
            price_list_id=None if price_list is None else await _same_currency(tx, price_list, found),
            weight=weight,
            report_codes=reports,
            http_reports=http_reports,
            is_disabled=disabled,
            optional_sender=optional_sender,
            retention_days=retention_days,
            in_doubt_policy=None if in_doubt is None else in_doubt.replace("-", "_"),
        )
        if wanted == AccountSettingsChange() and incoming_url is None:
            raise CommandRefused("nothing to change: name at least one option")
        await change_settings(tx, found.account_id, wanted, ground.sender_rules, now=ground.now())
        if incoming_url is not None:
            http_allowed = found.http_reports if http_reports is None else http_reports
            url = _incoming_url(incoming_url, http_allowed=http_allowed, ground=ground)
            await set_incoming_url(tx, found.account_id, url)
        changed = await get_account(tx, account)
        await _note_choices(tx, ground, found, changed)
        document = _document(changed, await list_price_lists(tx), ground)
    done(f"{account} is changed.", document, as_json=options.json)


async def _note_choices(
    tx: Transaction, ground: Ground, before: StoredAccount, account: StoredAccount
) -> None:
    """Those whose texts are erased sooner, or sent twice, can read who wanted it so."""
    detail = {
        name: getattr(account, name)
        for name in ("retention_days", "in_doubt_policy")
        if getattr(account, name) != getattr(before, name)
    }
    if not detail:
        return
    await write_audit_entry(
        tx,
        account.account_id,
        user_id=None,
        actor=ACTOR,
        action="settings.changed",
        subject=account.number,
        detail=detail,
        now=ground.now(),
        ids=ground.ids,
    )


def _document(account: StoredAccount, price_lists: list[StoredPriceList], ground: Ground) -> dict[str, Any]:
    names = {price_list.price_list_id: price_list.name for price_list in price_lists}
    return {
        "number": account.number,
        "name": account.name,
        "parent": account.parent,
        "balance": as_number(account.balance),
        "balanceText": money(account.balance, account.currency),
        "currency": account.currency,
        "priceList": names[account.price_list_id],
        "weight": account.weight,
        "reports": account.report_codes,
        "httpReports": account.http_reports,
        "incomingUrl": account.incoming_url,
        "retentionDays": account.retention_days or ground.retention_days,
        "inDoubt": account.in_doubt_policy.replace("_", "-"),
        "optionalSender": account.optional_sender,
        "disabled": account.is_disabled,
        "created": account.created_at,
    }


def _incoming_url(text: str, *, http_allowed: bool, ground: Ground) -> str | None:
    url = parse_incoming_url(text, http_allowed=http_allowed, loopback_allowed=ground.loopback_reports)
    if isinstance(url, UrlRefusal):
        raise CommandRefused(url.sentence)
    return url


def _first_senders(wanted: tuple[str, ...], rules: SenderRules, *, optional_sender: bool) -> tuple[str, ...]:
    senders = first_senders(wanted, rules, optional_sender=optional_sender)
    if isinstance(senders, Refusal):
        others = set(wanted).difference(rules.default_senders)
        raise CommandRefused(f"--no-optional-sender leaves the default senders only, not {min(others)}")
    return senders


def _currency(text: str) -> str:
    if not re.fullmatch("[A-Z]{3}", text.upper()):
        raise CommandRefused(f"{text!r} is no currency: three letters, such as SEK")
    return text.upper()


async def _choose_price_list(tx: Transaction, name: str | None, currency: str) -> StoredPriceList:
    if name is not None:
        chosen = await get_price_list(tx, name)
        if chosen.currency != currency:
            raise CommandRefused(f"price list {name!r} is in {chosen.currency}, not in {currency}")
        return chosen
    fitting = [each for each in await list_price_lists(tx) if each.currency == currency]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise CommandRefused(
            f"there is no price list in {currency}: make one with `heliograph price create NAME --currency"
            f" {currency}`"
        )
    raise CommandRefused(f"say which --price-list: {', '.join(each.name for each in fitting)}")


async def _parent(tx: Transaction, number: str) -> StoredAccount:
    found = await get_account(tx, number)
    if found.parent is not None:
        raise CommandRefused(f"{number} is a child account itself, of {found.parent}")
    return found


async def _inherited_price_list(
    tx: Transaction, parent: StoredAccount, price_list: str | None, currency: str | None
) -> StoredPriceList:
    if price_list is not None or currency is not None:
        raise CommandRefused("a child account has the currency and the price list of its --parent")
    lists = await list_price_lists(tx)
    return next(each for each in lists if each.price_list_id == parent.price_list_id)


async def _same_currency(tx: Transaction, name: str, account: StoredAccount) -> int:
    chosen = await get_price_list(tx, name)
    if chosen.currency != account.currency:
        raise CommandRefused(
            f"price list {name!r} is in {chosen.currency}, the account in {account.currency}"
        )
    return chosen.price_list_id
