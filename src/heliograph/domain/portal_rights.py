"""What people may do in the portal: a role in an account gives rights; what operators see is apart."""

import enum
from collections.abc import Callable, Mapping
from typing import Final

from heliograph.domain.key_rights import UNRESTRICTED, KeyRights, KeyScope


class Right(enum.Enum):
    """One kind of act. Whoever belongs to an account may READ it."""

    READ = "read"
    SEND = "send"
    SENDERS = "senders"
    KEYS = "keys"
    WEBHOOKS = "webhooks"
    BILLING = "billing"
    USERS = "users"
    SETTINGS = "settings"
    OPERATE = "operate"
    """The installation itself, for operators only; no role has it."""


class Role(enum.Enum):
    """What somebody is in an account."""

    OWNER = "owner"
    DEVELOPER = "developer"
    SENDER = "sender"
    BILLING = "billing"
    READ_ONLY = "read_only"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OWNER: frozenset(Right) - {Right.OPERATE},
    Role.DEVELOPER: frozenset({Right.READ, Right.SEND, Right.SENDERS, Right.KEYS, Right.WEBHOOKS}),
    Role.SENDER: frozenset({Right.READ, Right.SEND}),
    Role.BILLING: frozenset({Right.READ, Right.BILLING}),
    Role.READ_ONLY: frozenset({Right.READ}),
}


_NEEDED_FOR: Final[Mapping[KeyScope, Right]] = {
    KeyScope.SEND: Right.SEND,
    KeyScope.READ: Right.READ,
    KeyScope.RECEIVE: Right.SEND,
    KeyScope.SENDERS: Right.SENDERS,
    KeyScope.BILLING: Right.BILLING,
    KeyScope.KEYS: Right.KEYS,
}
"""What somebody must have themselves to give a key a scope."""


def rights_to_give(may_have: Callable[[Right], bool]) -> KeyRights:
    """The most that a key may do which somebody with these rights makes: no more than they may themselves."""
    scopes = frozenset(scope for scope, right in _NEEDED_FOR.items() if may_have(right))
    return UNRESTRICTED if len(scopes) == len(KeyScope) else KeyRights(scopes=scopes)


def may(role: Role | None, right: Right, *, is_operator: bool) -> bool:
    """Whether a right is given. Operators may do in every account what its owner may."""
    if is_operator:
        return True
    return role is not None and right in RIGHTS[role]
