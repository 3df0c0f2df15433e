"""As whom an account sends where nobody chose."""

from heliograph.faces.portal.portal_context import PortalContext


async def usual_sender(context: PortalContext, account_id: int) -> str:
    """A sender of the account, names before numbers: a phone shows them better; else a default one."""
    account = await context.accounts.account(account_id)
    senders = account.senders if account is not None else ()
    return min(senders or context.sender_rules.default_senders, key=_by_kindness)


def _by_kindness(sender: str) -> tuple[bool, str]:
    return sender.isdigit(), sender
