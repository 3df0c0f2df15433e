"""`heliograph report`: the secrets that sign an account's reports, and having failed ones delivered again."""

from typing import Any

from cyclopts import App

from heliograph.domain.refusals import RefusedError
from heliograph.domain.report_url import ReportUrl, stored_report_url
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_rows
from heliograph.services.replay_reports import replay_origin
from heliograph.services.webhook_rotation import (
    GRACE_HOURS,
    LONGEST_GRACE_HOURS,
    remove_old_secret,
    rotate_secret,
)
from heliograph.storage.failed_reports import list_account_origins
from heliograph.storage.webhook_secrets import StoredSecret, list_secrets

app = App(
    name="report",
    help="See where reports fail, have them delivered again, change what signs them.",
    help_epilogue=examples("heliograph report failed ip1-10001", "heliograph report secret rotate ip1-10001"),
)
secret = App(name="secret", help="List, rotate and remove the secrets that sign an account's reports.")
app.command(secret)


def _document(account: str, stored: StoredSecret) -> dict[str, Any]:
    return {
        "account": account,
        "id": stored.secret_id,
        "created": stored.created_at,
        "expires": stored.expires_at,
    }


@secret.command(name="list", help_epilogue=examples("heliograph report secret list ip1-10001"))
async def list_of_account(
    account: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """List the secrets that sign an account's reports, without what they are.

    Parameters
    ----------
    account
        The account's number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        secrets = await list_secrets(tx, found.account_id, now=ground.now())
    rows = [_document(account, each) for each in secrets]
    columns = {"id": "Secret", "created": "Created", "expires": "Expires"}
    show_rows(rows, columns, as_json=options.json, empty="No secret: reports are not signed.")


@secret.command(
    help_epilogue=examples(
        "heliograph report secret rotate ip1-10001", "heliograph report secret rotate ip1-10001 --grace 0"
    )
)
async def rotate(
    account: str,
    /,
    *,
    grace: int = GRACE_HOURS,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Make a new secret, which is shown once; those before it go on signing for a while.

    Parameters
    ----------
    account
        The account's number.
    grace
        Hours for which the secrets before it go on signing.
    """
    if not 0 <= grace <= LONGEST_GRACE_HOURS:
        raise CommandRefused(f"the grace is a number of hours from 0 to {LONGEST_GRACE_HOURS}")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        try:
            made = await rotate_secret(
                tx,
                found.account_id,
                grace_hours=grace,
                now=ground.now(),
                sealer=ground.sealer(),
                random_bytes=ground.random_bytes,
            )
        except RefusedError as refused:
            raise CommandRefused(refused.sentence) from None
    document = _document(account, made.stored) | {"secret": made.text}
    done(
        f"{account} signs with {made.text} from now on. It is shown only now.", document, as_json=options.json
    )


@secret.command(help_epilogue=examples("heliograph report secret remove ip1-10001 9f1c2ab374d05e68"))
async def remove(
    account: str,
    secret_id: str,
    /,
    *,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Remove a secret that a newer one replaces, before it ends by itself.

    Parameters
    ----------
    account
        The account's number.
    secret_id
        As the list shows it.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        try:
            removed = await remove_old_secret(tx, found.account_id, secret_id, now=ground.now())
        except RefusedError as refused:
            raise CommandRefused(refused.sentence) from None
    done(f"{secret_id} signs no more.", _document(account, removed), as_json=options.json)


@app.command(help_epilogue=examples("heliograph report failed ip1-10001"))
async def failed(
    account: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """List where an account's reports fail or were given up.

    Parameters
    ----------
    account
        The account's number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        origins = await list_account_origins(tx, found.account_id)
    rows = [
        {
            "origin": each.origin,
            "failures": each.failures,
            "since": each.failing_since,
            "disabled": each.disabled_at,
            "waiting": each.waiting,
            "givenUp": each.parked,
        }
        for each in origins
    ]
    columns = {
        "origin": "Origin",
        "failures": "Failures",
        "since": "Since",
        "disabled": "Disabled",
        "waiting": "Waiting",
        "givenUp": "Given up",
    }
    show_rows(rows, columns, as_json=options.json, empty="Nothing fails.")


@app.command(help_epilogue=examples("heliograph report replay ip1-10001 https://shop.example"))
async def replay(
    account: str, origin: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Deliver what an origin missed, and try it again if it was disabled.

    Parameters
    ----------
    account
        The account's number.
    origin
        As the list shows it, or a URL of it.
    """
    url = stored_report_url(origin)
    if not isinstance(url, ReportUrl):
        raise CommandRefused(url.sentence)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        try:
            told = await replay_origin(tx, found.account_id, url.origin, now=ground.now(), ids=ground.ids)
        except RefusedError:
            raise CommandRefused(f"nothing of {account} has failed at {url.origin}") from None
    document = {
        "origin": url.origin,
        "wasDisabled": told.was_disabled,
        "reports": told.queued,
        "waiting": told.hastened,
        "hasMore": told.has_more,
    }
    more = " There are more: run it again." if told.has_more else ""
    said = f"{told.queued} given up reports and {told.hastened} waiting messages are tried now.{more}"
    done(said, document, as_json=options.json)
