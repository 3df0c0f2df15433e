"""Mails from a page: to whoever is signed in, about how they sign in. Without a mail server, none."""

from heliograph.domain.mail_texts import SecurityNotice
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import language_of
from heliograph.faces.portal.signed_in import me_of
from heliograph.storage.database import Transaction
from heliograph.storage.portal_users import find_user


async def mail_notice(tx: Transaction, request: PortalRequest, notice: SecurityNotice) -> None:
    """Tell whoever is signed in, at the address they had when the request came."""
    context, me = context_of(request), me_of(request)
    if context.mail_desk is not None:
        await context.mail_desk.notify(
            tx, notice, email=me.email, name=me.name, language=language_of(request), now=context.now()
        )


async def mail_notice_to(
    tx: Transaction, request: PortalRequest, user_id: int, notice: SecurityNotice
) -> None:
    """Tell somebody who is not signed in."""
    context = context_of(request)
    user = None if context.mail_desk is None else await find_user(tx, user_id=user_id)
    if context.mail_desk is not None and user is not None:
        language = user.language or language_of(request)
        await context.mail_desk.notify(
            tx, notice, email=user.email, name=user.name, language=language, now=context.now()
        )
