"""Asks the kernel to signal a child process when its parent dies, however the parent dies."""

import ctypes
import signal
import sys
import threading
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def signal_at_parent_death(wanted: signal.Signals) -> Callable[[], None] | None:
    """What a child runs between fork and exec (``preexec_fn``); None where the system offers nothing.

    Linux sends the signal when the *thread* that started the child ends, so only the main thread, which
    lives as long as the process, gets one.
    """
    if not sys.platform.startswith("linux") or threading.current_thread() is not threading.main_thread():
        return None
    prctl = ctypes.CDLL(None).prctl
    number = int(wanted)

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)

    return ask
