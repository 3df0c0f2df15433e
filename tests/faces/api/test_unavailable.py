"""A database that is away is 503 with a time to try again, whatever the request needed it for."""

import asyncpg
import pytest

from heliograph.faces.api.problems import problem_of, unavailable_for


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError(),
        FileNotFoundError(),  # the socket of a server that is not there
        TimeoutError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.TooManyConnectionsError(),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_database_that_is_away_is_503_and_retry_after(failure: Exception) -> None:
    refusal = unavailable_for(failure)
    assert refusal is not None
    problem = problem_of(refusal, "/v2/batches")
    assert problem.status == 503
    assert dict(problem.headers)[b"retry-after"] == b"2"


@pytest.mark.parametrize("failure", [ValueError(), asyncpg.UndefinedColumnError()])
def test_a_fault_of_ours_is_none_of_that(failure: Exception) -> None:
    assert unavailable_for(failure) is None
