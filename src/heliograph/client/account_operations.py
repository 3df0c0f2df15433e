"""The account, its child accounts, keys, senders and blacklist."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from heliograph.client.calls import Call, check_zone, named, page_query, path_segment, post
from heliograph.client.operations import Listing, Operation
from heliograph.client.received_accounts import (
    Account,
    AccountDetails,
    BlacklistEntry,
    CreditMoved,
    Key,
    NewChild,
    NewKey,
    Sender,
)

_ME = "/api/me"
_CHILDREN = f"{_ME}/children"
_KEYS = "/v2/me/keys"
_SENDERS = "/v2/me/senders"
_BLACKLIST = "/v2/blacklist"


class AccountOperations:
    """The calls on an account and its child accounts."""

    @Operation
    def get_account(self) -> Call[Account]:
        """The account, with its balance."""
        return Call(method="GET", path=_ME, shape=Account)

    @Operation
    def get_account_details(self) -> Call[AccountDetails]:
        """The account, with its own name and its parent as well."""
        return Call(method="GET", path=f"{_ME}/account", shape=AccountDetails)

    @Listing
    def list_children(
        self, *, newest_first: bool = False, page_size: int = 100
    ) -> Call[list[AccountDetails]]:
        """The child accounts, by when they were made; ``as_account`` asks as one of them."""
        page = page_query(newest_first=newest_first, page_size=page_size)
        return Call(method="GET", path=_CHILDREN, shape=list[AccountDetails], query=page)

    @Operation
    def get_child(self, child: str) -> Call[AccountDetails]:
        """One child account, by its number. Raises NotFound."""
        return Call(method="GET", path=_child_path(child), shape=AccountDetails)

    @Operation
    def create_child(self, name: str, *, idempotency_key: str | None = None) -> Call[NewChild]:
        """Make a child account, with a key that may do no more than this client's own."""
        return post(_CHILDREN, NewChild, {"Name": name}, idempotency_key=idempotency_key)

    @Operation
    def rename_child(self, child: str, name: str) -> Call[AccountDetails]:
        """Give a child account another name."""
        body = msgspec.json.encode({"Name": name})
        return Call(method="PUT", path=_child_path(child), shape=AccountDetails, body=body)

    @Operation
    def give_credit(
        self, child: str, amount: float, *, idempotency_key: str | None = None
    ) -> Call[CreditMoved]:
        """Move credit from the account to a child. Raises Conflict if there is less than that."""
        path = f"{_child_path(child)}/credit"
        return post(path, CreditMoved, {"Amount": amount}, idempotency_key=idempotency_key)


class KeyOperations:
    """The calls on keys."""

    @Listing
    def list_keys(self, *, newest_first: bool = False, page_size: int = 100) -> Call[list[Key]]:
        """The account's keys, revoked ones included, by when they were made."""
        page = page_query(newest_first=newest_first, page_size=page_size)
        return Call(method="GET", path=_KEYS, shape=list[Key], query=page)

    @Operation
    def create_key(
        self,
        name: str,
        *,
        scopes: Sequence[str] | None = None,
        networks: Sequence[str] | None = None,
        test: bool | None = None,
        expires: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> Call[NewKey]:
        """Make a key; what is left out is as with this client's own, more than which is Forbidden."""
        check_zone("of a key", expires)
        wanted = named(name=name, scopes=scopes, networks=networks, test=test, expires=expires)
        return post(_KEYS, NewKey, wanted, idempotency_key=idempotency_key)

    @Operation
    def revoke_key(self, key_id: str) -> Call[Key]:
        """Revoke a key; one that was revoked before stays as it is."""
        return Call(method="DELETE", path=f"{_KEYS}/{path_segment(key_id)}", shape=Key)


class SenderOperations:
    """The calls on senders."""

    @Listing
    def list_senders(self, *, newest_first: bool = False, page_size: int = 100) -> Call[list[Sender]]:
        """The senders that the account has registered, in alphabetical order."""
        page = page_query(newest_first=newest_first, page_size=page_size)
        return Call(method="GET", path=_SENDERS, shape=list[Sender], query=page)

    @Operation
    def get_sender(self, sender: str) -> Call[Sender]:
        """One registered sender. Raises NotFound."""
        return Call(method="GET", path=_sender_path(sender), shape=Sender)

    @Operation
    def register_sender(self, sender: str) -> Call[Sender]:
        """Register a sender; one that is registered stays as it is."""
        return Call(method="PUT", path=_sender_path(sender), shape=Sender)

    @Operation
    def remove_sender(self, sender: str) -> Call[Sender]:
        """Unregister a sender; what was accepted before is still sent."""
        return Call(method="DELETE", path=_sender_path(sender), shape=Sender)


class BlacklistOperations:
    """The calls on the blacklist."""

    @Listing
    def list_blacklist(
        self, *, newest_first: bool = False, page_size: int = 500
    ) -> Call[list[BlacklistEntry]]:
        """The numbers that nothing is sent to, by when they were added."""
        page = page_query(newest_first=newest_first, page_size=page_size)
        return Call(method="GET", path=_BLACKLIST, shape=list[BlacklistEntry], query=page)

    @Operation
    def get_blacklisted(self, msisdn: str) -> Call[BlacklistEntry]:
        """The entry of a number on the blacklist. Raises NotFound if it is not there."""
        return Call(method="GET", path=_entry_path(msisdn), shape=BlacklistEntry)

    @Operation
    def block(self, msisdn: str) -> Call[BlacklistEntry]:
        """Put a number on the blacklist; one that is there stays as it is."""
        return Call(method="PUT", path=_entry_path(msisdn), shape=BlacklistEntry)

    @Operation
    def unblock(self, msisdn: str) -> Call[BlacklistEntry]:
        """Take a number off the blacklist. Raises NotFound if it is not there."""
        return Call(method="DELETE", path=_entry_path(msisdn), shape=BlacklistEntry)


def _child_path(child: str) -> str:
    return f"{_CHILDREN}/{path_segment(child)}"


def _sender_path(sender: str) -> str:
    return f"{_SENDERS}/{path_segment(sender)}"


def _entry_path(msisdn: str) -> str:
    return f"{_BLACKLIST}/{path_segment(msisdn)}"
