"""The overview: what goes on in the account."""

from typing import Final

from litestar import Response

from heliograph.faces.portal.portal_context import PortalRequest
from heliograph.faces.portal.rendering import page
from heliograph.faces.portal.signed_in import show


@show("/portal")
async def show_overview(request: PortalRequest) -> Response[str]:
    """The first page after signing in."""
    return page(request, "overview.html")


PAGES: Final = (show_overview,)
