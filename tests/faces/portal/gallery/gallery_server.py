"""Every component of the portal on one page, under the portal's own security policy, without a database."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from heliograph.faces.portal.navigation import NavGroup, NavItem
from heliograph.faces.portal.portal_app import CONTENT_SECURITY_POLICY
from heliograph.faces.portal.rendering import STATIC_PATH, Notice, asset, asset_url, environment
from heliograph.faces.portal.text_formats import instant_text, money_text, number_text
from heliograph.faces.portal.translations import translator

HOST = "127.0.0.1"
PAGES = Path(__file__).parent / "pages"
ZONE = ZoneInfo("Europe/Stockholm")
NOW = datetime(2026, 11, 22, 14, 3, 7, tzinfo=ZONE)
MICRO = 1_000_000
TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Login:
    """How they are signed in."""

    is_operator = True


class Person:
    """Somebody who is signed in."""

    login = Login

    name = "Karin Boye"
    email = "karin@example.com"
    account_name = "Karin's Bookshop"
    account_number = "ip1-10001"
    accounts = (("ip1-10001", "Karin's Bookshop"), ("ip1-10002", "Another account"))
    role = "owner"
    looks_on = False
    is_operator = True

    def may(self, right: str) -> bool:
        return bool(right)


def navigation() -> tuple[NavGroup, ...]:
    """Every kind of entry that the navigation has."""
    groups = {
        "": ("overview", "compose", "batches", "messages", "conversations"),
        "People": ("contacts", "blacklist"),
        "Integration": ("senders", "numbers", "keys", "webhooks", "handset"),
        "Operator": ("carriers", "routes", "prices", "queues", "alarms", "health"),
    }
    return tuple(
        NavGroup(
            title,
            tuple(
                NavItem(
                    name.capitalize(), f"/{name}", name, name == "batches", "3" if name == "messages" else ""
                )
                for name in names
            ),
        )
        for title, names in groups.items()
    )


def icon_names() -> list[str]:
    """Every icon that there is."""
    found = asset("icons.svg")
    assert found is not None
    return re.findall(r'<symbol id="([a-z]+)"', found.content.decode())


def shell_values(language: str) -> dict[str, Any]:
    """What the portal gives every template."""
    return {
        "_": translator(language),
        "language": language,
        "me": Person(),
        "balance": money_text(1_250 * MICRO, "SEK", language),
        "csrf": "csrf-of-the-gallery",
        "nav": navigation(),
        "path": "/portal/gallery",
        "title": "Gallery",
        "asset": asset_url,
        "notice": Notice("good", "The key has been revoked."),
        "theme": None,
        "zone_name": ZONE.key,
        "instant": lambda at, seconds=False: instant_text(at, ZONE, seconds=seconds),
        "money": lambda micro, currency: money_text(micro, currency, language),
        "number": lambda value, decimals=0: number_text(value, language, decimals),
    }


def traffic() -> dict[str, Any]:
    """A day of a chart."""
    begin = int(NOW.timestamp()) - 86_400
    return {
        "time": [begin + hour * 3_600 for hour in range(24)],
        "series": [
            {
                "label": "Delivered",
                "tone": "accent",
                "values": [900 + 140 * (hour * 7 % 13) for hour in range(24)],
            },
            {"label": "Failed", "tone": "bad", "values": [20 + 9 * (hour * 5 % 11) for hour in range(24)]},
        ],
    }


@cache
def gallery_templates() -> Environment:
    """The portal's templates, and the gallery's pages beside them."""
    portal = environment()
    assert portal.loader is not None
    return portal.overlay(loader=ChoiceLoader([portal.loader, FileSystemLoader(PAGES)]))


def rendered(template: str, language: str = "en") -> str:
    """A page of the gallery."""
    values = shell_values(language) | {"now": NOW, "icons": icon_names(), "traffic": traffic()}
    return gallery_templates().get_template(template).render(values)


async def answer(scope: dict[str, Any], receive: object, send: Send) -> None:
    """A page of the gallery or a static file of the portal."""
    path: str = scope["path"]
    name = path.removeprefix(f"{STATIC_PATH}/")
    file = asset(name) if name != path else None
    page = PAGES / f"{path[1:]}.html"
    status, kind, body = 404, "text/plain", b""
    if file is not None:
        status, kind, body = 200, TYPES[name.rpartition(".")[2]], file.content
    elif page.is_file():
        language = "sv" if b"sv" in scope["query_string"] else "en"
        status, kind, body = 200, "text/html; charset=utf-8", rendered(page.name, language).encode()
    elif path == "/portal/live":
        status, kind, body = 200, "text/event-stream", b"data: <p>The first message has arrived.</p>\n\n"
    headers = {"content-type": kind, "content-security-policy": CONTENT_SECURITY_POLICY}
    packed = [(key.encode(), value.encode()) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": packed})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def gallery_on_a_socket() -> AsyncIterator[str]:
    """Serve the gallery on a free port of the loopback; its address."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        server = uvicorn.Server(uvicorn.Config(answer, lifespan="off", log_config=None, ws="none"))
        task = asyncio.create_task(server.serve([listening]))
        try:
            yield f"http://{HOST}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            server.force_exit = True
            await task
