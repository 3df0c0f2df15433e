"""The states of a session, which PDUs are legal in each, and what leads from one to the next (SMPP 3.4, 2.2
and 2.3).

Both directions of both roles go through these tables, so a rule cannot hold for the peer and not for us.
"""

from enum import Enum, unique
from typing import Final

from .constants import RESPONSE_BIT, CommandId, command_name, is_response


@unique
class Role(Enum):
    """Which end of a session we are."""

    ESME = "ESME"
    SMSC = "SMSC"

    @property
    def peer(self) -> "Role":
        """The other end."""
        return Role.SMSC if self is Role.ESME else Role.ESME


@unique
class State(Enum):
    """Where a session stands. BINDING and UNBINDING are ours: a request was sent or received, its answer not
    yet.
    """

    OPEN = "connected, not bound"
    OUTBOUND = "the SMSC has asked for a bind"
    BINDING = "a bind waits for its answer"
    BOUND_TX = "bound as transmitter"
    BOUND_RX = "bound as receiver"
    BOUND_TRX = "bound as transceiver"
    UNBINDING = "we asked to unbind"
    UNBOUND = "unbound; answers under way may still come"
    CLOSED = "the link is gone or to be dropped"


BOUND: Final = frozenset({State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX})

BIND_REQUESTS: Final = frozenset(
    {CommandId.BIND_RECEIVER, CommandId.BIND_TRANSMITTER, CommandId.BIND_TRANSCEIVER}
)
_ALWAYS: Final = frozenset({CommandId.ENQUIRE_LINK, CommandId.ENQUIRE_LINK_RESP, CommandId.GENERIC_NACK})
_UNBINDS: Final = frozenset({CommandId.UNBIND, CommandId.UNBIND_RESP})
_SUBMITS: Final = frozenset(
    {CommandId.SUBMIT_SM, CommandId.DATA_SM, CommandId.QUERY_SM, CommandId.CANCEL_SM, CommandId.REPLACE_SM}
)
_DELIVERS: Final = frozenset({CommandId.DELIVER_SM, CommandId.DATA_SM})
_ALERTS: Final = frozenset({CommandId.ALERT_NOTIFICATION})

MESSAGE_REQUESTS: Final = _SUBMITS | _DELIVERS
"""Requests that take a slot of the send window and that only the application may answer."""


def _responses(requests: frozenset[CommandId]) -> frozenset[CommandId]:
    return frozenset(CommandId(request | RESPONSE_BIT) for request in requests)


_BOUND_ALWAYS: Final = _ALWAYS | _UNBINDS
_NOTHING: Final[frozenset[CommandId]] = frozenset()

SENDABLE: Final[dict[tuple[State, Role], frozenset[CommandId]]] = {
    (State.OPEN, Role.ESME): BIND_REQUESTS | _ALWAYS,
    (State.OPEN, Role.SMSC): frozenset({CommandId.OUTBIND}) | _ALWAYS,
    (State.OUTBOUND, Role.ESME): BIND_REQUESTS | _ALWAYS,
    (State.OUTBOUND, Role.SMSC): _ALWAYS,
    (State.BINDING, Role.ESME): _ALWAYS,
    (State.BINDING, Role.SMSC): _responses(BIND_REQUESTS) | _ALWAYS,
    (State.BOUND_TX, Role.ESME): _SUBMITS | _BOUND_ALWAYS,
    (State.BOUND_TX, Role.SMSC): _responses(_SUBMITS) | _BOUND_ALWAYS,
    (State.BOUND_RX, Role.ESME): _responses(_DELIVERS) | _BOUND_ALWAYS,
    (State.BOUND_RX, Role.SMSC): _DELIVERS | _ALERTS | _BOUND_ALWAYS,
    (State.BOUND_TRX, Role.ESME): _SUBMITS | _responses(_DELIVERS) | _BOUND_ALWAYS,
    (State.BOUND_TRX, Role.SMSC): _responses(_SUBMITS) | _DELIVERS | _ALERTS | _BOUND_ALWAYS,
    (State.UNBINDING, Role.ESME): _responses(_DELIVERS) | _ALWAYS | {CommandId.UNBIND_RESP},
    (State.UNBINDING, Role.SMSC): _responses(_SUBMITS) | _ALWAYS | {CommandId.UNBIND_RESP},
    (State.UNBOUND, Role.ESME): _NOTHING,
    (State.UNBOUND, Role.SMSC): _NOTHING,
    (State.CLOSED, Role.ESME): _NOTHING,
    (State.CLOSED, Role.SMSC): _NOTHING,
}
"""What a role may send in a state, and so what its peer may receive then."""

