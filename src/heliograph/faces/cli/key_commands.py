"""`heliograph key`: the keys by which an account's programs are known."""

from datetime import timedelta

from cyclopts import App

from heliograph.domain.api_token import KEY_ID_BYTES, SECRET_BYTES
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_one, show_rows
from heliograph.storage.api_keys import create_key, list_keys, revoke_key

app = App(
    name="key",
    help="Make, list and revoke API keys.",
    help_epilogue=examples("heliograph key create ip1-10001 --name 'web shop'"),
)


@app.command(
    help_epilogue=examples(
        "heliograph key create ip1-10001 --name 'web shop'",
        "heliograph key create ip1-10001 --days 90 --json",
    )
)
async def create(
    account: str,
    /,
    *,
    name: str = "Key",
    days: int | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Make a key, which is shown once.

    Parameters
    ----------
    account
        The account's number.
    name
        What you call it: which program holds it.
    days
        After how many days it ends (default: never).
    """
    if days is not None and not 1 <= days <= 36_500:
        raise CommandRefused("a key lasts 1 to 36500 days")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        token = await create_key(
            tx,
            found.account_id,
            name=name,
            key_id=ground.random_bytes(KEY_ID_BYTES),
            secret=ground.random_bytes(SECRET_BYTES),
            now=ground.now(),
            expires_at=None if days is None else ground.now() + timedelta(days=days),
        )
    document = {"account": account, "name": name, "key": token}
    show_one(document, {"account": "Account", "name": "Name", "key": "Key"}, as_json=options.json)
    if not options.json:
        done("\nKeep it: it cannot be shown again.", document, as_json=False)


@app.command(name="list", help_epilogue=examples("heliograph key list ip1-10001"))
async def list_of_account(
    account: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """List the keys of an account, revoked ones included.

    Parameters
    ----------
    account
        The account's number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        keys = await list_keys(tx, found.account_id)
    rows = [
        {
            "id": key.key_id,
            "name": key.name,
            "created": key.created_at,
            "lastUsed": key.last_used_at,
            "expires": key.expires_at,
            "revoked": key.revoked_at,
        }
        for key in keys
    ]
    columns = {
        "id": "Id",
        "name": "Name",
        "created": "Created",
        "lastUsed": "Last used",
        "expires": "Expires",
        "revoked": "Revoked",
    }
    show_rows(rows, columns, as_json=options.json, empty="No keys yet.")


@app.command(help_epilogue=examples("heliograph key revoke kq3v7m2xw5o4b6na"))
async def revoke(
    key_id: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Revoke a key: within 5 seconds nobody is let in with it.

    Parameters
    ----------
    key_id
        Its id, the part between the first two `_` of the key.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        if not await revoke_key(tx, key_id, now=ground.now()):
            raise CommandRefused(f"there is no key {key_id!r}, or it was revoked before")
    done(f"{key_id} is revoked.", {"id": key_id, "revoked": True}, as_json=options.json)
