"""What a supervised role loads."""

import subprocess
import sys

SEEN = """
import sys, heliograph.wiring.supervised_role as started
try:
    started.main("no-such-role")
except BaseException:
    pass
import heliograph.wiring.roles, heliograph.wiring.api_role
print(sorted(name for name, module in sys.modules.items() if name.split(".")[0] == "rich" and module))
"""


def test_no_role_carries_what_only_the_terminal_needs() -> None:
    """Rich alone is 4 MB in each of the processes."""
    run = subprocess.run([sys.executable, "-c", SEEN], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
