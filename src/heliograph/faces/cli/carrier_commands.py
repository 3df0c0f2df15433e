"""`heliograph carrier`: who takes our messages, and how we bind to them."""

import getpass
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import App, Parameter

from heliograph.domain.carrier_profile import DEFAULT_PROFILE, CarrierProfile
from heliograph.domain.carrier_rules import CarrierFault, carrier_faults, profile_differences
from heliograph.faces.cli.command_options import (
    NO_OPTIONS,
    CommandOptions,
    Flag,
    InstallationArgument,
    examples,
)
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.cost_commands import app as costs
from heliograph.faces.cli.lookups import get_carrier
from heliograph.faces.cli.standard_input import is_standard_input
from heliograph.faces.cli.terminal import done, show_one, show_rows
from heliograph.services.operate_carriers import CarrierRefused, edit_carrier, open_carrier
from heliograph.storage.carrier_settings import (
    CarrierChange,
    CarrierInUse,
    NewCarrier,
    StoredCarrier,
    list_carriers,
    remove_carrier,
)

BindMode = Literal["transceiver", "transmitter", "receiver"]

app = App(
    name="carrier",
    help="Make, list and change carriers.",
    help_epilogue=examples(
        "heliograph carrier create telco --host smsc.example --port 2775 \\",
        "    --system-id acme",
    ),
)
app.command(costs)

_LABELS = {
    "name": "Carrier",
    "host": "Host",
    "port": "Port",
    "tls": "TLS",
    "systemId": "System id",
    "bindMode": "Bind mode",
    "binds": "Binds",
    "window": "Window",
    "tps": "TPS",
    "enabled": "Enabled",
    "simulated": "Simulated",
    "profile": "Profile",
}


