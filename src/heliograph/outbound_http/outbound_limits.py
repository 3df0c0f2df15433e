"""How long, how much and how many: the bounds of calling strangers (durations in seconds)."""

import msgspec


class OutboundLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of every call; the defaults are the product's promise."""

    resolve: float = 5.0
    connect: float = 5.0
    """Over all addresses of the host together."""
    handshake: float = 5.0
    request: float = 15.0
    """From the start of resolution, or of sending on a kept connection, to the end of the answer."""
    idle: float = 30.0
    """A connection nobody used for so long is closed."""
    age: float = 300.0
    """A connection is used no longer than this, so that a name's new address is noticed."""
    remember_addresses: float = 2.0
    answer_octets: int = 16 * 1024
    """Of one answer, interim answers and head included; then the connection is closed."""
    connections_per_origin: int = 4
    """For each account."""
    connections: int = 512
    """In all."""
