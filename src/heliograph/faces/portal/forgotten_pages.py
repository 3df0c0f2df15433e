"""Forgotten passwords: a link by mail, or without a mail server from somebody who knows whoever asks.

The answer is the same whether anybody has an address or not: nothing here looks for it.
"""

from typing import Final

from litestar import Response

from heliograph.domain.refusals import NotFound, TooManyRequests
from heliograph.faces.portal.login_cookies import network_of
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import language_of, page, translate_for
from heliograph.faces.portal.signed_in import act, form_of, show

FORGOTTEN: Final = "/portal/forgotten"


@show(FORGOTTEN, right=None)
async def show_forgotten(request: PortalRequest) -> Response[str]:
    """What to do about a forgotten password."""
    return _forgotten_page(request)


def _forgotten_page(
    request: PortalRequest, *, email: str = "", fault: str | None = None, status: int = 200
) -> Response[str]:
    return page(request, "forgotten.html", status=status, email=email, fault=fault)


@act(FORGOTTEN, right=None)
async def ask_for_link(request: PortalRequest) -> Response[str]:
    """Mail a link to whoever has an address, if anybody has."""
    context, form, translate = context_of(request), await form_of(request), translate_for(request)
    if context.mail_desk is None:
        raise NotFound("This portal sends no mail: ask an owner of your account for a link.")
    email = form.text("email")
    try:
        is_address = await context.mail_desk.ask_reset(
            context.database,
            email,
            language=language_of(request),
            network=network_of(request),
            now=context.now(),
        )
    except TooManyRequests as refused:
        answer = _forgotten_page(request, email=email, fault=translate(refused.sentence), status=429)
        answer.headers["retry-after"] = str(max(1, round(refused.retry_after)))
        return answer
    if not is_address:
        return _forgotten_page(
            request, email=email, fault=translate("This is no e-mail address."), status=400
        )
    return page(request, "forgotten_asked.html")


PAGES: Final = (show_forgotten, ask_for_link)
