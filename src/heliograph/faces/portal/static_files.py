"""The portal's static files, packed once and kept by browsers, and where they tell of broken rules."""

from typing import Final
from urllib.parse import urlsplit

import msgspec
import structlog
from litestar import Response, get, post

from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import STATIC_PATH, asset

_TYPES: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "png": "image/png",
    "json": "application/json",
}
_YEAR: Final = "public, max-age=31536000, immutable"
_REPORT_BYTES: Final = 16_384
_LOGGED: Final = 200

log = structlog.get_logger()


@get(f"{STATIC_PATH}/{{name:str}}")
async def read_static(request: PortalRequest, name: str) -> Response[bytes]:
    """A static file; for a year if it was asked for by its version."""
    found = asset(name)
    if found is None:
        raise NotFound("There is no such file.")
    versioned = request.query_params.get("v") == found.version
    headers = {"cache-control": _YEAR if versioned else "no-cache", "vary": "accept-encoding"}
    content = found.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = found.packed
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)


class _Violation(msgspec.Struct):
    page: str = msgspec.field(name="document-uri", default="")
    blocked: str = msgspec.field(name="blocked-uri", default="")
    rule: str = msgspec.field(name="violated-directive", default="")


class _Report(msgspec.Struct):
    """What browsers send."""

    told: _Violation = msgspec.field(name="csp-report")


@post("/portal/csp-report", request_max_body_size=_REPORT_BYTES)
async def take_policy_report(request: PortalRequest) -> Response[None]:
    """A browser refused something that a page holds: never ours, so somebody tried something."""
    context = context_of(request)
    if not context.policy_reports.may_read():
        return Response(None, status_code=429)
    try:
        told = msgspec.json.decode(await request.body(), type=_Report).told
        page, blocked = urlsplit(told.page), urlsplit(told.blocked)
    except (msgspec.DecodeError, ValueError):
        return Response(None, status_code=204)
    context.policy_reports.add(context.now())
    # Of addresses only the kind: what follows lets in, on the page of a link.
    area = "/".join(page.path.split("/")[:3])
    source = blocked.netloc.rpartition("@")[2] or blocked.scheme or blocked.path
    log.warning(
        "portal.policy_violation", rule=told.rule[:_LOGGED], page=area[:_LOGGED], blocked=source[:_LOGGED]
    )
    return Response(None, status_code=204)


ROUTES: Final = (read_static, take_policy_report)
