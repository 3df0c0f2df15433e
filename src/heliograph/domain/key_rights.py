"""What a key may be used for, and from where: scopes and networks.

A key may make others, but never one that may do more than itself.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

import msgspec

from heliograph.domain.rate_limit import RateLimit
from heliograph.domain.refusals import Forbidden

Network = IPv4Network | IPv6Network


class KeyScope(StrEnum):
    """What a key may be allowed to do."""

    SEND = "send"
    """Send batches and cancel them."""
    READ = "read"
    """Read batches, messages and what became of them."""
    RECEIVE = "receive"
    """Read what handsets sent in."""
    SENDERS = "senders"
    """Register and remove senders, and manage blocked numbers."""
    BILLING = "billing"
    """Read balance, prices and ledger."""
    KEYS = "keys"
    """List, make and revoke keys."""


ALL_SCOPES: Final = frozenset(KeyScope)
LACKING: Final = "This API key lacks the scope {scope}, which {what}."


class KeyRights(msgspec.Struct, frozen=True, kw_only=True):
    """The restrictions of a key. None in place of scopes: all of them, also those still to come."""

    scopes: frozenset[KeyScope] | None = None
    networks: tuple[Network, ...] = ()
    """Where it may be used from; empty: anywhere."""
    is_test: bool = False
    """Whether what it sends goes to the simulated carrier, and costs nothing."""
    rate: RateLimit | None = None
    """How fast it may send."""

    @property
    def are_unrestricted(self) -> bool:
        """Whether the key may do everything from anywhere."""
        return self == UNRESTRICTED

    @property
    def read_incoming_only(self) -> bool:
        """Whether of the messages only those that handsets sent in may be read."""
        return not self.may(KeyScope.READ)

    def may(self, scope: KeyScope) -> bool:
        """Whether the key has a scope."""
        return self.scopes is None or scope in self.scopes

    def check(self, needed: tuple[KeyScope, ...], client: str) -> None:
        """Refuse what the key may not do: any one of the scopes will do, no scope asks for none.

        ``client`` is the address it is used from. Raises Forbidden.
        """
        if self.networks and not _is_inside(client, self.networks):
            raise Forbidden(f"This API key may not be used from the address {_shown(client)}.")
        if needed and self.scopes is not None and self.scopes.isdisjoint(needed):
            raise Forbidden(LACKING.format(scope=" or ".join(needed), what="this request needs"))

    def check_gift(self, gift: "KeyRights") -> None:
        """Refuse to give another key more than this one has. Raises Forbidden."""
        if self.is_test and not gift.is_test:
            raise Forbidden("This is a test key, so it can only make other test keys.")
        if self.scopes is not None:
            more = sorted((ALL_SCOPES if gift.scopes is None else gift.scopes) - self.scopes)
            if gift.scopes is None or more:
                raise Forbidden(
                    f"This API key lacks the scope {', '.join(more)} itself, so it cannot give it to another."
                    if more
                    else "This API key has chosen scopes, so it cannot give all of them to another."
                )
        if self.networks:
            wider = [str(one) for one in gift.networks if not _is_covered(one, self.networks)]
            if wider or not gift.networks:
                raise Forbidden(
                    "This API key may be used from some networks only, so it cannot make one for "
                    f"{', '.join(wider) or 'any address'}."
                )


UNRESTRICTED: Final = KeyRights()


class NotANetwork(ValueError):
    """The text is no network; the sentence says how one looks."""


def parse_network(text: str) -> Network:
    """A network (``10.0.0.0/8``, ``2001:db8::/32``) or a single address. Raises NotANetwork."""
    try:
        return ip_network(text.strip())
    except ValueError:
        pass
    try:
        meant = ip_network(text.strip(), strict=False)
    except ValueError:
        raise NotANetwork(
            f"{text!r} is not a network: write 192.0.2.0/24, 2001:db8::/32 or a single address."
        ) from None
    raise NotANetwork(f"{text!r} has bits set behind its length: {meant} is the network it is in.")


def parse_scope(text: str) -> KeyScope | None:
    """The scope of that name in any letter case; None if there is none."""
    name = text.strip().lower()
    return KeyScope(name) if name in KeyScope._value2member_map_ else None


def _is_inside(client: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address is in one of the networks; what is no address is in none."""
    address = _address_of(client)
    return address is not None and any(address in network for network in networks)


@lru_cache(maxsize=4096)
def _address_of(client: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _shown(client: str) -> str:
    address = _address_of(client)
    return "it was used from" if address is None else str(address)


def _is_covered(network: Network, by: Iterable[Network]) -> bool:
    return any(
        (isinstance(network, IPv4Network) and isinstance(wider, IPv4Network) and network.subnet_of(wider))
        or (isinstance(network, IPv6Network) and isinstance(wider, IPv6Network) and network.subnet_of(wider))
        for wider in by
    )


def rights_text(rights: KeyRights) -> str:
    """The restrictions of a key, as the same text whenever they are the same."""
    scopes = "all" if rights.scopes is None else ",".join(sorted(scope.value for scope in rights.scopes))
    networks = ",".join(sorted(map(str, rights.networks)))
    return f"{scopes} {networks} {rights.is_test} {rights.rate}"
