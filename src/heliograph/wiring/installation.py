"""An installation as the command line sees it: settings read, errors said in one line."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.faces.cli.command_ground import (
    Ground,
    MigrationPhase,
    MigrationReport,
    ServeChoices,
    SettingShown,
    Started,
)
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.settings import CONFIG_VARIABLE, PREFIX, Settings, list_settings, load_settings
from heliograph.wiring.administration import in_one_line, migrate_schema, open_ground
from heliograph.wiring.listening_address import parse_address
from heliograph.wiring.mail_parts import mail_post
from heliograph.wiring.parts import utc_now
from heliograph.wiring.role_process import run_role_process
from heliograph.wiring.serving import serve_installation
from heliograph.wiring.simulated_carrier import find_place

if TYPE_CHECKING:
    from heliograph.outbound_mail import SmtpPost


class HeliographInstallation:
    """What settings and options describe; implements ``command_ground.Installation``."""

    def serve(self, choices: ServeChoices, *, on_ready: Callable[[Started], None]) -> int:
        """Run all roles, or the one that was asked for, until told to stop."""
        with in_one_line():
            environment = _environment(choices.config, choices.data, choices.http)
            settings = load_settings(environment=os.environ | environment)
            if choices.role is not None:
                return run_role_process(choices.role, settings)
            return serve_installation(settings, environment, on_ready=on_ready)

    async def migrate(self, phase: MigrationPhase, *, dry: bool) -> MigrationReport:
        """Bring the schema of the database URL up to date."""
        with in_one_line():
            return await migrate_schema(load_settings(), phase, dry=dry)

    def list_settings(self, config: Path | None) -> Sequence[SettingShown]:
        """Every setting."""
        with in_one_line():
            return list_settings(load_settings(config))

    def data_dir(self, data: Path | None) -> Path:
        """Where the embedded installation keeps its files."""
        return _settings(data).data_path

    def handsets_url(self, data: Path | None) -> str:
        """Where the handsets of its simulated carrier are read."""
        settings = _settings(data)
        with in_one_line():
            place = find_place(settings) if settings.is_embedded else None
        if place is None:
            raise CommandRefused(
                f"there is no simulated carrier in {settings.data_path}: run `heliograph serve` first, name"
                " another folder with --data, or the handsets' address with --url"
            )
        return place.handsets_url

    def mail_post(self, data: Path | None) -> "tuple[SmtpPost, str]":
        """What hands mails to the mail server, and the public address that they name."""
        settings = _settings(data)
        post = mail_post(settings)
        if post is None:
            raise CommandRefused(
                "mail.host is not set, so that no mail is sent; docs/portal.md says what else there is to set"
            )
        return post, settings.public_url

    def open_ground(self, data: Path | None) -> AbstractAsyncContextManager[Ground]:
        """Its database for one command."""
        return open_ground(_settings(data))

    def now(self) -> datetime:
        """The time of day, UTC."""
        return utc_now()


def _settings(data: Path | None) -> Settings:
    with in_one_line():
        return load_settings(environment=os.environ | _environment(None, data, None))


def _environment(config: Path | None, data: Path | None, http: str | None) -> dict[str, str]:
    """What was asked for at the terminal as variables, which the processes we start inherit."""
    found: dict[str, str] = {}
    if config is not None:
        found[CONFIG_VARIABLE] = os.path.abspath(config)
    if data is not None:
        found[f"{PREFIX}DATA_DIR"] = os.path.abspath(data)
    if http is not None:
        host, port = parse_address(http)
        found[f"{PREFIX}HTTP_HOST"], found[f"{PREFIX}HTTP_PORT"] = host, str(port)
    return found
