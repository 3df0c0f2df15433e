"""As whom an account sends where nobody chose."""

from heliograph.faces.portal.portal_context import PortalContext


async def usual_sender(context: PortalContext, account_id: int) -> str:
    """A sender of the account, names before numbers: a phone shows them better; else a default one."""
    senders = await senders_of(context, account_id)
    return min(senders or context.sender_rules.default_senders, key=_by_kindness)


async def senders_of(context: PortalContext, account_id: int) -> frozenset[str]:
    """What an account may send as. Where that seems to be nothing, it is looked up: it may be new."""
    account = await context.accounts.account(account_id)
    assert account is not None
    if not account.senders:
        account = await context.accounts.with_newest_senders(account)
    return account.senders


def _by_kindness(sender: str) -> tuple[bool, str]:
    return sender.isdigit(), sender
