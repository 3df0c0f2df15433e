"""Places where a process can be told to kill itself, for crash tests.

Armed by the environment variable ``HELIOGRAPH_FAILPOINT``: ``name:n`` kills the process with SIGKILL at
the n-th pass of that place, as a power cut would. Not armed, a pass costs one comparison.
"""

import os
import signal
from typing import Final

VARIABLE: Final = "HELIOGRAPH_FAILPOINT"


def _armed() -> tuple[str, int]:
    name, _, count = os.environ.get(VARIABLE, "").partition(":")
    return name, int(count or "1")


_name, _passes_left = _armed()


def failpoint(name: str) -> None:
    """Kill this process here if the place is armed and its pass has come."""
    global _passes_left
    if name != _name:
        return
    _passes_left -= 1
    if _passes_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
