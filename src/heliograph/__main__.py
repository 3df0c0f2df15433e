"""`python -m heliograph` and `heliograph`: hands the wiring to the command line, which may not import it."""

import sys
from typing import NoReturn

from heliograph.faces.cli.command_ground import Installation
from heliograph.faces.cli.command_line import run_command_line


def load_installation() -> Installation:
    """The installation that the settings describe."""
    # Imported when a command needs it, so that `--help` need not wait for a database driver and HTTP.
    from heliograph.wiring.installation import HeliographInstallation

    return HeliographInstallation()


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    sys.exit(run_command_line(sys.argv[1:], load_installation))


if __name__ == "__main__":
    main()
