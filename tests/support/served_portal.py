"""The portal over a test's database: called without a socket, or shown to a real browser."""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from heliograph.domain.ids import IdSource
from heliograph.domain.incoming import OptOutWords
from heliograph.domain.login_secret import SECRET_BYTES, login_hash, login_secret
from heliograph.domain.portal_rights import Role
from heliograph.faces.portal.portal_app import PortalApp
from heliograph.faces.portal.portal_context import PortalContext
from heliograph.faces.portal.signed_in import COOKIE
from heliograph.outbound_http import OutboundHttp
from heliograph.services.cancel_batch import CancelBatch
from heliograph.services.contact_book import ContactBook
from heliograph.services.first_start import FirstStart
from heliograph.services.hold_batch import HoldBatch
from heliograph.services.send_test_report import SendTestReport
from heliograph.services.trace_message import TraceMessage
from heliograph.services.watch_installation import WatchInstallation
from heliograph.storage.database import Database
from heliograph.storage.portal_logins import begin_login, choose_account
from heliograph.storage.portal_users import create_user, set_membership
from heliograph.storage.sealing import Sealer
from tests.support.accepting import AcceptingApi, accepting_api, utc_now

HOST = "127.0.0.1"
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CSRF = "csrf-of-the-tests"
PATIENCE_MS = 60_000
"""How long a browser waits for what must come; a machine that does much else takes its time."""
expect.set_options(timeout=PATIENCE_MS)


def portal_context(api: AcceptingApi, **changes: Any) -> PortalContext:
    """What the pages are given, on the accept path of a test."""
    ids = IdSource(b"pages")
    context = PortalContext(
        database=api.database,
        accounts=api.accounts,
        accept_batch=api.accept_batch,
        explain_batch=api.explain_batch,
        cancel_batch=CancelBatch(api.database, ids),
        hold_batch=HoldBatch(ids),
        contact_book=ContactBook(ids, utc_now),
        trace_message=TraceMessage(api.database),
        watch=WatchInstallation(api.database, utc_now),
        sealer=Sealer(b"k" * 32),
        ids=ids,
        random_bytes=os.urandom,
        now=utc_now,
        opt_out_words=OptOutWords.of(["STOP"], ["START"]),
        send_test_report=SendTestReport(
            api.database,
            lambda: OutboundHttp(loopback_allowed=True),
            unseal=Sealer(b"k" * 32).open,
            now=utc_now,
            loopback_allowed=True,
        ),
    )
    return msgspec.structs.replace(context, **changes)


class ServedPortal:
    """The portal, and who is signed in to it."""

    def __init__(self, api: AcceptingApi, context: PortalContext) -> None:
        self.api = api
        self.context = context
        self.app = PortalApp(context)

    @property
    def database(self) -> Database:
        return self.api.database

    @property
    def started(self) -> FirstStart:
        """The account of the first start: ip1-10001, with credit and senders."""
        return self.api.started

    async def sign_in(
        self,
        role: Role | None = Role.OWNER,
        *,
        account_id: int | None = None,
        is_operator: bool = False,
        name: str = "Test Person",
        email: str | None = None,
    ) -> str:
        """A new user with that role in an account, by default the first; the secret of their cookie."""
        secret, now = login_secret(os.urandom(SECRET_BYTES)), utc_now()
        async with self.database.transaction() as tx:
            user_id = await create_user(tx, name=name, email=email, is_operator=is_operator, now=now)
            assert user_id is not None
            if role is not None:
                await set_membership(tx, account_id or self.started.account_id, user_id, role, now=now)
            await begin_login(
                tx, login_hash(secret), user_id, csrf_token=CSRF, second_factor=True, browser="test", now=now
            )
            if account_id is not None:
                number = await tx.fetchval("SELECT number FROM account WHERE account_id = $1", account_id)
                await choose_account(tx, login_hash(secret), number)
        return secret

    @asynccontextmanager
    async def client(self, secret: str | None) -> AsyncIterator["PortalClient"]:
        """A browser without a window: cookies, no redirects followed, forms that come from our own pages."""
        transport = httpx.ASGITransport(app=self.app)
        cookies = {COOKIE: secret} if secret else {}
        async with httpx.AsyncClient(
            transport=transport, base_url=f"http://{HOST}:8080", cookies=cookies, timeout=30
        ) as client:
            yield PortalClient(client)

    @asynccontextmanager
    async def on_a_socket(self, *, certificate: Path | None = None) -> AsyncIterator[str]:
        """Serve it on a free port of the loopback; its address. With a certificate over HTTPS."""
        with socket.socket() as listening:
            listening.bind((HOST, 0))
            port = listening.getsockname()[1]
            server = uvicorn.Server(
                uvicorn.Config(self.app, lifespan="off", log_config=None, ws="none", ssl_certfile=certificate)
            )
            task = asyncio.create_task(server.serve([listening]))
            try:
                yield f"https://localhost:{port}" if certificate else f"http://{HOST}:{port}"
            finally:
                self.context.live_streams.stopping.set()
                server.should_exit = True
                server.force_exit = True
                await task
                self.context.live_streams.stopping.clear()


class PortalClient:
    """Asks for pages and sends their forms."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.http = client

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """A page."""
        return await self.http.get(path, **options)

    async def post(self, path: str, fields: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        """A form as one of our own pages sends it."""
        headers = {"sec-fetch-site": "same-origin", **options.pop("headers", {})}
        token = await self.token()
        return await self.http.post(path, data={"csrf": token, **(fields or {})}, headers=headers, **options)

    async def token(self) -> str:
        """What forms hold: of the login, else what the page for signing in gives to a browser."""
        if COOKIE in self.http.cookies:
            return CSRF
        shown = await self.http.get("/portal/sign-in")
        found = re.search(r'name="csrf" value="(\w+)"', shown.text)
        assert found is not None
        return found[1]


@asynccontextmanager
async def served_portal(dsn: str, **changes: Any) -> AsyncIterator[ServedPortal]:
    """The portal on a database where the first start has been; ``changes`` are of its context."""
    async with accepting_api(dsn) as api:
        yield ServedPortal(api, portal_context(api, **changes))


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's chromium, without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_OPTIONS))
        try:
            yield browser
        finally:
            await browser.close()


class Watched(msgspec.Struct):
    """A page and everything that went wrong in it: script errors, broken rules of the security policy."""

    page: Page
    context: BrowserContext
    faults: list[str] = []


@asynccontextmanager
async def opened_page(
    browser: Browser,
    address: str,
    secret: str | None = None,
    *,
    phone: bool = False,
    dark: bool = False,
) -> AsyncIterator[Watched]:
    """A page of a browser that is signed in with a cookie's secret; a test ends with ``faults == []``."""
    context = await browser.new_context(
        base_url=address,
        viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 900},
        color_scheme="dark" if dark else "light",
        locale="en-GB",
        timezone_id="Europe/Stockholm",
        has_touch=phone,
    )
    context.set_default_timeout(PATIENCE_MS)
    if secret:
        await context.add_cookies([{"name": COOKIE, "value": secret, "url": address, "httpOnly": True}])
    page = await context.new_page()
    watched = Watched(page, context)
    page.on("pageerror", lambda error: watched.faults.append(f"script: {error}"))
    page.on(
        "console",
        lambda message: watched.faults.append(message.text) if message.type == "error" else None,
    )
    try:
        yield watched
    finally:
        await context.close()


def screenshot_path(folder: Path, name: str, *, phone: bool, dark: bool) -> Path:
    """Where a test puts what it saw."""
    return folder / f"{name}-{'phone' if phone else 'desktop'}-{'dark' if dark else 'light'}.png"
