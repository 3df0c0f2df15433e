"""Where browser tests put what they saw."""

import os
from pathlib import Path

import pytest


def screenshot_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder PORTAL_SCREENSHOTS, else one of the run's own; its name is printed."""
    named = os.environ.get("PORTAL_SCREENSHOTS")
    folder = Path(named) if named else factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    print(f"screenshots of the portal are in {folder}")
    return folder
