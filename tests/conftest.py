"""What every test may ask for: PostgreSQL, and how much the long tests try."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import Postgres, running_postgres


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fuzz-inputs",
        type=int,
        default=None,
        help="inputs for each fuzzed parser (default: each test's own)",
    )
    parser.addoption(
        "--crash-runs", type=int, default=None, help="seeded runs for each fault (default: each test's own)"
    )
    parser.addoption(
        "--contract-requests",
        type=int,
        default=None,
        help="generated requests to the API, at least (default: as many as come in 20 seconds)",
    )


@pytest.fixture(scope="session")
def fuzz_inputs(request: pytest.FixtureRequest) -> int | None:
    """How many inputs each fuzz test tries; None leaves it to the test."""
    value: int | None = request.config.getoption("--fuzz-inputs")
    return value


@pytest.fixture(scope="session")
def crash_runs(request: pytest.FixtureRequest) -> int | None:
    """How many runs each crash test makes for a fault; None leaves it to the test."""
    value: int | None = request.config.getoption("--crash-runs")
    return value


@pytest.fixture(scope="session")
def contract_requests(request: pytest.FixtureRequest) -> int | None:
    """How many requests the contract test generates at least; None leaves it to the test."""
    value: int | None = request.config.getoption("--contract-requests")
    return value


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The test process's own PostgreSQL server, started by the first test that needs it."""
    with running_postgres() as running:
        yield running


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The DSN of a fresh database with the newest schema; connects as the owner of the tables."""
    name = postgres.create_database()
    yield postgres.dsn(name)
    postgres.drop_database(name)


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[str]:
    """The DSN of a fresh database without any schema."""
    name = postgres.create_database(migrated=False)
    yield postgres.dsn(name)
    postgres.drop_database(name)
