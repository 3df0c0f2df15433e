"""Numbers: where handsets reach the account."""

from typing import Final

from litestar import Response

from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page
from heliograph.faces.portal.signed_in import me_of, show
from heliograph.storage.inbound_numbers import list_account_numbers

NUMBERS: Final = "/portal/numbers"


@show(NUMBERS)
async def show_numbers(request: PortalRequest) -> Response[str]:
    """The numbers of the account, and its keywords on shared ones."""
    me = me_of(request)
    async with context_of(request).database.transaction() as tx:
        numbers = await list_account_numbers(tx, me.account_id)
    return page(request, "numbers.html", numbers=numbers)


PAGES: Final = (show_numbers,)
