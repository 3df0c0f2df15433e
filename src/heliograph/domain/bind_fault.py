"""Why a bind does not stand: a carrier that says no, or none that answers; as it is kept, and in words."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

REFUSED_CONNECTION: Final = "refused"
NO_ANSWER: Final = "no_answer"
UNKNOWN_HOST: Final = "unknown_host"
NO_TLS: Final = "tls"
CLOSED: Final = "closed"
UNREACHABLE: Final = "unreachable"

_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        REFUSED_CONNECTION: "nothing listens at its host and port",
        NO_ANSWER: "no answer in time",
        UNKNOWN_HOST: "its host has no address",
        NO_TLS: "TLS does not come about",
        CLOSED: "it closes the connection",
        UNREACHABLE: "no way leads to it",
    }
)
_SAID: Final[Mapping[int, str]] = MappingProxyType(
    {
        0x05: "bound already",
        0x08: "error in its system",
        0x0D: "bind failed",
        0x0E: "wrong password",
        0x0F: "unknown system id",
        0x14: "its queue is full",
        0x53: "wrong system type",
        0x58: "too many at once",
        0x64: "its application does not answer",
    }
)
"""What a status of a bind_resp says (SMPP 3.4 5.1.3)."""
_ANOTHER: Final = "another status"


class BindFault(NamedTuple):
    """A fault in words."""

    words: str
    status: str = ""
    """What the carrier answered, such as ``0x0E``; empty where it did not."""

    def __str__(self) -> str:
        return self.said(str)

    def said(self, translate: Callable[[str], str]) -> str:
        """The fault in a language, with what the carrier answered."""
        words = translate(self.words)
        return f"{words} ({self.status})" if self.status else words


def refusal_code(command_status: int) -> str:
    """A refused bind, as it is kept."""
    return f"0x{command_status:02X}"


def read_bind_fault(code: str) -> BindFault:
    """A fault that was kept; one that a newer version knows says its code."""
    if code.startswith("0x"):
        return BindFault(_SAID.get(int(code, 16), _ANOTHER), code)
    return BindFault(_WORDS.get(code, code))
