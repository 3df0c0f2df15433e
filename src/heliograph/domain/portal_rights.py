"""What people may do in the portal: a role in an account gives rights; what operators see is apart."""

import enum
from collections.abc import Mapping
from typing import Final


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


def may(role: Role | None, right: Right, *, is_operator: bool) -> bool:
    """Whether a right is given. Operators may do in every account what its owner may."""
    if is_operator:
        return True
    return role is not None and right in RIGHTS[role]
