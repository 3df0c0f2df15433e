"""/docs: the API document for people, and for programs at /docs/openapi.json. Nothing of it needs a key."""

from functools import cache
from importlib import resources
from typing import Final

from litestar import Response, get
from litestar.response import Redirect

from heliograph.faces.api.api_context import JSON_TYPE, ApiRequest, base_url_of
from heliograph.faces.api.docs_page import docs_page
from heliograph.faces.api.openapi import encoded_document, openapi_document

_HEADERS: Final = {
    "cache-control": "no-cache",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
}


@get("/docs")
async def read_docs(request: ApiRequest) -> Response[str]:
    """The page."""
    page = docs_page(openapi_document(), base_url_of(request))
    return Response(page, media_type="text/html", headers=_HEADERS)


@get("/docs/reader.css")
async def read_docs_style() -> Response[bytes]:
    """How the page looks."""
    return Response(_style(), media_type="text/css", headers=_HEADERS)


@get("/docs/openapi.json")
async def read_openapi() -> Response[bytes]:
    """The document itself."""
    return Response(encoded_document(), media_type=JSON_TYPE, headers=_HEADERS)


@get("/")
async def redirect_to_portal() -> Redirect:
    """The address alone leads to the portal."""
    return Redirect("/portal/")


@cache
def _style() -> bytes:
    return resources.files("heliograph.faces.api").joinpath("static", "reader.css").read_bytes()
