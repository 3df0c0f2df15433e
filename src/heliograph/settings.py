"""Every setting, typed and frozen, read once: defaults, then a TOML file, then the environment.

The field ``http.port`` is ``port`` in the file's table ``[http]`` and the variable HELIOGRAPH_HTTP_PORT.
A name that does not exist is refused, so that a misspelt setting never goes unnoticed.
"""

import ipaddress
import os
import re
import tomllib
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct, field

from heliograph.domain.outgoing_mail import mailbox_of
from heliograph.domain.retention import DEFAULT_DAYS, LEAST_DAYS, MOST_DAYS
from heliograph.failpoints import VARIABLE as FAILPOINT_VARIABLE

CONFIG_VARIABLE = "HELIOGRAPH_CONFIG"
PREFIX = "HELIOGRAPH_"
# Read by the command line that sends, and by crash tests: no settings, though they begin like one.
_OTHERS = frozenset({"HELIOGRAPH_KEY", "HELIOGRAPH_URL", FAILPOINT_VARIABLE})
# How a child of the embedded default reaches the PostgreSQL that its supervisor runs; not a setting.
EMBEDDED_DSN_VARIABLE = "_HELIOGRAPH_EMBEDDED_DSN"
# The descriptor of the socket that the supervisor listens on for the api, so that its restarts keep the port.
HTTP_FD_VARIABLE = "_HELIOGRAPH_HTTP_FD"
# Kubernetes gives these to every process beside a service called heliograph.
_NOT_OURS = re.compile(r"HELIOGRAPH_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
RetentionDays = Annotated[int, Meta(ge=LEAST_DAYS, le=MOST_DAYS)]
Percent = Annotated[float, Meta(ge=0, lt=100)]
Country = Annotated[str, Meta(pattern="^([A-Z]{2})?$")]
InboundNumber = Annotated[str, Meta(pattern="^([0-9]{2,15})?$")]


class SettingsError(Exception):
    """A setting is wrong; one line that names it where it was set."""


class HttpSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The API and the portal."""

    host: str = "127.0.0.1"  # the address to listen on
    port: Port = 8080  # 0: any free port
    public_url: str = ""  # how customers reach us; empty: http://host:port
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks whose Forwarded headers are believed
    header_seconds: Seconds = 10.0  # for the head of a request to come
    request_seconds: Seconds = 30.0  # whole request, up to 1 MiB of body
    slowest_bytes_per_second: Count = 262_144  # time added for each byte of a larger body
    max_body_bytes: Count = 32 * 1024 * 1024  # larger ones are answered with 413
    max_recipients: Count = 100_000  # in one request
    api_processes: Count = 1  # how many serve the installation: each lets its share of a rate limit pass
    accept_queue: Count = 2_000  # requests waiting for a commit; more are answered with 503
    failed_sign_ins_per_minute: Count = 30  # for each address
    plain_portal_allowed: bool = False  # whether the portal opens over plain HTTP from other machines
    operator_second_factor: bool | None = None  # whether operators need one; empty: not in a sandbox


class AccountSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What accounts look like, unless their own settings say otherwise."""

    number_prefix: str = "ip1-"  # of account numbers
    default_senders: tuple[str, ...] = ("iP1", "iP1sms")  # all that may be used without optional sender
    protected_senders: tuple[str, ...] = ()  # names that nobody may register or imitate; see Command line
    country: Country = ""  # of phone numbers that begin with a single 0; empty: SE if embedded, else none
    test_number: InboundNumber = "46701740699"  # of the first account, in the embedded default only; or empty
    test_credit: int = 1_000  # whole units of the currency, in the embedded default only
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "SEK"  # of the account of the first start
    retention_days: RetentionDays = DEFAULT_DAYS  # that texts and numbers are kept, unless the account says


class DispatchSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sending to carriers. The timers are real durations; tests shorten them."""

    poll_seconds: Seconds = 0.5  # between looks for work that nobody announced
    gather_seconds: Annotated[float, Meta(ge=0)] = 0.025  # how long outcomes wait for company
    lease_seconds: Seconds = 15.0  # of a bind; renewed at a third of it
    stop_seconds: Seconds = 30.0  # for the answers still to come


class ReceiptSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Delivery receipts from carriers."""

    gather_seconds: Annotated[float, Meta(ge=0)] = 0.020  # how long receipts wait for company
    wait_hours: Seconds = 72.0  # then a message without a final receipt is closed
    unmatched_retry_seconds: Seconds = 5.0  # between looks for the message of a receipt
    silence_seconds: Seconds = 30.0  # a receipt that cannot be stored closes its link after that


class IncomingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages from handsets. Words are compared in any case with the whole text; English and Nordic ones."""

    segments_seconds: Seconds = 3_600.0  # how long a message waits for another segment
    repeat_seconds: Seconds = 300.0  # within which the same text again is a repetition by the carrier
    stop_words: tuple[str, ...] = (  # such a text puts the phone on the account's blacklist
        *("STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT", "STOPP", "STOPPA", "AVSLUTA", "SLUTA", "AVREGISTRERA"),
        *("AVSLUTT", "AVMELD", "AFMELD", "AFSLUT", "LOPETA", "PERUUTA", "SEIS", "HÆTTA", "AFSKRÁ", "STÖÐVA"),
    )
    start_words: tuple[str, ...] = (  # such a text takes it off
        *("START", "UNSTOP", "STARTA", "TILMELD", "ALOITA", "BYRJA", "HEFJA"),
    )


class ReportSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Delivery reports to customers."""

    poll_seconds: Seconds = 0.5  # between looks for work that nobody announced
    schedule_scale: Seconds = 1.0  # multiplies every delay of the retry schedule; tests shorten it
    connect_seconds: Seconds = 5.0  # to a receiver
    request_seconds: Seconds = 15.0  # for its whole answer
    max_answer_bytes: Count = 16_384  # of an answer are read
    connections_per_origin: Count = 4  # at most, to one scheme, host and port
    loopback_allowed: bool | None = None  # empty: only in the embedded default
    lease_seconds: Seconds = 15.0  # of a bucket
    event_days: Count = 7  # how long the event feed keeps what happened


class KeeperSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Housekeeping."""

    poll_seconds: Seconds = 1.0  # between rounds
    least_margin_percent: Percent = 0.0  # of a price, once the carrier is paid; less raises an alarm


class MailSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mail to people of the portal; without a host nothing of it happens."""

    host: str = ""  # of the mail server, by SMTP; empty: no mail is sent
    port: Port = 0  # 0: 587 with starttls, 465 with tls, 25 with none
    security: typing.Literal["none", "starttls", "tls"] = "starttls"  # starttls, tls or none; see The portal
    user: str = ""  # at the mail server; empty: without signing in
    password: str = ""  # of that user
    from_address: str = ""  # the sender of every mail
    timeout_seconds: Seconds = 20.0  # for each answer of the mail server


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Logs, on stderr."""

    level: typing.Literal["debug", "info", "warning", "error"] = "info"  # debug, info, warning or error
    format: typing.Literal["auto", "json", "console"] = "auto"  # json or console; auto: console at a terminal


class SimulatorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The simulated carrier of the embedded default. Its ports are chosen at the first start and kept."""

    host: str = "127.0.0.1"  # the address that it listens on
    port: Port = 0  # SMPP; 0: any free port
    http_port: Port = 0  # where the handsets are read; 0: any free port
    receipt_seconds: Annotated[float, Meta(ge=0)] = 1.0  # until the receipt of a message


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them. ``is_embedded`` tells whether we run our own PostgreSQL."""

    database_url: str = ""  # empty: our own PostgreSQL in data_dir
    data_dir: str = ""  # empty: /var/lib/heliograph for root, else the user's own data folder
    postgres_bin_dir: str = ""  # empty: of the wheel, else of the system
    secret_key: str = ""  # 64 hexadecimal digits; empty and embedded: kept in data_dir
    http: HttpSettings = field(default_factory=HttpSettings)
    accounts: AccountSettings = field(default_factory=AccountSettings)
    dispatch: DispatchSettings = field(default_factory=DispatchSettings)
    receipts: ReceiptSettings = field(default_factory=ReceiptSettings)
    incoming: IncomingSettings = field(default_factory=IncomingSettings)
    reports: ReportSettings = field(default_factory=ReportSettings)
    keeper: KeeperSettings = field(default_factory=KeeperSettings)
    simulator: SimulatorSettings = field(default_factory=SimulatorSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    log: LogSettings = field(default_factory=LogSettings)

    def __repr__(self) -> str:
        return (
            f"<Settings embedded in {self.data_path}>" if self.is_embedded else "<Settings with a database>"
        )

    @property
    def is_embedded(self) -> bool:
        return not self.database_url

    @property
    def data_path(self) -> Path:
        return Path(self.data_dir or _default_data_dir(os.environ, is_root=os.geteuid() == 0))

    @property
    def public_url(self) -> str:
        return self.http.public_url.rstrip("/") or f"http://{self.http.host}:{self.http.port}"

    @property
    def country(self) -> str:
        """Where numbers belong that people write with a single 0 in front; empty for nowhere."""
        return self.accounts.country or ("SE" if self.is_embedded else "")

    @property
    def operators_need_second_factor(self) -> bool:
        """Whether a password alone opens no operator's page.

        A sandbox, which is embedded and known to this machine only, opens in a minute, without.
        """
        is_sandbox = self.is_embedded and self.http.host in _LOOPBACK and not self.http.public_url
        needed = self.http.operator_second_factor
        return not is_sandbox if needed is None else needed

    @property
    def loopback_reports_allowed(self) -> bool:
        allowed = self.reports.loopback_allowed
        return self.is_embedded if allowed is None else allowed


def load_settings(config: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. Raises SettingsError."""
    named = environment.get(CONFIG_VARIABLE)
    path = config or (Path(named) if named else None)
    values = _read_file(path) if path else {}
    source = str(path)
    try:
        msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{source}: {_in_file(error)}") from None
    for table, name, kind, variable in _variables():
        if variable in environment:
            target = values.setdefault(table, {}) if table else values
            target[name] = _from_text(variable, environment[variable], kind)
    _refuse_unknown(environment)
    settings = msgspec.convert(values, Settings)
    _refuse_contradictions(settings)
    return settings


def _is_network(text: str) -> bool:
    """Whether it names addresses: a name, or a star for everybody, would let clients forge theirs."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _is_country(letters: str) -> bool:
    if not letters:
        return True
    # The tables of numbers take a while to load, and few processes need them.
    from heliograph.domain.msisdn import calling_code_of

    return calling_code_of(letters) is not None


def _is_readable_url(url: str) -> bool:
    try:
        urlsplit(url)
    except ValueError:
        return False
    return True


class SettingLine(Struct, frozen=True):
    """One setting for the list that people read. Secrets are not shown."""

    name: str
    """Its name in the file: ``http.port``."""
    variable: str
    default: str
    value: str


_SECRETS = frozenset({"database_url", "secret_key", "mail.password"})


def list_settings(settings: Settings) -> list[SettingLine]:
    """Every setting with its variable, its default and its value."""
    lines = []
    for table, name, _, variable in _variables():
        default, value = (
            getattr(getattr(each, table) if table else each, name) for each in (Settings(), settings)
        )
        full = f"{table}.{name}" if table else name
        shown = "(set)" if full in _SECRETS and value else _shown(value)
        lines.append(SettingLine(full, variable, _shown(default), shown))
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)


def _default_data_dir(environment: Mapping[str, str], *, is_root: bool) -> str:
    if is_root:
        return "/var/lib/heliograph"
    home = environment.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(home, "heliograph")


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None


def _in_file(error: msgspec.ValidationError) -> str:
    text, _, place = str(error).partition(" - at `$.")
    return f"{place.rstrip('`')}: {text}" if place else text


def _variables() -> Iterator[tuple[str, str, Any, str]]:
    """Every setting: its table ('' for none), name, type, and variable."""
    for top in msgspec.structs.fields(Settings):
        if isinstance(top.type, type) and issubclass(top.type, Struct):
            for inner in msgspec.structs.fields(top.type):
                yield top.name, inner.name, inner.type, f"{PREFIX}{top.name}_{inner.name}".upper()
        else:
            yield "", top.name, top.type, f"{PREFIX}{top.name}".upper()


def _from_text(variable: str, text: str, kind: Any) -> Any:
    """The value of a variable; lists are separated by commas, truth is true or false."""
    value: Any = (
        [part.strip() for part in text.split(",") if part.strip()]
        if typing.get_origin(kind) is tuple
        else text.strip()
    )
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{variable}: {error}") from None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {variable for _, _, _, variable in _variables()} | {CONFIG_VARIABLE} | _OTHERS
    ours = (name for name in environment if name.startswith(PREFIX) and not _NOT_OURS.fullmatch(name))
    unknown = sorted(name for name in ours if name not in known)
    if unknown:
        raise SettingsError(f"{unknown[0]} is no setting; see `heliograph settings`")


def _refuse_contradictions(settings: Settings) -> None:
    url = settings.database_url
    checks: dict[str, Callable[[], bool]] = {
        f"{PREFIX}DATABASE_URL must begin with postgresql://": lambda: (
            not url or url.startswith(("postgresql://", "postgres://"))
        ),
        f"{PREFIX}DATABASE_URL is no URL that can be read": lambda: _is_readable_url(url),
        f"{PREFIX}HTTP_PUBLIC_URL must begin with https:// or http://": lambda: (
            not settings.http.public_url or settings.http.public_url.startswith(("https://", "http://"))
        ),
        f"{PREFIX}HTTP_TRUSTED_PROXIES must be addresses or networks, such as 10.0.0.0/8": lambda: all(
            map(_is_network, settings.http.trusted_proxies)
        ),
        f"{PREFIX}ACCOUNTS_COUNTRY must be a country by its two letters, such as SE": lambda: _is_country(
            settings.accounts.country
        ),
        **_mail_checks(settings),
    }
    for fault, holds in checks.items():
        if not holds():
            raise SettingsError(fault)


def _mail_checks(settings: Settings) -> dict[str, Callable[[], bool]]:
    mail, sender = settings.mail, mailbox_of(settings.mail.from_address)
    if not mail.host:
        return {}
    return {
        f"{PREFIX}MAIL_FROM_ADDRESS must be an address such as heliograph@example.com": lambda: (
            sender is not None and sender.is_ascii
        ),
        f"{PREFIX}MAIL_HOST needs {PREFIX}HTTP_PUBLIC_URL: links in mails lead there": lambda: bool(
            settings.http.public_url
        ),
        f"{PREFIX}MAIL_PASSWORD needs {PREFIX}MAIL_USER, and the other way round": lambda: (
            bool(mail.user) == bool(mail.password)
        ),
        f"{PREFIX}MAIL_SECURITY none would show {PREFIX}MAIL_PASSWORD to everybody on the way": lambda: (
            mail.security != "none" or not mail.password or mail.host in _LOOPBACK
        ),
    }
