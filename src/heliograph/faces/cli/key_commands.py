"""`heliograph key`: the keys by which an account's programs are known."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from heliograph.domain.api_token import KEY_ID_BYTES, SECRET_BYTES
from heliograph.domain.key_rights import KeyRights
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.key_options import (
    end_from,
    networks_from,
    networks_shown,
    rate_from,
    rate_shown,
    scopes_from,
    scopes_shown,
)
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_one, show_rows
from heliograph.faces.cli.typed_names import checked_name
from heliograph.storage.api_keys import (
    StoredKey,
    change_key,
    create_key,
    find_key,
    list_keys,
    revoke_key,
)

Repeatable = Annotated[tuple[str, ...], Parameter(show_default=False)]

_LABELS = {
    "id": "Id",
    "name": "Name",
    "scopes": "Scopes",
    "networks": "Networks",
    "test": "Test",
    "rate": "Rate",
    "created": "Created",
    "lastUsed": "Last used",
    "expires": "Expires",
    "revoked": "Revoked",
}

app = App(
    name="key",
    help="Make, list, change and revoke API keys.",
    help_epilogue=examples("heliograph key create ip1-10001 --name 'web shop'"),
)


@app.command(
    help_epilogue=examples(
        "heliograph key create ip1-10001 --name 'web shop'",
        "heliograph key create ip1-10001 --scope send --network 192.0.2.0/24",
        "heliograph key create ip1-10001 --name tests --test",
        "heliograph key create ip1-10001 --days 90 --json",
    )
)
async def create(
    account: str,
    /,
    *,
    name: str = "Key",
    scope: Repeatable = ("all",),
    network: Repeatable = ("any",),
    test: Annotated[bool, Parameter(negative="")] = False,
    rate: str | None = None,
    burst: int | None = None,
    days: int | None = None,
    expires: str | None = None,
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
    scope
        What it may do: send, read, receive, senders, billing, keys (default: all); may be repeated.
    network
        Where it may be used from: 192.0.2.0/24, 2001:db8::/32 or an address (default: any); may be repeated.
    test
        Make a test key: what it sends goes to the simulated carrier and costs nothing.
    rate
        Recipients a second that it may send to (default: no limit).
    burst
        How many at once after a rest (default: what the rate gives in a second).
    days
        After how many days it ends (default: never).
    expires
        The day or the time (UTC) at which it ends: 2027-01-31.
    """
    checked_name(name, "the key")
    _check_end(days, expires)
    rights = KeyRights(
        scopes=scopes_from(scope),
        networks=networks_from(network),
        is_test=test,
        rate=rate_from(rate, burst, None),
    )
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        token = await create_key(
            tx,
            found.account_id,
            name=name,
            key_id=ground.random_bytes(KEY_ID_BYTES),
            secret=ground.random_bytes(SECRET_BYTES),
            now=ground.now(),
            expires_at=_end(days, expires, ground.now()),
            rights=rights,
        )
    document = {
        "account": account,
        "name": name,
        "scopes": scopes_shown(rights.scopes),
        "networks": networks_shown(rights.networks),
        "test": rights.is_test,
        "rate": rate_shown(rights.rate),
        "key": token,
    }
    labels = {
        "account": "Account",
        **{key: _LABELS[key] for key in ("name", "scopes", "networks", "test", "rate")},
    }
    show_one(document, {**labels, "key": "Key"}, as_json=options.json)
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
    show_rows([_document(key) for key in keys], _LABELS, as_json=options.json, empty="No keys yet.")


@app.command(
    help_epilogue=examples(
        "heliograph key change kq3v7m2xw5o4b6na --scope send --scope read",
        "heliograph key change kq3v7m2xw5o4b6na --network any --expires never",
    )
)
async def change(
    key_id: str,
    /,
    *,
    name: str | None = None,
    scope: Repeatable = (),
    network: Repeatable = (),
    rate: str | None = None,
    burst: int | None = None,
    days: int | None = None,
    expires: str | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Change a key, within 5 seconds everywhere; what is not named stays as it is.

    Parameters
    ----------
    key_id
        Its id, the part between the first two `_` of the key.
    name
        What you call it.
    scope
        What it may do from now on, in place of what it could before; may be repeated. `all` takes no other.
    network
        Where it may be used from, in place of what was before; may be repeated. `any` takes no other.
    rate
        Recipients a second that it may send to, or `none`.
    burst
        How many at once after a rest (default: what the rate gives in a second).
    days
        After how many days, from now, it ends.
    expires
        The day or the time (UTC) at which it ends, or `never`.
    """
    if name is not None:
        checked_name(name, "the key")
    _check_end(days, expires)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await find_key(tx, key_id)
        if found is None or found.revoked_at is not None:
            raise CommandRefused(f"there is no key {key_id!r}, or it was revoked")
        changed = msgspec.structs.replace(
            found,
            name=found.name if name is None else name,
            expires_at=found.expires_at
            if days is None and expires is None
            else _end(days, expires, ground.now()),
            rights=msgspec.structs.replace(
                found.rights,
                scopes=scopes_from(scope) if scope else found.rights.scopes,
                networks=networks_from(network) if network else found.rights.networks,
                rate=rate_from(rate, burst, found.rights.rate),
            ),
        )
        if changed == found:
            raise CommandRefused("nothing to change: name at least one option with a new value")
        await change_key(tx, changed)
    done(f"{key_id} is changed.", _document(changed), as_json=options.json)


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


def _document(key: StoredKey) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "name": key.name,
        "scopes": scopes_shown(key.rights.scopes),
        "networks": networks_shown(key.rights.networks),
        "test": key.rights.is_test,
        "rate": rate_shown(key.rights.rate),
        "created": key.created_at,
        "lastUsed": key.last_used_at,
        "expires": key.expires_at,
        "revoked": key.revoked_at,
    }


def _check_end(days: int | None, expires: str | None) -> None:
    if days is not None and expires is not None:
        raise CommandRefused("say --days or --expires, not both")
    if days is not None and not 1 <= days <= 36_500:
        raise CommandRefused("a key lasts 1 to 36500 days")


def _end(days: int | None, expires: str | None, now: datetime) -> datetime | None:
    """When a key ends that is to last so many days or to a day."""
    if expires is not None:
        return end_from(expires, now)
    return None if days is None else now + timedelta(days=days)
