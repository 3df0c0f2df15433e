"""`heliograph serve`, `migrate` and `settings`: running an installation."""

import os
from pathlib import Path
from typing import Final

import msgspec

from heliograph.faces.cli.command_ground import MigrationPhase, Role, ServeChoices, Started
from heliograph.faces.cli.command_options import AsJson, Flag, InstallationArgument
from heliograph.faces.cli.first_words import print_first_words
from heliograph.faces.cli.terminal import console_for, done, print_json, show_rows

SETTING_COLUMNS: Final = {
    "name": "Setting",
    "variable": "Variable",
    "default": "Default",
    "value": "Now",
}


def serve(
    *,
    data: Path | None = None,
    http: str | None = None,
    role: Role | None = None,
    config: Path | None = None,
    json: AsJson = False,
    installation: InstallationArgument,
) -> int:
    """Run everything, or one role, until told to stop.

    Without a database URL, Heliograph runs its own PostgreSQL and a simulated
    carrier, and the first start makes an account with test credit. SIGTERM or
    Ctrl-C stops it in an orderly way.

    Scripts find the first key in `first-key` and, as soon as requests are
    taken, the address in `address`, both in the data directory.

    Parameters
    ----------
    data
        Data directory of the embedded installation.
    http
        HOST:PORT to listen on; port 0 takes any free one.
    role
        Run this role alone, on the database of HELIOGRAPH_DATABASE_URL.
    config
        A TOML file with settings.
    json
        Print what was started as JSON.
    """

    def tell(started: Started) -> None:
        if json:
            print_json(_started_document(started))
        else:
            print_first_words(console_for(), started, data_option=None if data is None else str(data))

    choices = ServeChoices(config=config, data=data, http=http, role=role)
    return installation.serve(choices, on_ready=tell)


def _started_document(started: Started) -> dict[str, object]:
    first = started.first
    return {
        "url": started.url,
        "docs": f"{started.url}/docs",
        "dataDirectory": None if started.data_dir is None else str(started.data_dir),
        "handsets": started.handsets_url,
        "account": None if first is None else first.account_number,
        "key": None if first is None else first.token,
        "webhookSecret": None if first is None else first.webhook_secret,
        "process": os.getpid(),
    }


async def migrate(
    *,
    phase: MigrationPhase = "all",
    check: Flag = False,
    json: AsJson = False,
    installation: InstallationArgument,
) -> None:
    """Bring the schema of HELIOGRAPH_DATABASE_URL up to date; the embedded PostgreSQL needs no such step.

    To upgrade machine by machine, apply `pre` before the first machine runs the
    new release and `post` after the last one left the old release.

    Parameters
    ----------
    phase
        Which migrations to apply.
    check
        Only tell what there is to do.
    json
        Print JSON for programs.
    """
    report = await installation.migrate(phase, dry=check)
    sentences = {
        "Applied": report.applied,
        "Waiting": report.waiting,
    }
    told = "\n".join(f"{word}: {', '.join(names)}" for word, names in sentences.items() if names)
    done(told or "The schema is up to date.", msgspec.to_builtins(report), as_json=json)


def settings(*, config: Path | None = None, json: AsJson = False, installation: InstallationArgument) -> None:
    """List every setting: its name in the TOML file, its variable, its default, and what it is now.

    Parameters
    ----------
    config
        A TOML file with settings (default: what HELIOGRAPH_CONFIG names).
    json
        Print JSON for programs.
    """
    rows = [
        {key: getattr(line, key) for key in SETTING_COLUMNS} for line in installation.list_settings(config)
    ]
    show_rows(rows, SETTING_COLUMNS, as_json=json, empty="", unbroken=("name", "variable"))