@app.command(
    help_epilogue=examples(
        "heliograph carrier create telco --host smsc.example --port 2775 \\",
        "    --system-id acme --tps 50",
        "heliograph carrier create telco --host smsc.example --port 3550 --tls \\",
        "    --system-id acme --password-file secret",
    )
)
async def create(
    name: str,
    /,
    *,
    host: str,
    port: int,
    system_id: str,
    password_file: Path | None = None,
    bind_mode: BindMode = "transceiver",
    binds: int = 1,
    tls: Flag = False,
    window: int | None = None,
    tps: float | None = None,
    profile: str | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Make a carrier; dispatchers bind to it within seconds. It gets messages once a route leads to it.

    Parameters
    ----------
    name
        What you call it.
    host
        The carrier's host name or address.
    port
        Its SMPP port.
    system_id
        Who we are to it, at most 15 characters.
    password_file
        A file with the password, - for standard input (default: ask at the terminal).
    bind_mode
        How to bind.
    binds
        How many binds, 1 to 64.
    tls
        Whether to speak TLS.
    window
        Unanswered requests on one bind (default: 10).
    tps
        Segments a second over all binds (default: 100).
    profile
        How it differs in other ways, as a JSON object.
    """
    _check_bounds(name=name, host=host, port=port, binds=binds, system_id=system_id)
    made = NewCarrier(
        name=name,
        host=host,
        port=port,
        system_id=system_id,
        password=_read_password(password_file),
        bind_mode=bind_mode,
        bind_count=binds,
        tls=tls,
        profile=_profile(DEFAULT_PROFILE, profile, window, tps),
    )
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        try:
            await open_carrier(tx, made, sealer=ground.sealer(), now=ground.now())
        except CarrierRefused as error:
            raise CommandRefused(_sentence(error.faults[0])) from None
        document = _document(await get_carrier(tx, name))
    sentence = f"{name} is made. Let a route lead to it: heliograph route create {name} --prefix 46"
    done(sentence, document, as_json=options.json)


@app.command(name="list", help_epilogue=examples("heliograph carrier list"))
async def list_all(*, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument) -> None:
    """List every carrier."""
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        rows = [_document(carrier) for carrier in await list_carriers(tx)]
    columns = {key: label for key, label in _LABELS.items() if key not in ("profile", "simulated")}
    show_rows(rows, columns, as_json=options.json, empty="No carriers yet.")


@app.command(help_epilogue=examples("heliograph carrier show telco"))
async def show(
    name: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Show one carrier, without its password.

    Parameters
    ----------
    name
        Its name.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        document = _document(await get_carrier(tx, name))
    if not options.json:
        document["profile"] = msgspec.json.encode(document["profile"]).decode()
    show_one(document, _LABELS, as_json=options.json)


@app.command(
    help_epilogue=examples(
        "heliograph carrier change telco --tps 200 --binds 2",
        "heliograph carrier change telco --disabled",
    )
)
async def change(
    name: str,
    /,
    *,
    host: str | None = None,
    port: int | None = None,
    system_id: str | None = None,
    password_file: Path | None = None,
    bind_mode: BindMode | None = None,
    binds: int | None = None,
    tls: bool | None = None,
    window: int | None = None,
    tps: float | None = None,
    profile: str | None = None,
    enabled: Annotated[bool | None, Parameter(negative="--disabled")] = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Change a carrier; its links follow within seconds. What is not named stays as it is.

    Parameters
    ----------
    name
        Its name.
    host
        The carrier's host name or address.
    port
        Its SMPP port.
    system_id
        Who we are to it, at most 15 characters.
    password_file
        A file with the new password, - for standard input.
    bind_mode
        How to bind.
    binds
        How many binds, 1 to 64.
    tls
        Whether to speak TLS.
    window
        Unanswered requests on one bind.
    tps
        Segments a second over all binds.
    profile
        JSON object whose members replace those of the profile.
    enabled
        Whether we bind to it at all.
    """
    _check_bounds(host=host, port=port, binds=binds, system_id=system_id)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_carrier(tx, name)
        differs = profile is not None or window is not None or tps is not None
        wanted = CarrierChange(
            host=host,
            port=port,
            system_id=system_id,
            password=None if password_file is None else _read_password(password_file),
            bind_mode=bind_mode,
            bind_count=binds,
            tls=tls,
            profile=_profile(found.profile, profile, window, tps) if differs else None,
            enabled=enabled,
        )
        if wanted == CarrierChange():
            raise CommandRefused("nothing to change: name at least one option")
        try:
            await edit_carrier(tx, found.carrier_id, wanted, sealer=ground.sealer())
        except CarrierRefused as error:
            raise CommandRefused(_sentence(error.faults[0])) from None
        document = _document(await get_carrier(tx, name))
    done(f"{name} is changed.", document, as_json=options.json)


@app.command(help_epilogue=examples("heliograph carrier remove telco"))
async def remove(
    name: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Remove a carrier that no route and no message needs any more.

    Parameters
    ----------
    name
        Its name.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_carrier(tx, name)
        try:
            await remove_carrier(tx, found.carrier_id)
        except CarrierInUse as error:
            raise CommandRefused(f"{name}: {error}; disable it instead") from None
    done(f"{name} is removed.", {"name": name, "removed": True}, as_json=options.json)


def _sentence(fault: CarrierFault) -> str:
    """The fault; one of the profile with the name of its member, which its own words lack."""
    is_of_profile = fault.field in CarrierProfile.__struct_fields__
    return f"{fault.field}: {fault.sentence}" if is_of_profile else fault.sentence


def _document(carrier: StoredCarrier) -> dict[str, Any]:
    return {
        "name": carrier.name,
        "host": carrier.host,
        "port": carrier.port,
        "tls": carrier.tls,
        "systemId": carrier.system_id,
        "bindMode": carrier.bind_mode,
        "binds": carrier.bind_count,
        "window": carrier.profile.window,
        "tps": carrier.profile.tps,
        "enabled": carrier.enabled,
        "simulated": carrier.simulated,
        "profile": profile_differences(carrier.profile),
    }


def _profile(
    before: CarrierProfile, changes: str | None, window: int | None, tps: float | None
) -> dict[str, object]:
    try:
        given = msgspec.json.decode(changes, type=dict[str, Any]) if changes is not None else {}
    except msgspec.DecodeError as error:
        raise CommandRefused(f"--profile is no JSON object: {error}") from None
    if window is not None:
        given["window"] = window
    if tps is not None:
        given["tps"] = tps
    return profile_differences(before) | given


def _check_bounds(
    *,
    name: str | None = None,
    host: str | None,
    port: int | None,
    binds: int | None,
    system_id: str | None,
) -> None:
    for fault in carrier_faults(name=name, host=host, port=port, bind_count=binds, system_id=system_id):
        raise CommandRefused(fault.sentence)


def _read_password(file: Path | None) -> str:
    """The password, never from the command line itself, which every user of the machine can read."""
    try:
        if file is None:
            if not sys.stdin.isatty():
                raise CommandRefused("give the password with --password-file FILE, or - for standard input")
            password = getpass.getpass("Password: ")
        else:
            password = sys.stdin.readline() if is_standard_input(file) else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandRefused(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    password = password.rstrip("\r\n")
    for fault in carrier_faults(password=password):
        raise CommandRefused(fault.sentence)
    return password