_AFTER_UNBIND: Final[dict[tuple[State, Role], frozenset[CommandId]]] = {
    (State.UNBINDING, Role.ESME): SENDABLE[State.BOUND_TRX, Role.SMSC],
    (State.UNBINDING, Role.SMSC): SENDABLE[State.BOUND_TRX, Role.ESME],
    (State.UNBOUND, Role.ESME): _responses(_SUBMITS) | _ALWAYS | {CommandId.UNBIND_RESP},
    (State.UNBOUND, Role.SMSC): _responses(_DELIVERS) | _ALWAYS | {CommandId.UNBIND_RESP},
}
"""After an unbind the two ends are in different states for a moment, so what may come is not what we may
send.
"""

RECEIVABLE: Final[dict[tuple[State, Role], frozenset[CommandId]]] = {
    (state, role): _AFTER_UNBIND.get((state, role), SENDABLE[state, role.peer])
    for state in State
    for role in Role
}
"""What a role may receive in a state."""

TRANSITIONS: Final[dict[tuple[State, CommandId], State]] = {
    (State.OPEN, CommandId.OUTBIND): State.OUTBOUND,
    **{(State.OPEN, bind): State.BINDING for bind in BIND_REQUESTS},
    **{(State.OUTBOUND, bind): State.BINDING for bind in BIND_REQUESTS},
    (State.BINDING, CommandId.BIND_TRANSMITTER_RESP): State.BOUND_TX,
    (State.BINDING, CommandId.BIND_RECEIVER_RESP): State.BOUND_RX,
    (State.BINDING, CommandId.BIND_TRANSCEIVER_RESP): State.BOUND_TRX,
    **{(state, CommandId.UNBIND): State.UNBINDING for state in BOUND},
    (State.UNBINDING, CommandId.UNBIND_RESP): State.UNBOUND,
}
"""The state after a PDU, sent or received. A bind that is refused leads back to OPEN instead."""


def next_state(state: State, command_id: int, command_status: int) -> State:
    """The state after a PDU was sent or received in ``state``; the same state if it changes nothing."""
    refused = command_status or command_id == CommandId.GENERIC_NACK
    if refused and state is State.BINDING and is_response(command_id):
        return State.OPEN
    return TRANSITIONS.get((state, CommandId(command_id)), state)


def _names(commands: frozenset[CommandId]) -> str:
    requests = sorted(command_name(command) for command in commands if not command & RESPONSE_BIT)
    responses = sorted(command_name(command) for command in commands if command & RESPONSE_BIT)
    return ", ".join(f"`{name}`" for name in requests + responses) or "nothing"


def state_table_markdown() -> str:
    """Both tables as Markdown, for the documentation: it cannot differ from what the session does."""
    lines = ["| state | meaning | ESME may send | SMSC may send |", "|---|---|---|---|"]
    for state in State:
        esme, smsc = (_names(SENDABLE[state, role]) for role in (Role.ESME, Role.SMSC))
        lines.append(f"| {state.name} | {state.value} | {esme} | {smsc} |")
    lines += ["", "| from | PDU | to |", "|---|---|---|"]
    for (before, command_id), after in TRANSITIONS.items():
        lines.append(f"| {before.name} | `{command_name(command_id)}` | {after.name} |")
    lines.append("| BINDING | a refusal, or `generic_nack` | OPEN |")
    return "\n".join(lines) + "\n"
