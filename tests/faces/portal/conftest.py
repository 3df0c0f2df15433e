"""The portal, a browser, and where screenshots go."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from heliograph.domain.portal_rights import Role
from tests.support.screenshots import screenshot_folder
from tests.support.served_portal import PortalClient, ServedPortal, chromium, served_portal


@pytest.fixture
async def portal(database: str) -> AsyncIterator[ServedPortal]:
    """The portal on a database where the first start has been."""
    async with served_portal(database) as served:
        yield served


@pytest.fixture
async def owner(portal: ServedPortal) -> AsyncIterator[PortalClient]:
    """The account's owner, signed in."""
    async with portal.client(await portal.sign_in(Role.OWNER)) as client:
        yield client


@pytest.fixture
async def operator(portal: ServedPortal) -> AsyncIterator[PortalClient]:
    """An operator of the installation, signed in."""
    async with portal.client(await portal.sign_in(None, is_operator=True)) as client:
        yield client


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real browser."""
    async with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for screenshots."""
    return screenshot_folder(tmp_path_factory)
