"""What the answers of carriers are called."""

from heliograph.smpp.constants import CommandStatus

_NAMES = {int(status): status.name for status in CommandStatus}


def status_name(command_status: int) -> str:
    """The name of a command_status (SMPP 3.4, 5.1.3); '' for one that only its carrier knows."""
    return _NAMES.get(command_status, "")
