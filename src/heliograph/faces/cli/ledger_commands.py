"""`heliograph ledger`: the proof that no öre was lost or made."""

from typing import Any

from cyclopts import App

from heliograph.domain.pricing import as_number
from heliograph.faces.cli.amounts import money
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import NOT_AS_IT_SHOULD_BE, CommandRefused
from heliograph.faces.cli.terminal import console_for, print_json, show_rows
from heliograph.storage.ledger_proof import AccountProof, prove_ledger

app = App(
    name="ledger",
    help="Prove that every amount adds up.",
    help_epilogue=examples("heliograph ledger check"),
)


@app.command(help_epilogue=examples("heliograph ledger check", "heliograph ledger check --json"))
async def check(*, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument) -> None:
    """Prove the ledger: the exit code is 1 if anything does not add up.

    Of every account: its balance is the sum of its ledger, and its charges and
    refunds are the sum of the shares of its batches. Of every batch: its shares
    are the sum of its messages' prices. May run at any time; it reads
    everything once, in one snapshot.
    """
    async with installation.open_ground(options.data) as ground:
        proof = await prove_ledger(ground.database)
    faults = proof.faults()
    rows = [proof_row(account) for account in proof.accounts]
    if options.json:
        print_json({"proved": not faults, "faults": faults, "accounts": rows})
    else:
        show_rows(rows, COLUMNS, as_json=False, empty="No accounts yet.")
    if faults:
        raise CommandRefused(
            f"the ledger is wrong in {len(faults)} places (millionths): {'; '.join(faults)}",
            exit_code=NOT_AS_IT_SHOULD_BE,
        )
    if not options.json:
        batches = sum(account.batches for account in proof.accounts)
        entries = sum(account.entries for account in proof.accounts)
        console_for().print(
            f"\n[green]Proved:[/] {_count(len(rows), 'account')}, {_count(entries, 'ledger entry')},"
            f" {_count(batches, 'batch')}. Everything adds up."
        )


COLUMNS = {
    "account": "Account",
    "balance": "Balance",
    "topUps": "Top-ups",
    "charges": "Charges",
    "refunds": "Refunds",
    "corrections": "Corrections",
    "transfers": "Transfers",
    "currency": "Currency",
    "batches": "Batches",
}


def proof_row(account: AccountProof) -> dict[str, Any]:
    """An account's money as the commands show it, in units of its currency."""
    return {
        "account": account.number,
        "currency": account.currency,
        "balance": as_number(account.balance),
        "balanceText": money(account.balance, account.currency),
        "topUps": as_number(account.top_ups),
        "charges": as_number(account.charges),
        "refunds": as_number(account.refunds),
        "corrections": as_number(account.corrections),
        "transfers": as_number(account.transfers),
        "batches": account.batches,
    }


def _count(number: int, noun: str) -> str:
    plural = {"ledger entry": "ledger entries", "batch": "batches"}.get(noun, f"{noun}s")
    return f"{number:,} {noun if number == 1 else plural}"
