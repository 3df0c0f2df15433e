"""The installation that the documented examples are sent to."""

from tests.acceptance.conftest import served

__all__ = ["served"]
