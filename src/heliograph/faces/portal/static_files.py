"""The portal's static files, packed once and kept by browsers, and where they tell of broken rules."""

from typing import Final

import structlog
from litestar import Response, get, post

from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.portal_context import PortalRequest
from heliograph.faces.portal.rendering import STATIC_PATH, asset

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "png": "image/png",
    "json": "application/json",
}
_YEAR: Final = "public, max-age=31536000, immutable"
_REPORT_BYTES: Final = 4_096

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


@post("/portal/csp-report", status_code=204)
async def take_policy_report(request: PortalRequest) -> None:
    """A browser refused something that a page holds: never ours, so somebody tried something."""
    report = (await request.body())[:_REPORT_BYTES]
    log.warning("portal.policy_violation", report=report.decode("utf-8", "replace"))


ROUTES: Final = (read_static, take_policy_report)
