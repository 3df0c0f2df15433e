"""`heliograph credit`: what an account may spend."""

from cyclopts import App

from heliograph.domain.pricing import as_number
from heliograph.faces.cli.amounts import money, parse_amount
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.ledger_commands import COLUMNS, proof_row
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_one
from heliograph.storage.accounts import top_up
from heliograph.storage.ledger_proof import prove_ledger

app = App(
    name="credit",
    help="Add credit to an account and see what became of it.",
    help_epilogue=examples("heliograph credit add ip1-10001 250"),
)


@app.command(
    help_epilogue=examples(
        "heliograph credit add ip1-10001 250",
        "heliograph credit add ip1-10001 99.50 --note 'invoice 2026-117'",
    )
)
async def add(
    account: str,
    amount: str,
    /,
    *,
    note: str | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Add credit, with an entry in the ledger.

    Parameters
    ----------
    account
        The account's number.
    amount
        In units of its currency: 12.50.
    note
        Why, for the ledger.
    """
    micro = parse_amount(amount)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        balance = await top_up(tx, found.account_id, micro, note=note, now=ground.now(), ids=ground.ids)
    assert balance is not None
    document = {
        "account": account,
        "added": as_number(micro),
        "balance": as_number(balance),
        "balanceText": money(balance, found.currency),
        "currency": found.currency,
    }
    sentence = f"{account} has {money(micro, found.currency)} more: {money(balance, found.currency)}."
    done(sentence, document, as_json=options.json)


@app.command(help_epilogue=examples("heliograph credit show ip1-10001"))
async def show(
    account: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Show an account's balance and the sums of its ledger.

    Parameters
    ----------
    account
        The account's number.
    """
    async with installation.open_ground(options.data) as ground:
        async with ground.database.transaction() as tx:
            found = await get_account(tx, account)
        proof = await prove_ledger(ground.database)
    row = next(proof_row(each) for each in proof.accounts if each.account_id == found.account_id)
    show_one(row, COLUMNS, as_json=options.json)
