"""Each test of the client runs for both of them."""

import pytest

from tests.client.either_client import EitherClient


@pytest.fixture(params=["blocking", "asynchronous"])
def either(request: pytest.FixtureRequest) -> EitherClient:
    """One kind of client, then the other."""
    return EitherClient(is_async=request.param == "asynchronous")
