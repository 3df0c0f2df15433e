"""Pages from templates: what every template is given, and how one becomes an answer."""

import gzip
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Response
from litestar.datastructures import Cookie

from heliograph.domain.msisdn import calling_code_of
from heliograph.faces.portal.navigation import navigation
from heliograph.faces.portal.portal_context import PortalRequest, context_of, cookie_of
from heliograph.faces.portal.signed_in import visitor_of
from heliograph.faces.portal.text_formats import (
    ROLE_NAMES,
    age_text,
    duration_text,
    instant_text,
    money_text,
    number_text,
    zone_of,
)
from heliograph.faces.portal.translations import LANGUAGES, Translate, preferred_language, translator
from heliograph.faces.portal.visitor_tokens import give_cookie, visitor_token

STATIC_PATH: Final = "/portal/static"
NOTICE_COOKIE: Final = "heliograph_notice"
_NOTICE_SECONDS: Final = 60
_STATIC: Final = resources.files("heliograph.faces.portal").joinpath("static")


class Undo(msgspec.Struct, frozen=True):
    """With what the act before a page can be undone from it."""

    removal_id: str
    of_installation: bool


class Notice(msgspec.Struct, frozen=True):
    """What the next page says at its top. ``tone``: good, warn, bad or info."""

    tone: str
    text: str
    undo: Undo | None = None


@cache
def environment() -> Environment:
    """The templates. Everything is escaped, and a name that is not given is an error."""
    made = Environment(
        loader=PackageLoader("heliograph.faces.portal", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {name: _as_filter(name) for name in ("instant", "money", "number")}
    return made


def _as_filter(name: str) -> Callable[..., str]:
    """A filter that does what the template's value of that name does, in the reader's language and zone."""

    @pass_context
    def filtered(context: Context, value: object, *arguments: object, **named: object) -> str:
        shown: str = context[name](value, *arguments, **named)
        return shown

    return filtered


def render(request: PortalRequest, template: str, values: Mapping[str, Any]) -> str:
    """The text of a template for whoever asks."""
    return environment().get_template(template).render({**shell_values(request), **values})


def page(request: PortalRequest, template: str, /, *, status: int = 200, **values: Any) -> Response[str]:
    """A template as an answer, to htmx as to a browser."""
    answer = Response(render(request, template, values), status_code=status, media_type="text/html")
    give_cookie(request, answer)
    if cookie_of(request, NOTICE_COOKIE) is not None:
        answer.delete_cookie(NOTICE_COOKIE, path="/")
    return answer


def see(
    path: str, notice: str | None = None, *, tone: str = "good", undo: Undo | None = None
) -> Response[None]:
    """What an act is answered with: look there, where a notice says how it went and offers to undo it."""
    answer: Response[None] = Response(
        None, status_code=303, headers={"location": quote(path, safe="/?&=:%#+,~")}, media_type="text/html"
    )
    if notice:
        text = msgspec.json.encode(Notice(tone, notice, undo)).decode()
        answer.set_cookie(
            Cookie(
                key=NOTICE_COOKIE,
                value=quote(text),
                path="/",
                max_age=_NOTICE_SECONDS,
                httponly=True,
                samesite="lax",
            )
        )
    return answer


def language_of(request: PortalRequest) -> str:
    """The language of whoever asks: as they chose it, else as their browser asks."""
    me = visitor_of(request)
    chosen = (me.login.language if me else None) or cookie_of(request, "language")
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    return preferred_language(request.headers.get("accept-language", ""))


def translate_for(request: PortalRequest) -> Translate:
    """Says English texts in the language of whoever asks."""
    return translator(language_of(request))


def zone_name_of(request: PortalRequest) -> str:
    """The time zone of whoever asks: as they chose it, else as their browser says, else UTC."""
    me = visitor_of(request)
    return zone_of((me.login.time_zone if me else None) or unquote(cookie_of(request, "tz") or "")).key


def public_address(request: PortalRequest) -> str:
    """How programs reach the API: as the operator set it, else as the browser reached us."""
    public_url = context_of(request).public_url
    return public_url or f"{request.scope['scheme']}://{request.headers.get('host', '')}"


def shell_values(request: PortalRequest) -> dict[str, Any]:
    """What every template is given."""
    me, language = visitor_of(request), language_of(request)
    translate, zone = translator(language), zone_of(zone_name_of(request))
    account = me.login.account if me else None
    theme = cookie_of(request, "theme")
    path: str = request.scope["path"]
    return {
        "_": translate,
        "language": language,
        "languages": LANGUAGES,
        "me": me,
        "csrf": me.login.csrf_token if me else visitor_token(request),
        "balance": money_text(account.balance, account.currency, language) if account else None,
        "nav": navigation(me, path, translate) if me else (),
        "path": path,
        "asset": asset_url,
        "notice": notice_of(request),
        "role_names": ROLE_NAMES,
        "sends_mail": context_of(request).mail_desk is not None,
        "number_hint": _number_hint(translate, context_of(request).country),
        "theme": theme if theme in ("light", "dark") else None,
        "zone_name": zone.key,
        "instant": lambda at, seconds=False: "" if at is None else instant_text(at, zone, seconds=seconds),
        "age": lambda at, now: "" if at is None else age_text(at, now, zone, language),
        "money": lambda micro, currency: money_text(micro, currency, language),
        "number": lambda value, decimals=0: number_text(value, language, decimals),
        "duration": lambda ms: duration_text(ms, language),
    }


def _number_hint(translate: Translate, country: str) -> str:
    """What is said below a field for a phone number."""
    code = calling_code_of(country) if country else None
    if code is None:
        return translate("In any form, with the country code, such as +46 70 123 45 67.")
    return translate(
        "In any form, such as +46 70 123 45 67. A single 0 in front stands for +%(code)s.", code=code
    )


def notice_of(request: PortalRequest) -> Notice | None:
    """What the act before this page left to say."""
    try:
        return msgspec.json.decode(unquote(cookie_of(request, NOTICE_COOKIE) or ""), type=Notice)
    except (msgspec.DecodeError, UnicodeError):
        return None


class Asset(msgspec.Struct, frozen=True):
    """A static file, packed once."""

    content: bytes
    packed: bytes
    version: str


@cache
def _asset_names() -> frozenset[str]:
    return frozenset(each.name for each in _STATIC.iterdir() if not each.name.startswith("."))


def asset(name: str) -> Asset | None:
    """A static file by its name; None if there is no such file."""
    return _asset(name) if name in _asset_names() else None


@cache
def _asset(name: str) -> Asset:
    content = _STATIC.joinpath(name).read_bytes()
    return Asset(content, gzip.compress(content, mtime=0), sha256(content).hexdigest()[:12])


def asset_url(name: str) -> str:
    """Where a static file is; another address for another content, so that browsers may keep it."""
    found = asset(name)
    if found is None:
        raise LookupError(f"no static file {name}")
    return f"{STATIC_PATH}/{name}?v={found.version}"
