"""What the pages are given; made once by the wiring."""

from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec
from litestar import Request

from heliograph.domain.ids import IdSource
from heliograph.domain.incoming import OptOutWords
from heliograph.domain.retention import DEFAULT_DAYS
from heliograph.domain.sender_rules import ORDINARY_RULES, SenderRules
from heliograph.faces.portal.live_streams import LiveStreams
from heliograph.faces.portal.policy_reports import PolicyReports
from heliograph.services.accept_batch import AcceptBatch
from heliograph.services.cancel_batch import CancelBatch
from heliograph.services.contact_book import ContactBook
from heliograph.services.explain_batch import ExplainBatch
from heliograph.services.hold_batch import HoldBatch
from heliograph.services.mail_desk import MailDesk
from heliograph.services.send_test_report import SendTestReport
from heliograph.services.trace_message import TraceMessage
from heliograph.services.watch_installation import WatchInstallation
from heliograph.storage.accounts import AccountDirectory
from heliograph.storage.database import Database
from heliograph.storage.password_hashing import PasswordHashing
from heliograph.storage.sealing import Sealer

PortalRequest = Request[Any, Any, Any]
HOST_PREFIX: Final = "__Host-"
"""Of the name of a cookie that no other host of the domain may set (RFC 6265bis 4.1.3.2)."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class PortalContext(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the pages need. ``random_bytes`` is a cryptographic source such as ``os.urandom``."""

    database: Database
    accounts: AccountDirectory
    accept_batch: AcceptBatch
    explain_batch: ExplainBatch
    cancel_batch: CancelBatch
    hold_batch: HoldBatch
    contact_book: ContactBook
    trace_message: TraceMessage
    watch: WatchInstallation
    sealer: Sealer
    ids: IdSource
    random_bytes: Callable[[int], bytes]
    now: Callable[[], datetime]
    sender_rules: SenderRules = ORDINARY_RULES
    country: str = ""
    """Where numbers belong that begin with a single 0, by its two letters; empty for nowhere."""
    number_prefix: str = "ip1-"
    """Of the numbers of new accounts."""
    opt_out_words: OptOutWords = OptOutWords(frozenset(), frozenset())
    """The words by which handsets stop and start what an account sends them: no keywords."""
    least_margin_percent: float = 0.0
    """Of a price that must be left after the carrier's cost; 0: a price must not be below it."""
    public_url: str | None = None
    """How people reach us; None: what their requests say."""
    send_test_report: SendTestReport | None = None
    """None where nothing calls strangers."""
    loopback_reports: bool = False
    """Whether webhooks may lie on this machine."""
    retention_days: int = DEFAULT_DAYS
    """How long texts and numbers are kept where an account says nothing."""
    plain_allowed: bool = False
    """Whether people may come over plain HTTP from other machines."""
    operators_need_second_factor: bool = True
    """Whether an operator's password alone opens no operator's page."""
    passwords: PasswordHashing = msgspec.field(default_factory=PasswordHashing)
    handsets_url: str | None = None
    """Where the simulated handsets are; None without a simulated carrier of our own."""
    mail_desk: MailDesk | None = None
    """What writes mails; None where none are sent."""
    live_streams: LiveStreams = msgspec.field(default_factory=LiveStreams)
    policy_reports: PolicyReports = msgspec.field(default_factory=PolicyReports)


def context_of(request: PortalRequest) -> PortalContext:
    """The context of the app that a request came to."""
    return cast("PortalContext", request.app.state.context)


def is_secure(request: PortalRequest) -> bool:
    """Whether the browser speaks HTTPS with us, or with the proxy before us."""
    public_url = context_of(request).public_url
    return request.scope["scheme"] == "https" or bool(public_url and public_url.startswith("https://"))


def is_local(request: PortalRequest) -> bool:
    """Whether the browser runs on this machine: plain HTTP never leaves it."""
    return _host_of(request) in _LOOPBACK


def is_known_host(request: PortalRequest) -> bool:
    """Whether the browser asks for a host that we are.

    A stranger's page can have its own name lead to us (DNS rebinding) and then reads what we answer. Only
    names rebind: an address, or this machine's own name, is what a proxy or a tunnel before us may ask for.
    """
    public_url = context_of(request).public_url
    if not public_url or is_local(request):
        return True
    host = _host_of(request)
    return host == _as_sent(urlsplit(public_url).hostname or "") or _is_address(host)


def _as_sent(name: str) -> str:
    """A name as browsers ask for it: one with letters beyond ASCII has a spelling of its own there."""
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def _host_of(request: PortalRequest) -> str:
    """The host that was asked for, without a port; empty for one that cannot be read."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def cookie_of(request: PortalRequest, name: str) -> str | None:
    """A cookie of ours. Over HTTPS only we, or a page of ours, can have set it: ``PortalApp`` puts the prefix
    before the name of every cookie.
    """
    return request.cookies.get(HOST_PREFIX + name if is_secure(request) else name)
