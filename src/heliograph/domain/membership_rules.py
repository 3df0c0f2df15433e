"""Who may do what to whom among the people of accounts."""

from collections.abc import Mapping

from heliograph.domain.portal_rights import Role


def may_reset(
    mine: Mapping[int, Role], theirs: Mapping[int, Role], *, i_operate: bool, they_operate: bool
) -> bool:
    """Whether somebody may make a link that lets another one in with a new password.

    Whoever holds it could become them. So an owner makes it only for people who belong to nothing but
    accounts that are the owner's as well, and never for operators.
    """
    if i_operate:
        return True
    return not they_operate and all(mine.get(account_id) is Role.OWNER for account_id in theirs)


def leaves_no_owner(roles: Mapping[int, Role], user_id: int, role: Role | None) -> bool:
    """Whether an account is without an owner once a member has another role, or None: is removed.

    ``roles`` are those of the members who may sign in, by user.
    """
    if roles.get(user_id) is not Role.OWNER or role is Role.OWNER:
        return False
    return not any(other is Role.OWNER for member, other in roles.items() if member != user_id)
