"""One role of the product under a sampling profiler: `python -m bench.profile_role ROLE FILE`.

Every few ms of CPU time the stack is looked at; at the end the functions are written to FILE, the costliest
first. What C code used (sockets, the event loop, the database driver) is found at the Python function that
called it or that ran next. Starting up is left out.
"""

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from heliograph.settings import load_settings
from heliograph.wiring.role_process import run_role_process

INTERVAL_SECONDS: Final = 0.004
_SHOWN: Final = 25
_STARTING: Final = "<frozen importlib._bootstrap>"


class StackSamples:
    """How often each function was found running, and found on the stack."""

    def __init__(self) -> None:
        self.taken = 0
        self.own: Counter[str] = Counter()
        self.with_callees: Counter[str] = Counter()

    def take(self, frame: FrameType | None) -> None:
        """Count a stack, unless it belongs to starting up."""
        stack = list(_functions(frame))
        if not stack or any(function.startswith(_STARTING) for function in stack):
            return
        self.taken += 1
        self.own[stack[0]] += 1
        self.with_callees.update(set(stack))

    def table(self) -> str:
        """The functions that were found on the stack most often, one a line: own share, share, name."""
        lines = [
            f"{self.own[name] / self.taken:6.1%} own {count / self.taken:6.1%} with callees  {name}"
            for name, count in self.with_callees.most_common()
            if count < self.taken  # what is on every stack only started the rest
        ]
        return "\n".join([f"{self.taken} samples of {INTERVAL_SECONDS * 1000:g} ms", *lines[:_SHOWN]]) + "\n"


def _functions(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        code = frame.f_code
        yield f"{_short(code.co_filename)}:{code.co_qualname}"
        frame = frame.f_back


def _short(path: str) -> str:
    """The last two parts of a path: enough to tell modules apart."""
    return "/".join(Path(path).parts[-2:])


def main(role: str, file: Path) -> int:
    """Run the role until it is told to stop; its exit code."""
    samples = StackSamples()
    signal.signal(signal.SIGPROF, lambda number, frame: samples.take(frame))
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
    try:
        return run_role_process(role, load_settings())
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        if samples.taken:
            file.write_text(samples.table())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
