"""Options that many commands share, and how a command gets the installation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from heliograph.faces.cli.command_ground import Installation

InstallationArgument: TypeAlias = Annotated[Installation, Parameter(parse=False)]
"""Given by ``command_line``, never read from the terminal."""

Flag: TypeAlias = Annotated[bool, Parameter(negative=(), show_default=False)]
"""Given or not; there is no way to say no."""

AsJson: TypeAlias = Annotated[bool, Parameter(name="--json", negative=(), show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True)
class CommandOptions:
    """What every administrative command takes."""

    data: Path | None = None
    """Data directory of the embedded installation (default: as `heliograph settings` says)."""

    json: AsJson = False
    """Print JSON for programs."""


NO_OPTIONS = CommandOptions()


def examples(*lines: str) -> str:
    """The end of a command's help: what to type."""
    shown = "\n".join(f"    {line}" for line in lines)
    return f"{'Example' if len(lines) == 1 else 'Examples'}:\n\n{shown}"
