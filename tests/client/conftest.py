"""Each test of the client runs for both of them."""

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Served, serving
from tests.client.either_client import EitherClient
from tests.support.postgres import reachable_folder


@pytest.fixture(params=["blocking", "asynchronous"])
def either(request: pytest.FixtureRequest) -> EitherClient:
    """One kind of client, then the other."""
    return EitherClient(is_async=request.param == "asynchronous")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One installation for the tests of a module, whose receipts come at once."""
    with reachable_folder() as folder:
        options = {"HELIOGRAPH_SIMULATOR_RECEIPT_SECONDS": "0.05"}
        with serving(folder / "data", "--json", **options) as running:
            yield running
