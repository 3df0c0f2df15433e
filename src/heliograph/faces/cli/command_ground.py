"""What the commands stand on: the installation as the command line sees it. The wiring implements it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

import msgspec

if TYPE_CHECKING:  # help comes at once, without a database driver and cryptography
    from heliograph.domain.ids import IdSource
    from heliograph.domain.sender_rules import SenderRules
    from heliograph.outbound_mail import SmtpPost
    from heliograph.services.first_start import FirstStart
    from heliograph.services.mail_desk import MailDesk
    from heliograph.services.send_test_report import SendTestReport
    from heliograph.storage.database import Database
    from heliograph.storage.sealing import Sealer

Role = Literal["api", "dispatcher", "reporter", "keeper"]
MigrationPhase = Literal["all", "pre", "post"]


class ServeChoices(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for at the terminal; None leaves it to the settings."""

    config: Path | None = None
    data: Path | None = None
    http: str | None = None
    """``HOST:PORT``; port 0 is any free one."""
    role: Role | None = None


ACTOR: Final = "command line"
"""Who did it, in the audit log."""


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What runs, once it takes requests."""

    url: str
    data_dir: Path | None
    """None when the database is somebody else's."""
    first: "FirstStart | None"
    """What the first start made; None at every later one."""
    handsets_url: str | None


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """An installation's database and what writing to it needs."""

    database: "Database"
    sealer: "Callable[[], Sealer]"
    """Asked for only where a secret is written: an installation may not tell its key to everybody."""
    ids: "IdSource"
    now: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    number_prefix: str
    currency: str
    loopback_reports: bool
    """Whether customers may be told things at addresses of this machine."""
    sender_rules: "SenderRules"
    public_url: str
    """How people reach the installation."""
    mail_desk: "Callable[[], MailDesk | None]"
    """What writes mails; None where none are sent."""
    retention_days: int
    """How long texts and numbers are kept where an account says nothing."""
    send_test_report: "Callable[[], SendTestReport]"


class SettingShown(Protocol):
    """One setting as the list shows it."""

    @property
    def name(self) -> str: ...
    @property
    def variable(self) -> str: ...
    @property
    def default(self) -> str: ...
    @property
    def value(self) -> str: ...


class MigrationReport(msgspec.Struct, frozen=True):
    """What of the schema was there, what was applied just now, and what still waits."""

    present: tuple[str, ...]
    applied: tuple[str, ...]
    waiting: tuple[str, ...]


class Installation(Protocol):
    """An installation: everything that the commands cannot do without its settings.

    Every method raises CommandRefused with one line for the person at the terminal.
    """

    def serve(self, choices: ServeChoices, *, on_ready: Callable[[Started], None]) -> int:
        """Run until told to stop; the exit code. ``on_ready`` hears when requests are taken."""
        ...

    async def migrate(self, phase: MigrationPhase, *, dry: bool) -> MigrationReport:
        """Bring the schema of the database URL up to date; ``dry`` only looks."""
        ...

    def list_settings(self, config: Path | None) -> Sequence[SettingShown]:
        """Every setting."""
        ...

    def data_dir(self, data: Path | None) -> Path:
        """Where the embedded installation keeps its files."""
        ...

    def handsets_url(self, data: Path | None) -> str:
        """Where the handsets of its simulated carrier are read."""
        ...

    def mail_post(self, data: Path | None) -> "tuple[SmtpPost, str]":
        """What hands mails to the mail server, and the public address that they name."""
        ...

    def open_ground(self, data: Path | None) -> AbstractAsyncContextManager[Ground]:
        """Its database: of the installation that runs, else of an embedded one started for the moment."""
        ...

    def now(self) -> datetime:
        """The time of day, UTC."""
        ...
