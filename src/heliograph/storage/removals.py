"""What people removed in the portal, kept for an hour so that they can have it back.

A removal belongs to the user who did it, in the account that they looked at; what operators remove from the
installation stands under ``audit_log.INSTALLATION``. Keys, secrets and second factors are not kept: what was
revoked stays revoked.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from heliograph.domain.ids import IdSource
from heliograph.domain.portal_rights import Role
from heliograph.domain.routing import Route
from heliograph.domain.velocity_rules import GuardRule
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.inbound_numbers import StoredNumber

KEPT: Final = timedelta(hours=1)
MOST_LABELLED: Final = 100_000
"""Contacts of a deleted label that are remembered; the label of more cannot be had back."""


class _Removal(msgspec.Struct, frozen=True, tag=True):
    """Something that was removed. Each kind says what its rows were."""


class RemovedContact(_Removal, frozen=True):
    """A contact; properties with its number, metadata, labels."""

    contact_id: bytes
    properties: dict[str, str]
    metadata: dict[str, dict[str, str]]
    labels: list[str]


class RemovedLabel(_Removal, frozen=True):
    """A label, and the contacts that had it."""

    label: str
    contact_ids: list[bytes]


class RemovedSender(_Removal, frozen=True):
    """A sender of an account."""

    account_id: int
    sender: str


class UnblockedNumber(_Removal, frozen=True):
    """A number that was on the blacklist."""

    msisdn: str


class RemovedKeyword(_Removal, frozen=True):
    """A keyword of a shared number, and whose it was."""

    number: str
    keyword: str
    account_id: int


class RemovedMember(_Removal, frozen=True):
    """Somebody who belonged to the account."""

    member_id: int
    role: Role


class HiddenBatch(_Removal, frozen=True):
    """A finished batch that was taken out of the lists."""

    batch_id: bytes


class RemovedRoute(_Removal, frozen=True):
    """A route."""

    route: Route


class RemovedNumber(_Removal, frozen=True):
    """An inbound number with its keywords."""

    number: StoredNumber


class RemovedGuardRule(_Removal, frozen=True):
    """A rule of the velocity guard, of an account or for all."""

    account_id: int
    rule: GuardRule


class RemovedPrices(_Removal, frozen=True):
    """Prices of a list, in millionths by prefix."""

    price_list_id: int
    prices: dict[str, int]


class RemovedPriceList(_Removal, frozen=True):
    """A whole price list."""

    name: str
    currency: str
    prices: dict[str, int]


class RemovedCosts(_Removal, frozen=True):
    """Costs of a carrier, in millionths by prefix."""

    carrier_id: int
    currency: str
    costs: dict[str, int]


Removal = (
    RemovedContact
    | RemovedLabel
    | RemovedSender
    | UnblockedNumber
    | RemovedKeyword
    | RemovedMember
    | HiddenBatch
    | RemovedRoute
    | RemovedNumber
    | RemovedGuardRule
    | RemovedPrices
    | RemovedPriceList
    | RemovedCosts
)


class KeptRemoval(msgspec.Struct, frozen=True):
    """A removal, what the audit log says of it, and the page on which it can be seen once it is back."""

    removal: Removal
    action: str
    subject: str
    path: str


_decode = msgspec.json.Decoder(KeptRemoval).decode


async def keep_removal(
    tx: Transaction, account_id: int, user_id: int, kept: KeptRemoval, *, now: datetime, ids: IdSource
) -> bytes:
    """Keep what the transaction removes; the id with which it can be had back."""
    removal_id = ids.new(int(now.timestamp()))
    contents = msgspec.json.encode(kept)
    await tx.execute(load_query("insert_removal"), account_id, removal_id, user_id, now, contents)
    return removal_id


async def take_removal(
    tx: Transaction, account_id: int, user_id: int, removal_id: bytes, *, now: datetime
) -> KeptRemoval | None:
    """What a user removed, to be put back by this transaction; None if it is too late or was done."""
    contents = await tx.fetchval(load_query("take_removal"), account_id, removal_id, user_id, now - KEPT)
    return None if contents is None else _decode(contents)
